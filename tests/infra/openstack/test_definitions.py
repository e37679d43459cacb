"""The API definitions that OpenStack itself publishes, as the oracle for what the program asks of it.

Checked: that every field exists in the API, and that network values pass Neutron's own validators. Not checked, for no
package has it: node groups, Magnum's labels, S3 keys, and which values one cloud's policies and extensions allow.
"""

import re
import warnings

import pytest

# Both packages load WebOb, which loads Python's own `cgi`, gone in 3.13.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from neutron_lib.api import validators
    from neutron_lib.api.definitions import subnet
    from neutron_lib.constants import IP_PROTOCOL_MAP

from openstack.block_storage.v3.volume import Volume
from openstack.compute.v2.server import Server
from openstack.compute.v2.server_group import ServerGroup
from openstack.container_infrastructure_management.v1.cluster import Cluster
from openstack.container_infrastructure_management.v1.cluster_template import ClusterTemplate
from openstack.identity.v3.application_credential import ApplicationCredential
from openstack.key_manager.v1.secret import Secret
from openstack.load_balancer.v2.load_balancer import LoadBalancer
from openstack.network.v2.floating_ip import FloatingIP
from openstack.network.v2.network import Network
from openstack.network.v2.port import Port
from openstack.network.v2.router import Router
from openstack.network.v2.security_group import SecurityGroup
from openstack.network.v2.security_group_rule import SecurityGroupRule
from openstack.network.v2.subnet import Subnet

# What the provider calls otherwise than the API does; None where it is the provider's own, or another request.
CALLED = {
    "openstack:networking/network:Network": (Network, {}),
    "openstack:networking/subnet:Subnet": (Subnet, {}),
    "openstack:networking/router:Router": (Router, {"external_network_id": "external_gateway_info"}),
    "openstack:networking/port:Port": (Port, {"security_group_ids": "security_groups"}),
    "openstack:networking/floatingIp:FloatingIp": (FloatingIP, {"pool": "floating_network_id"}),
    "openstack:networking/secGroup:SecGroup": (SecurityGroup, {"delete_default_rules": None}),
    "openstack:networking/secGroupRule:SecGroupRule": (SecurityGroupRule, {}),
    "openstack:index/lbLoadbalancerV2:LbLoadbalancerV2": (
        LoadBalancer,
        {"loadbalancer_provider": "provider"},
    ),
    "openstack:blockstorage/volume:Volume": (Volume, {"enable_online_resize": None}),
    "openstack:identity/applicationCredential:ApplicationCredential": (ApplicationCredential, {}),
    "openstack:keymanager/secretV1:SecretV1": (Secret, {"acl": None}),
    "openstack:compute/serverGroup:ServerGroup": (ServerGroup, {}),
    "openstack:compute/instance:Instance": (
        Server,
        {
            "flavor_name": "flavorRef",
            "block_devices": "block_device_mapping_v2",
            "scheduler_hints": "OS-SCH-HNT:scheduler_hints",
            "stop_before_destroy": None,
        },
    ),
    "openstack:containerinfra/cluster:Cluster": (
        Cluster,
        {"flavor": "flavor_id", "master_flavor": "master_flavor_id"},
    ),
    "openstack:containerinfra/clusterTemplate:ClusterTemplate": (ClusterTemplate, {"image": "image_id"}),
}
RULE = "openstack:networking/secGroupRule:SecGroupRule"


def snake(name):
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def known(definition):
    """The fields that the API has, under the names that it gives them and those of its SDK."""
    mapping = definition._body_mapping()
    return {*mapping, *mapping.values()}


@pytest.mark.parametrize("type_", CALLED)
def test_every_field_is_one_that_the_api_has(prod, type_):
    definition, renamed = CALLED[type_]
    asked = {snake(key) for each in prod.of_type(type_) for key in each.inputs}
    assert asked
    names = {renamed.get(key, key) for key in asked} - {None}
    assert names <= known(definition)


def accepts(definition, field, value):
    """Neutron's verdict on one value: None if it is fine."""
    attribute = definition.RESOURCE_ATTRIBUTE_MAP[definition.COLLECTION_NAME][field]
    verdicts = [validators.get_validator(kind)(value, data) for kind, data in attribute["validate"].items()]
    return next((verdict for verdict in verdicts if verdict), None)


def test_neutron_accepts_every_subnet(either):
    for each in either.of_type("openstack:networking/subnet:Subnet"):
        assert accepts(subnet, "cidr", each.inputs["cidr"]) is None
        assert accepts(subnet, "gateway_ip", each.inputs["gatewayIp"]) is None
        assert accepts(subnet, "dns_nameservers", each.inputs["dnsNameservers"]) is None


def test_neutron_accepts_the_addresses_of_every_port(either):
    for each in either.of_type("openstack:networking/port:Port"):
        for pair in each.inputs.get("allowedAddressPairs", []):
            assert validators.validate_ip_or_subnet_or_none(pair["ipAddress"]) is None
        for fixed in each.inputs["fixedIps"]:
            assert validators.validate_ip_address(fixed["ipAddress"]) is None


def test_neutron_knows_every_protocol_and_range_of_the_rules(either):
    for rule in either.of_type(RULE):
        assert rule.inputs["protocol"] in IP_PROTOCOL_MAP
        assert validators.validate_subnet_or_none(rule.inputs.get("remoteIpPrefix")) is None
