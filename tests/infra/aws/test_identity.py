"""Who may do what: the policies, each and all."""

import json

from tests.infra.aws.estate import DIGEST

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"

# Where a statement that allows something names the resource "*", and why it must.
EVERY_RESOURCE = {
    "aws-autoscaler Look": "AWS knows no resource level for Describe actions of EC2 and Auto Scaling",
}
# Policies of a resource name it "*", or bound a caller who has a policy of his own.
RESOURCE_POLICIES = ("aws:kms/key:Key", "aws:ec2/vpcEndpoint:VpcEndpoint")


def policy(declared, name):
    found = next(each for each in declared.of_type(ROLE_POLICY) if each.name == name)
    return {each["Sid"]: each for each in json.loads(found.inputs["policy"])["Statement"]}


def trust(declared, name):
    found = next(each for each in declared.of_type(ROLE) if each.name == name)
    return json.loads(found.inputs["assumeRolePolicy"])["Statement"]


def allowed(declared):
    """Every statement that allows something, with the resource that has it."""
    for each in declared.resources:
        for key in ("policy", "assumeRolePolicy"):
            text = each.inputs.get(key) if each.type.startswith("aws:") else None
            if text and "Statement" in text:
                for statement in json.loads(text)["Statement"]:
                    if statement["Effect"] == "Allow":
                        yield each, statement


def test_no_policy_allows_a_wildcard_action(prod):
    for each, statement in allowed(prod):
        wide = [action for action in statement["Action"] if "*" in action]
        # Without this one, nobody could ever change the key again.
        expected = ["kms:*"] if (each.type, statement["Sid"]) == ("aws:kms/key:Key", "Account") else []
        assert wide == expected, f"{each.type} {each.name} {statement['Sid']}"


def test_no_policy_allows_every_resource_without_a_reason(prod):
    found = {
        f"{each.name} {statement['Sid']}"
        for each, statement in allowed(prod)
        if "*" in statement.get("Resource", []) and each.type not in RESOURCE_POLICIES
    }

    assert found == set(EVERY_RESOURCE)


def test_nobody_outside_the_account_is_trusted(prod):
    for role in prod.of_type(ROLE):
        for statement in trust(prod, role.name):
            assert set(statement["Principal"]) == {"Service"}, role.name
            # A node's role is taken by EC2 itself, which sends no account.
            if statement["Principal"]["Service"] != "ec2.amazonaws.com":
                assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "111122223333", (
                    role.name
                )


def test_the_only_user_and_the_only_access_key_are_the_syncs(prod):
    whose = {each.type: each.name for each in prod.resources if each.type.startswith("aws:iam/user:")}
    keys = [each for each in prod.resources if "accessKey" in each.type]

    assert whose == {"aws:iam/user:User": "aws-sync"}
    # Replaced with the private cloud's credentials, which end that day.
    assert [each.name for each in keys] == ["aws-sync-2027-09-30"]
    assert "secret" in keys[0].secret_outputs
    assert prod.outputs["sync-key-is-secret"] is True


def test_the_sync_writes_what_both_clouds_hold_deletes_nothing_and_comes_over_the_bridge_only(prod):
    user = prod.only("aws:iam/userPolicy:UserPolicy")
    statements = {each["Sid"]: each for each in json.loads(user.inputs["policy"])["Statement"]}

    assert set(statements) == {"Copy", "List", "Key", "OnlyOverTheBridge"}
    assert statements["Copy"]["Resource"] == [
        "arn:aws:s3:::aws-store/histories/*",
        "arn:aws:s3:::aws-store/releases/*",
    ]
    assert statements["Copy"]["Action"] == ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    assert statements["List"]["Condition"] == {"StringLike": {"s3:prefix": ["histories/*", "releases/*"]}}
    assert statements["OnlyOverTheBridge"]["Effect"] == "Deny"
    assert statements["OnlyOverTheBridge"]["Condition"] == {
        "StringNotEquals": {"aws:SourceVpce": "aws-sync-id"}
    }


