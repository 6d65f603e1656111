# A seed that hides secrets where AWS keeps some. The test puts `CANARIES`, the secret of each place, before this text.
import io
import zipfile

import moto.sts.models


def assume(hidden):
    """What AssumeRole gives out from now on."""
    role = moto.sts.models.AssumedRole
    make = role.__init__

    def make_known(self, *arguments, **named):
        make(self, *arguments, **named)
        self.secret_access_key = hidden["aws assumed secret key"]
        self.session_token = hidden["aws assumed session token"]

    role.__init__ = make_known


def seed(aws):
    hidden = CANARIES  # noqa: F821
    assume(hidden)
    iam = aws.client("iam")
    trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
    role = iam.create_role(RoleName="annexa", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.create_user(UserName="robot")
    iam.create_login_profile(UserName="robot", Password=hidden["aws password"])

    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass\n")
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="import", Runtime="python3.13", Handler="index.handler", Role=role, Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"DB_PASSWORD": hidden["aws function environment"]}})

    ec2 = aws.client("ec2")
    script = f"#!/bin/sh\nexport DB_PASSWORD={hidden['aws user data']}\n"
    instance = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, UserData=script)["Instances"][0]["InstanceId"]
    parameters = aws.client("ssm")
    parameters.put_parameter(Name="/shop/database", Type="String", Value=hidden["aws parameter"])
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="shop/database", SecretString=hidden["aws secret"])
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="nordwind-notes", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="nordwind-notes", Key="notes.txt", Body=hidden["aws object"].encode())

    # all of it can be read by whoever asks
    shown = functions.list_functions()["Functions"][0]["Environment"]["Variables"]["DB_PASSWORD"]
    assert shown == hidden["aws function environment"]
    assert ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]["Value"]
    assert parameters.get_parameter(Name="/shop/database")["Parameter"]["Value"] == hidden["aws parameter"]
    assert secrets.get_secret_value(SecretId="shop/database")["SecretString"] == hidden["aws secret"]
    assert s3.get_object(Bucket="nordwind-notes", Key="notes.txt")["Body"].read() == hidden["aws object"].encode()
    return {"role": role}
