"""VPCs with their flow logs, subnets, security groups and network interfaces."""

from truth import passes

WORLD = [{"CidrIp": "0.0.0.0/0"}]
OFFICE = [{"CidrIp": "198.51.100.0/24"}]
WORLD6 = [{"CidrIpv6": "::/0"}]

# rules of a group: closes administration?, closes databases?
GROUPS = [
    ([], True, True),
    ([{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": WORLD}], True, True),
    ([{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": OFFICE}], True, True),
    ([{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": WORLD}], False, True),
    ([{"IpProtocol": "tcp", "FromPort": 3000, "ToPort": 3400, "IpRanges": OFFICE + WORLD}], False, False),
    ([{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": WORLD}], True, False),
    ([{"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "Ipv6Ranges": WORLD6}], True, False),
    ([{"IpProtocol": "-1", "IpRanges": WORLD}], False, False),
    ([{"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535, "IpRanges": WORLD}], True, True),
    ([{"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}], True, True),
    ([{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": WORLD},
      {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "Ipv6Ranges": WORLD6}], False, True),
]


def arn(aws, region, kind, name):
    return f"arn:aws:ec2:{region}:{aws.account}:{kind}/{name}"


def seed(aws, truth, region):
    ec2 = aws.client("ec2", region)
    for traffic in ("ACCEPT", "REJECT"):
        aws.client("logs", region).create_log_group(logGroupName=f"flow-{traffic}")
        made = f"arn:aws:logs:{region}:{aws.account}:log-group:flow-{traffic}"
        truth.of("aws.logs.log_group", region, made, {"log-group-has-a-term": "fail"})
    for number in range(22):
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        watched, closed, public = number % 2 == 0, number % 3 == 0, number % 5 == 0
        if watched:
            logs(aws, ec2, truth, region, vpc)
        truth.of("aws.ec2.vpc", region, arn(aws, region, "vpc", vpc), {"vpc-has-flow-logs": passes(watched)})
        default = default_group(ec2, vpc)
        if closed:
            for revoke, rules in [(ec2.revoke_security_group_ingress, default["IpPermissions"]), (ec2.revoke_security_group_egress, default["IpPermissionsEgress"])]:
                if rules:
                    revoke(GroupId=default["GroupId"], IpPermissions=rules)
        group(aws, truth, region, default["GroupId"], "default", closed)
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.1.0/24")["Subnet"]
        if public:
            ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": True})
        truth.of("aws.ec2.subnet", region, subnet["SubnetArn"], {"subnet-gives-no-public-addresses": passes(not public)})
        made = ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
        truth.of("aws.ec2.network_interface", region, arn(aws, region, "network-interface", made))
    groups(aws, ec2, truth, region, vpc)


def logs(aws, ec2, truth, region, vpc):
    for traffic in ("ACCEPT", "REJECT"):
        made = ec2.create_flow_logs(
            ResourceIds=[vpc], ResourceType="VPC", TrafficType=traffic, LogGroupName=f"flow-{traffic}",
            DeliverLogsPermissionArn=f"arn:aws:iam::{aws.account}:role/service-00")["FlowLogIds"][0]
        truth.of("aws.ec2.flow_log", region, arn(aws, region, "vpc-flow-log", made))


def default_group(ec2, vpc):
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    return ec2.describe_security_groups(Filters=wanted)["SecurityGroups"][0]


def group(aws, truth, region, made, name, closed=None, administration=True, databases=True):
    truth.of("aws.ec2.security_group", region, arn(aws, region, "security-group", made), {
        "default-security-group-is-closed": passes(closed) if name == "default" else "not_applicable",
        "security-group-closes-administration": passes(administration),
        "security-group-closes-databases": passes(databases),
    })


def groups(aws, ec2, truth, region, vpc):
    for number in range(33):
        rules, administration, databases = GROUPS[number % len(GROUPS)]
        made = ec2.create_security_group(GroupName=f"group-{number:02}", Description="demo", VpcId=vpc)["GroupId"]
        if rules:
            ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=rules)
        group(aws, truth, region, made, f"group-{number:02}", None, administration, databases)


def made_by_others(aws, truth, region):
    """Each load balancer comes with a group of its own, which is open for its listeners."""
    ec2 = aws.client("ec2", region)
    for made in ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default_elb_*"]}])["SecurityGroups"]:
        group(aws, truth, region, made["GroupId"], made["GroupName"])


def default_vpc(aws, truth, region):
    """What AWS puts into every region: a VPC nobody watches, public subnets, a group with rules."""
    ec2 = aws.client("ec2", region)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    truth.of("aws.ec2.vpc", region, arn(aws, region, "vpc", vpc), {"vpc-has-flow-logs": "fail"})
    group(aws, truth, region, default_group(ec2, vpc)["GroupId"], "default", False)
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]:
        truth.of("aws.ec2.subnet", region, subnet["SubnetArn"], {"subnet-gives-no-public-addresses": "fail"})
