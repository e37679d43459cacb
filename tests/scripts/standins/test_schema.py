import ast
import re
from pathlib import Path

import pytest

from scripts.standins.replacement import replaced_by
from scripts.standins.schema import ResourceType

INFRA = Path(__file__).parents[3] / "infra"


MODULES = {
    "aws": {"cloudwatch", "ec2", "ec2transitgateway", "ecr", "eks", "iam", "kms", "s3", "vpc"},
    "openstack": {
        "blockstorage",
        "compute",
        "containerinfra",
        "identity",
        "keymanager",
        "loadbalancer",
        "networking",
        "objectstorage",
    },
}


def used(package):
    """The resource types of a cloud that the program declares, as tokens."""
    found = set()
    for path in sorted((INFRA / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = ast.unparse(node.func).removeprefix(f"{package}.") if isinstance(node, ast.Call) else ""
            match = re.fullmatch(r"(\w+)\.([A-Z]\w*[a-z0-9](?<!Args)(?<!Dict))", name)
            if match and match[1] in MODULES[package]:
                found.add(f"{package}:{match[1]}/{match[2][0].lower()}{match[2][1:]}:{match[2]}")
    return sorted(found)


def test_computed_outputs_are_those_that_nobody_can_give():
    outputs = ResourceType.of("aws:ec2/vpc:Vpc").outputs

    assert outputs["arn"].computed
    assert not outputs["cidrBlock"].computed


def test_secrets_are_those_that_the_sdk_marks():
    assert ResourceType.of("openstack:containerinfra/cluster:Cluster").secrets == {"kubeconfig"}
    assert ResourceType.of("aws:ec2/vpc:Vpc").secrets == frozenset()


def test_a_type_in_the_root_of_its_sdk_is_found():
    assert "importTargets" in ResourceType.of("openstack:index/bgpvpnV2:BgpvpnV2").outputs


@pytest.mark.parametrize(
    "token", [*used("aws"), *used("openstack"), "random:index/randomPassword:RandomPassword"]
)
def test_every_type_that_the_program_declares_is_understood(token):
    assert ResourceType.of(token).outputs, f"nothing was read of {token}"


def test_the_documentation_in_the_sdk_says_what_replaces():
    assert replaced_by("openstack:networking/subnet:Subnet", ("cidr",))
    assert not replaced_by("openstack:networking/subnet:Subnet", ("description",))


def test_a_part_of_a_group_can_replace_while_its_neighbour_does_not():
    cluster = "aws:eks/cluster:Cluster"

    assert replaced_by(cluster, ("kubernetesNetworkConfig", "serviceIpv4Cidr"))
    assert not replaced_by(cluster, ("vpcConfig", "endpointPublicAccess"))
    assert not replaced_by(cluster, ("version",))