def test_the_way_in_over_the_bridge_leads_to_what_is_copied_and_nowhere_else(prod):
    way = next(each for each in prod.of_type("aws:ec2/vpcEndpoint:VpcEndpoint") if each.name == "aws-sync")
    copy, listing = json.loads(way.inputs["policy"])["Statement"]

    assert (way.inputs["vpcEndpointType"], way.inputs["privateDnsEnabled"]) == ("Interface", False)
    assert copy["Resource"] == ["arn:aws:s3:::aws-store/histories/*", "arn:aws:s3:::aws-store/releases/*"]
    assert listing["Resource"] == ["arn:aws:s3:::aws-store"]
    assert prod.outputs["sync-endpoint"] == "https://bucket.aws-sync.s3.eu-central-1.vpce.amazonaws.com"


def test_triton_reads_one_release_and_nothing_more(prod):
    statements = policy(prod, "aws-triton")

    assert set(statements) == {"Release", "Key"}
    assert statements["Release"]["Action"] == ["s3:GetObject"]
    assert statements["Release"]["Resource"] == [
        f"arn:aws:s3:::aws-store/releases/sha256/{DIGEST.split(':')[1]}/*"
    ]
    assert statements["Key"]["Action"] == ["kms:Decrypt"]
    assert statements["Key"]["Resource"] == ["arn:aws:kms:::key/aws-keys-objects"]
    assert statements["Key"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
    }


def test_training_adds_releases_and_deletes_nothing(prod):
    statements = policy(prod, "aws-training")
    actions = {action for each in statements.values() for action in each["Action"]}

    assert statements["Release"]["Resource"] == ["arn:aws:s3:::aws-store/releases/sha256/*"]
    assert statements["Read"]["Resource"] == [
        "arn:aws:s3:::aws-store/histories/*",
        "arn:aws:s3:::aws-store/code/*",
    ]
    assert statements["List"]["Condition"] == {"StringLike": {"s3:prefix": ["histories/*", "code/*"]}}
    assert not [action for action in actions if "Delete" in action]


def test_the_collector_of_logs_adds_to_its_group_and_makes_none(prod):
    (statement,) = policy(prod, "aws-pods").values()

    assert statement["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert statement["Resource"] == ["arn:aws:logs:::aws-pods:*"]


def test_each_identity_belongs_to_one_service_account_of_this_cluster(prod):
    associations = prod.of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    whose = {each.name: (each.inputs["namespace"], each.inputs["serviceAccount"]) for each in associations}

    assert whose == {
        "aws-triton": ("rialto", "triton"),
        "aws-training": ("rialto", "training"),
        "aws-autoscaler": ("kube-system", "cluster-autoscaler"),
        "aws-alerts": ("monitoring", "alertmanager"),
        "aws-pods": ("logs", "collector"),
    }
    for name, (namespace, account) in whose.items():
        (statement,) = trust(prod, name)
        assert statement["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-namespace"] == namespace
        assert statement["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-service-account"] == account
        assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(":cluster/aws-cluster")


def test_the_autoscaler_scales_what_is_tagged_as_this_clusters(prod):
    scale = policy(prod, "aws-autoscaler")["Scale"]

    assert set(scale["Action"]) == {
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
    }
    assert scale["Condition"] == {
        "StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/rialto-test": "owned"}
    }


def test_volumes_can_be_opened_by_auto_scaling_and_logs_by_the_log_service(prod):
    keys = {
        each.name: json.loads(each.inputs["policy"])["Statement"] for each in prod.of_type("aws:kms/key:Key")
    }
    others = {name: [each["Principal"] for each in found[1:]] for name, found in keys.items()}
    scaling = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

    assert others == {
        "aws-keys-logs": [{"Service": "logs.eu-central-1.amazonaws.com"}],
        "aws-keys-volumes": [{"AWS": scaling}, {"AWS": scaling}],
        "aws-keys-cluster": [],
        "aws-keys-objects": [],
        "aws-keys-images": [],
    }
