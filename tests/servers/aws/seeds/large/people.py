"""IAM: users, groups, roles and policies."""

import datetime
import json

from moto.iam.models import iam_backends
from truth import passes

DAY = datetime.timedelta(days=1)
PASSWORD = "Not-a-real-Passw0rd!"


def seed(aws, truth):
    iam = aws.client("iam")
    roles(aws, iam, truth)
    policies(iam, truth)
    for number in range(22):
        arn = iam.create_group(GroupName=f"group-{number:02}")["Group"]["Arn"]
        truth.of("aws.iam.group", "global", arn)
    users(aws, iam, truth)


def document(actions, resources="*", effect="Allow"):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, "Resource": resources}]})


# name, statements of the trust policy, open to everyone?, careless with outsiders?
def trusts(account):
    here, there = f"arn:aws:iam::{account}:root", "arn:aws:iam::999988887777:root"
    external = {"StringEquals": {"sts:ExternalId": "annexa-demo"}}
    organization = {"StringEquals": {"aws:PrincipalOrgID": "o-nordwinddemo"}}
    return [
        ("service", [allow({"Service": "ec2.amazonaws.com"})], False, False),
        ("own", [allow({"AWS": here})], False, False),
        ("outside-with-id", [allow({"AWS": there}, external)], False, False),
        ("outside", [allow({"AWS": there})], False, True),
        ("outside-by-number", [allow({"AWS": "999988887777"})], False, True),
        ("everyone", [allow({"AWS": "*"})], True, True),
        ("everyone-with-id", [allow({"AWS": "*"}, external)], True, False),
        ("organization", [allow({"AWS": "*"}, organization)], False, False),
        ("some", [allow({"AWS": [here, there]})], False, True),
        ("denied", [{**allow({"AWS": there}), "Effect": "Deny"}, allow({"AWS": here})], False, False),
    ]


def allow(principal, condition=None):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {**statement, "Condition": condition} if condition else statement


def roles(aws, iam, truth):
    for number in range(30):
        name, statements, everyone, careless = trusts(aws.account)[number % 10]
        trust = json.dumps({"Version": "2012-10-17", "Statement": statements})
        made = iam.create_role(RoleName=f"{name}-{number:02}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        truth.of("aws.iam.role", "global", made, {
            "role-is-not-open-to-everyone": passes(not everyone),
            "role-asks-outsiders-for-an-external-id": passes(not careless),
        })
    # whoever may hand this one to a function has full rights
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow({"Service": "lambda.amazonaws.com"})]})
    made = iam.create_role(RoleName="powerful", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="powerful", PolicyName="all", PolicyDocument=document("*"))
    truth.of("aws.iam.role", "global", made, {
        "role-is-not-open-to-everyone": "pass", "role-asks-outsiders-for-an-external-id": "pass"})


def policies(iam, truth):
    documents = [
        (document("s3:GetObject"), False),
        (document("*"), True),
        (document(["ec2:*", "*"], ["*"]), True),
        (document("*", "arn:aws:s3:::large-eu-central-1-00/*"), False),
        (document("*", effect="Deny"), False),
    ]
    for number in range(25):
        text, wide = documents[number % 5]
        made = iam.create_policy(PolicyName=f"policy-{number:02}", PolicyDocument=text)["Policy"]["Arn"]
        if number % 10 == 9:
            # only the version in force counts
            iam.create_policy_version(PolicyArn=made, PolicyDocument=document("*"), SetAsDefault=number == 19)
            wide = number == 19
        truth.of("aws.iam.policy", "global", made, {"policy-grants-not-everything": passes(not wide)})


# rights of a user: policy, is an administrator or can't become one?
RIGHTS = [
    (None, True),
    (document("s3:Get*"), True),
    (document("*"), True),
    (document("iam:AttachUserPolicy"), False),
    (document(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]), False),
    (document("iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/not-there"), True),
]


def users(aws, iam, truth):
    """Every combination of: console password, second factor, keys, age, last sign-in."""
    today = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    plans = [Plan(number) for number in range(48)]
    with aws.on((today - 400 * DAY).date().isoformat()):
        for plan in plans:
            if plan.old:
                plan.make(iam)
            if plan.old and plan.keys in ("old", "both", "old-inactive"):
                plan.key(iam, active=plan.keys != "old-inactive")
    memory = iam_backends[aws.account]["aws"]
    for plan in plans:
        if not plan.old:
            plan.make(iam)
        if plan.keys in ("new", "both") or (not plan.old and plan.keys != "none"):
            plan.key(iam, active=plan.keys != "old-inactive")
        if plan.console and plan.signed_in is not None:
            memory.users[plan.name].password_last_used = today - plan.signed_in * DAY
        truth.of("aws.iam.user", "global", f"arn:aws:iam::{aws.account}:user/{plan.name}", plan.truth())


class Plan:
    def __init__(self, number):
        self.name = f"user-{number:02}"
        self.console = number % 4 != 3
        self.mfa = number % 3 == 0
        self.old = number % 2 == 0 or number % 5 == 0
        self.keys = ["none", "old", "new", "both", "old-inactive"][number % 5]
        self.signed_in = [None, 10, 200][number // 2 % 3]
        self.policy, self.straight = RIGHTS[number % len(RIGHTS)]

    def make(self, iam):
        iam.create_user(UserName=self.name)
        if self.console:
            iam.create_login_profile(UserName=self.name, Password=PASSWORD, PasswordResetRequired=False)
        if self.mfa:
            device = iam.create_virtual_mfa_device(VirtualMFADeviceName=self.name)["VirtualMFADevice"]["SerialNumber"]
            iam.enable_mfa_device(UserName=self.name, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321")
        if self.policy:
            iam.put_user_policy(UserName=self.name, PolicyName="rights", PolicyDocument=self.policy)

    def key(self, iam, active):
        key = iam.create_access_key(UserName=self.name)["AccessKey"]["AccessKeyId"]
        if not active:
            iam.update_access_key(UserName=self.name, AccessKeyId=key, Status="Inactive")

    def truth(self):
        has_active_key = self.keys in ("old", "new", "both")
        has_old_key = self.old and self.keys in ("old", "both")
        in_use = not self.old or (self.signed_in is not None and self.signed_in <= 90)
        return {
            "user-has-mfa": passes(self.mfa) if self.console else "not_applicable",
            "user-access-keys-are-young": passes(not has_old_key) if has_active_key else "not_applicable",
            "user-password-is-in-use": passes(in_use) if self.console else "not_applicable",
            "user-has-no-detour-to-full-rights": passes(self.straight),
        }
