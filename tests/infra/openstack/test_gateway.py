"""The gateways: where they are found, whom they speak to, and how they are replaced."""

import pytest

from tests.infra.openstack.estate import AWS_RANGE, PEERS, TUNNEL_KEY, VOLUME_TYPE, chosen

PORT = "openstack:networking/port:Port"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
INSTANCE = "openstack:compute/instance:Instance"
FLOATING = "openstack:networking/floatingIpAssociate:FloatingIpAssociate"


def ports(declared):
    return {each.name.removeprefix("openstack-gateways-"): each.inputs for each in declared.of_type(PORT)}


def test_each_gateway_keeps_its_fixed_and_floating_address_when_its_machine_is_replaced(prod):
    fixed = {name: port["fixedIps"][0]["ipAddress"] for name, port in ports(prod).items()}
    assert fixed == {"gateway-a": "10.10.128.3", "gateway-b": "10.10.128.4", "virtual": "10.10.128.2"}
    assert prod.outputs["gateways"] == {"gateway-a": "203.0.113.10", "gateway-b": "203.0.113.11"}
    on = {each.inputs["portId"] for each in prod.of_type(FLOATING)}
    assert {"openstack-gateways-gateway-a-id", "openstack-gateways-gateway-b-id"} < on


def test_a_gateway_may_send_as_itself_the_virtual_address_and_aws_only(either):
    for name in ("gateway-a", "gateway-b"):
        allowed = [pair["ipAddress"] for pair in ports(either)[name]["allowedAddressPairs"]]
        assert allowed == [ports(either)["virtual"]["fixedIps"][0]["ipAddress"], str(AWS_RANGE)]


def test_the_way_to_aws_is_one_route_to_the_virtual_address(prod):
    route = prod.only("openstack:networking/routerRoute:RouterRoute")

    assert route.inputs == {
        "routerId": "openstack-id",
        "destinationCidr": str(AWS_RANGE),
        "nextHop": "10.10.128.2",
    }


def test_ipsec_comes_from_awss_tunnel_addresses_and_from_nowhere_else(either):
    for port in (500, 4500):
        rules = [each.inputs for each in either.of_type(RULE) if each.inputs.get("portRangeMin") == port]
        assert {rule["portRangeMax"] for rule in rules} == {port}
        assert {rule["protocol"] for rule in rules} == {"udp"}
        for direction in ("ingress", "egress"):
            remotes = {rule["remoteIpPrefix"] for rule in rules if rule["direction"] == direction}
            assert remotes == {f"{address}/32" for address in PEERS.values()}


def test_besides_ipsec_a_gateway_speaks_with_nodes_and_the_other_gateway_only(prod):
    others = [each.inputs for each in prod.of_type(RULE) if "portRangeMin" not in each.inputs]
    spoken = {(rule["protocol"], rule.get("remoteIpPrefix") or rule["remoteGroupId"]) for rule in others}
    assert spoken == {
        ("tcp", "10.10.0.0/18"),
        ("icmp", "10.10.0.0/18"),
        ("vrrp", "openstack-gateways-id"),
    }


def test_the_two_gateways_never_share_a_host(either):
    group = either.only("openstack:compute/serverGroup:ServerGroup")
    assert group.inputs["policies"] == "anti-affinity"
    hints = [each.inputs["schedulerHints"] for each in either.of_type(INSTANCE)]
    assert hints == [[{"group": f"{group.name}-id"}]] * 2


def test_the_second_gateway_is_replaced_only_when_the_first_is_back(either):
    first, second = either.of_type(INSTANCE)
    assert any(urn.endswith(f"::{first.name}") for urn in second.depends_on)
    assert not any(urn.endswith(f"::{second.name}") for urn in first.depends_on)


def test_gateways_boot_from_an_encrypted_volume(either):
    for machine in either.of_type(INSTANCE):
        (disk,) = machine.inputs["blockDevices"]
        encrypted = either.only(VOLUME_TYPE).inputs["name"]
        assert (disk["destinationType"], disk["volumeType"]) == ("volume", encrypted)


def test_nobody_can_log_into_a_gateway(either):
    for machine in either.of_type(INSTANCE):
        assert not {"keyPair", "adminPass"} & machine.inputs.keys()


def test_a_gateways_keys_travel_on_its_own_drive_and_are_secret(either):
    for machine in either.of_type(INSTANCE):
        assert machine.inputs["configDrive"] is True
        assert TUNNEL_KEY in str(machine.inputs["userData"])
        assert "userData" in machine.secret_outputs


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_stack_has_two_gateways(stack):
    assert len(chosen(stack)["gateways"]["addresses"]) == 2
