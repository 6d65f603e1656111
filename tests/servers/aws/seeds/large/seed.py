"""Two accounts, large enough to page: at least twenty of each kind of resource in each of two regions, good and bad mixed.

Returns the truth of both (truth.py). Account 111122223333 is the large one; 444455556666 is small and differs in what an
account can have only once: its password policy, its root user, its trails.
"""

import account
import computing
import network
import people
import records
import storage
from apart import ANSWERED, APART, BY_HAND, FEW
from moto.moto_api._internal import mock_random
from truth import Truth

REGIONS = ["eu-central-1", "us-east-1"]
SECOND = "444455556666"


def seed(aws):
    # the same ids each time
    mock_random.seed(27001)
    other = aws.in_account(SECOND)
    large, second = Truth("large"), Truth("second")
    people.seed(aws, large)
    shared = storage.buckets(other, second, REGIONS, count=3, prefix="second", account_closed=True)
    buckets = storage.buckets(aws, large, REGIONS, count=22, prefix="large", account_closed=False)
    for number, region in enumerate(REGIONS):
        keys = storage.keys(aws, large, region)
        storage.tables(aws, large, region)
        storage.secrets(aws, large, region)
        storage.backups(aws, large, region)
        network.seed(aws, large, region)
        computing.instances(aws, large, region)
        computing.volumes(aws, large, region)
        computing.functions(aws, large, region)
        computing.images(aws, large, region)
        computing.databases(aws, large, region, keys)
        records.log_groups(aws, large, region)
        records.trails(aws, large, region, [*buckets, *shared])
        records.certificates(aws, large, region)
        account.region(aws, large, region, good=number == 0)
        network.made_by_others(aws, large, region)
        storage.managed_key(aws, large, region)
        network.default_vpc(aws, large, region)
        network.default_vpc(other, second, region)
        account.region(other, second, region, good=number == 1)
    account.account(aws, large, good=True)
    account.account(other, second, good=False)
    records.one_trail(other, second, "us-east-1", shared[0])
    empty(large, second)
    return {
        "regions": REGIONS,
        "accounts": {"large": aws.account, "second": SECOND},
        "role": f"arn:aws:iam::{SECOND}:role/annexa",
        "expected": {truth.target: truth.expected for truth in (large, second)},
        "counts": large.counts,
        "apart": APART,
        "by_hand": BY_HAND,
        "few": FEW,
        "answered": ANSWERED,
    }


def empty(large, second):
    """Kinds that the second account does not have."""
    for check, kind in large.kinds.items():
        if not second.counts.get(kind):
            second.nothing(check)
