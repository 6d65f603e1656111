"""What a scan must find, as the seed knows it: it is told by the code that makes a resource, never by a scanner."""


def passes(good):
    return "pass" if good else "fail"


class Truth:
    """The expected status of each check for each resource of one target."""

    def __init__(self, target):
        self.target = target
        self.expected = {}
        self.counts = {}
        self.kinds = {}

    def of(self, kind, region, arn, checks=None):
        """A resource that was made, and what each check must say of it. `aws.<service>.` stands before each check."""
        regions = self.counts.setdefault(kind, {})
        regions[region] = regions.get(region, 0) + 1
        prefix = ".".join(kind.split(".")[:2])
        for name, status in (checks or {}).items():
            check = name if name.startswith("aws.") else f"{prefix}.{name}"
            self.expected.setdefault(check, {})[arn] = status
            self.kinds[check] = kind

    def nothing(self, check):
        """Where there is no resource to ask in a whole target, the check says once that it does not apply."""
        self.expected.setdefault(check, {})[f"{self.target}/*"] = "not_applicable"
