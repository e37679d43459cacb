"""botocore as oracle: AWS would take every input that we declare, as far as its own client knows.

Checked for every AWS resource of `prod` and `dev`: that each input is one that AWS has where it goes; enumerations,
also those that only the documentation lists (VPN proposals, days of retention); lengths, ranges and patterns; what
nested structures require; instance types; and that each action in a policy is an operation of its service.

Unchecked: tags; whether names, ARNs and identifiers exist; whether a region or zone has a service, an instance type or
a version of an add-on; what add-on configurations hold (their schema is only known to a cluster); conditions and
resources in policies; required inputs at the top, which the provider fills in itself; what the provider does beyond
one call (UNCHECKED and "-" in botocore_target.py have the reasons); patterns that Python cannot read; and quotas.
"""

import copy
import json

import pytest

from infra.aws.instance_type import INSTANCE_TYPES
from tests.infra.aws.botocore_shape import descend, documented, input_at, input_of, problems, service
from tests.infra.aws.botocore_target import TARGETS, UNCHECKED
from tests.manifests import plain

# Actions that are no operation of the same name, or have a permission of their own
# (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
PERMISSIONS = {
    "ec2:CreateTags",
    "kms:*",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "s3:*",
    "s3:ListBucket",
    "sts:TagSession",
}


def refused(type_, inputs):
    target = TARGETS[type_]
    shape = descend(input_of(target.operation), target.inside)
    return list(problems(plain(inputs), shape, type_.split(":")[-1], target))


def an(declared, type_):
    """The inputs of one resource of a type, to be spoiled."""
    return copy.deepcopy(declared.of_type(type_)[0].inputs)


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_aws_would_take_every_input(request, stack):
    declared = request.getfixturevalue(stack)
    found = [
        f"{each.name}: {problem}"
        for each in declared.resources
        if each.type in TARGETS
        for problem in refused(each.type, each.inputs)
    ]

    assert found == []


def test_every_type_of_aws_resource_is_checked(prod, dev):
    types = {each.type for each in [*prod.resources, *dev.resources] if each.type.startswith("aws:")}

    assert types == set(TARGETS) | set(UNCHECKED)


def test_every_action_in_a_policy_is_an_operation_of_its_service(prod):
    actions = {
        action
        for each in prod.resources
        for key in ("policy", "assumeRolePolicy")
        if each.type.startswith("aws:") and "Statement" in str(each.inputs.get(key))
        for statement in json.loads(each.inputs[key])["Statement"]
        for action in statement["Action"]
    }
    unknown = {
        action
        for action in actions - PERMISSIONS
        if action.split(":")[1] not in service(action.split(":")[0]).operation_names
    }

    assert len(actions) > 40
    assert unknown == set()


def test_ec2_has_every_instance_type_of_our_table():
    assert set(INSTANCE_TYPES) <= set(input_at("ec2.RunInstances:InstanceType").enum)


