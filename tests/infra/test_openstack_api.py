"""OpenStack's own API definitions against every OpenStack resource that the stacks declare.

The oracle is neutron-lib and openstacksdk (openstack_oracle.py); openstack_target.py says what they leave unchecked.
"""

import re

import pytest

pytestmark = pytest.mark.slow

NETWORK = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def oracle():
    # The libraries take seconds to load, which only those should wait for who ask them.
    from tests.infra import openstack_oracle

    return openstack_oracle


@pytest.fixture(scope="module")
def targets(oracle):
    from tests.infra.openstack_target import TARGETS

    return TARGETS


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_openstack_takes_every_resource_that_a_stack_declares(declared_by, oracle, targets, stack):
    assert list(oracle.refusals(declared_by(stack), targets)) == []


SPOILED = [
    (
        "networking/subnet:Subnet",
        {"networkId": NETWORK, "cidr": "10.10.0.0/33", "ipVersion": 4},
        "10.10.0.0/33",
    ),
    (
        "networking/subnet:Subnet",
        {"networkId": NETWORK, "cidr": "10.10.0.0/20", "ipVersion": 5},
        "5 is not in valid_values",
    ),
    ("networking/subnet:Subnet", {"cidr": "10.10.0.0/20", "ipVersion": 4}, "'network_id' not specified"),
    (
        "networking/subnet:Subnet",
        {"networkId": NETWORK, "ipVersion": 4, "dhcp": True},
        "Unrecognized .* 'dhcp'",
    ),
    ("networking/network:Network", {"portSecurityEnabled": "perhaps"}, "cannot be converted to boolean"),
    ("networking/port:Port", {"networkId": "cluster"}, "'cluster' is not a valid UUID"),
    (
        "networking/port:Port",
        {"networkId": NETWORK, "fixedIps": [{"ipAddress": "10.10.0.256"}]},
        "not a valid IP",
    ),
    (
        "networking/port:Port",
        {"networkId": NETWORK, "allowedAddressPairs": [{"ipAddress": "all"}]},
        "not a valid",
    ),
    ("networking/router:Router", {"externalNetworkId": "public"}, "'public' is not a valid UUID"),
    (
        "networking/routerRoute:RouterRoute",
        {"destinationCidr": "10.20.0.0/16", "nextHop": "aws"},
        "not a valid",
    ),
    (
        "networking/secGroupRule:SecGroupRule",
        {"securityGroupId": NETWORK, "direction": "in"},
        "in is not in valid_values",
    ),
    ("networking/secGroupRule:SecGroupRule", {"direction": "ingress"}, "'security_group_id' not specified"),
    (
        "networking/secGroupRule:SecGroupRule",
        {"securityGroupId": NETWORK, "direction": "egress", "protocol": "ipsec"},
        "ipsec is not in valid_values",
    ),
    (
        "compute/serverGroup:ServerGroup",
        {"policies": "anti_affinity"},
        "anti_affinity is not in valid_values",
    ),
    ("containerinfra/nodeGroup:NodeGroup", {"name": "gpu", "flavorId": "g1", "minNodes": 1}, "'min_nodes'"),
    (
        "containerinfra/clusterTemplate:ClusterTemplate",
        {"image": "i", "coe": "k8s"},
        "k8s is not in valid_values",
    ),
    ("keymanager/secretV1:SecretV1", {"secretType": "password"}, "password is not in valid_values"),
    (
        "identity/applicationCredential:ApplicationCredential",
        {"expiresAt": "2027-06-30"},
        "'2027-06-30' is not a valid input",
    ),
    (
        "identity/applicationCredential:ApplicationCredential",
        {"accessRules": [{"service": "barbican-api", "method": "GET", "path": "/v1"}]},
        "barbican-api is not in valid_values",
    ),
    ("blockstorage/volume:Volume", {"size": 0}, "'0' is too small"),
    ("objectstorage/container:Container", {"name": "raw/interactions"}, "not a valid input"),
]


@pytest.mark.parametrize(("kind", "inputs", "said"), SPOILED)
def test_what_openstack_would_refuse_is_refused(oracle, targets, kind, inputs, said):
    problem = oracle.refusal(targets[f"openstack:{kind}"], inputs)

    assert problem is not None
    assert re.search(said, problem)