@pytest.mark.parametrize(
    ("type_", "path", "value", "problem"),
    [
        (
            "aws:eks/nodeGroup:NodeGroup",
            "capacityType",
            "spot",
            "NodeGroup.capacityType is 'spot'; AWS knows ON_DEMAND",
        ),
        (
            "aws:eks/nodeGroup:NodeGroup",
            "amiType",
            "AL2023_NVIDIA",
            "NodeGroup.amiType is 'AL2023_NVIDIA'; AWS knows",
        ),
        (
            "aws:eks/nodeGroup:NodeGroup",
            "instanceTypes/0",
            "g6.huge",
            "instanceTypes is 'g6.huge'; AWS knows",
        ),
        ("aws:eks/nodeGroup:NodeGroup", "scalingConfig/maxSize", 0, "maxSize is 0, not from 1 to None"),
        (
            "aws:eks/nodeGroup:NodeGroup",
            "updateConfig/maxUnavailable",
            1.5,
            "maxUnavailable is 1.5, not a whole",
        ),
        (
            "aws:eks/nodeGroup:NodeGroup",
            "taints",
            [{"key": "a", "effect": "NoSchedule"}],
            "taints.effect is 'NoSchedule'; AWS knows NO_SCHEDULE",
        ),
        (
            "aws:eks/nodeGroup:NodeGroup",
            "nodeRepair",
            {},
            "NodeGroup.nodeRepair is no member of CreateNodegroup",
        ),
        ("aws:eks/nodeGroup:NodeGroup", "nodeRepairConfig/enabled", "yes", "enabled is 'yes', not a boolean"),
        ("aws:eks/cluster:Cluster", "accessConfig/authenticationMode", "AWS_AUTH", "AWS knows API"),
        (
            "aws:eks/cluster:Cluster",
            "enabledClusterLogTypes/0",
            "apiserver",
            "is 'apiserver'; AWS knows api, audit",
        ),
        ("aws:eks/cluster:Cluster", "name", "no spaces", "Cluster.name is 'no spaces', which does not match"),
        (
            "aws:eks/cluster:Cluster",
            "vpcConfig/publicAccess",
            False,
            "publicAccess is no member of VpcConfigRequest",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            "metadataOptions/httpTokens",
            "must",
            "AWS knows optional, required",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            "blockDeviceMappings/0/ebs/volumeType",
            "gp4",
            "volumeType is 'gp4'; AWS knows standard",
        ),
        ("aws:ec2/vpnConnection:VpnConnection", "tunnel1IkeVersions", ["ikev3"], "AWS knows ikev1, ikev2"),
        (
            "aws:ec2/vpnConnection:VpnConnection",
            "tunnel2Phase1DhGroupNumbers",
            [1],
            "is '1'; AWS knows 2, 14",
        ),
        (
            "aws:ec2/vpnConnection:VpnConnection",
            "tunnel2Phase2EncryptionAlgorithms",
            ["3DES"],
            "AWS knows AES128",
        ),
        (
            "aws:ec2/vpnConnection:VpnConnection",
            "tunnel1Phase2LifetimeSeconds",
            7200,
            "7200, not from 900 to 3600",
        ),
        (
            "aws:ec2/vpnConnection:VpnConnection",
            "tunnel1DpdTimeoutSeconds",
            10,
            "is 10, not from 30 to None",
        ),
        (
            "aws:ec2/vpnConnection:VpnConnection",
            "tunnel1DpdTimeoutAction",
            "retry",
            "AWS knows clear, none, restart",
        ),
        (
            "aws:ec2transitgateway/transitGateway:TransitGateway",
            "vpnEcmpSupport",
            "on",
            "vpnEcmpSupport is 'on'; AWS knows enable, disable",
        ),
        ("aws:ec2/customerGateway:CustomerGateway", "bgpAsn", "0", "bgpAsn is 0, not from 1 to 2147483647"),
        (
            "aws:ec2/customerGateway:CustomerGateway",
            "type",
            "ipsec.2",
            "type is 'ipsec.2'; AWS knows ipsec.1",
        ),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", "vpcEndpointType", "interface", "AWS knows Interface, Gateway"),
        (
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            "rule/objectOwnership",
            "Owner",
            "AWS knows",
        ),
        (
            "aws:s3/bucketVersioning:BucketVersioning",
            "versioningConfiguration/status",
            "On",
            "AWS knows Enabled",
        ),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "rules/0/status",
            "On",
            "AWS knows Enabled",
        ),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "rules",
            [{"id": "a"}],
            "rules lacks Status, which LifecycleRule requires",
        ),
        ("aws:ecr/repository:Repository", "imageTagMutability", "immutable", "AWS knows MUTABLE, IMMUTABLE"),
        ("aws:ecr/repository:Repository", "name", "Upper/Case", "which does not match"),
        ("aws:kms/key:Key", "deletionWindowInDays", 400, "deletionWindowInDays is 400, not from 1 to 365"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            "retentionInDays",
            100,
            "retentionInDays is '100'; AWS knows 1, 3, 5",
        ),
        ("aws:iam/role:Role", "description", {}, "Role.description is {}, not text"),
    ],
)
def test_what_aws_would_refuse_is_found(prod, type_, path, value, problem):
    inputs = an(prod, type_)
    *levels, last = [int(each) if each.isdigit() else each for each in path.split("/")]
    level = inputs
    for each in levels:
        level = level[each]
    level[last] = value

    found = refused(type_, inputs)

    assert any(problem in each for each in found), found


def test_values_that_only_the_documentation_lists_are_found():
    assert documented(input_at("ec2.CreateVpnConnection:Options.TunnelOptions.IKEVersions")) == [
        "ikev1",
        "ikev2",
    ]
    assert "365" in documented(input_at("logs.PutRetentionPolicy:retentionInDays"))
