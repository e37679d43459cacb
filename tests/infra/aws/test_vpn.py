"""The AWS end of the bridge."""

import pytest

from tests.infra.aws.estate import PRESHARED_KEY, declare
from tests.manifests import plain

CONNECTION = "aws:ec2/vpnConnection:VpnConnection"


def tunnels(declared):
    """The options of every tunnel, without its number."""
    for each in declared.of_type(CONNECTION):
        inputs = plain(each.inputs)
        for number in ("1", "2"):
            start = f"tunnel{number}"
            yield {key.removeprefix(start): value for key, value in inputs.items() if key.startswith(start)}


def test_every_gateway_machine_has_a_connection_of_two_tunnels(prod):
    customers = {each.name: each.inputs for each in prod.of_type("aws:ec2/customerGateway:CustomerGateway")}

    assert {name: each["ipAddress"] for name, each in customers.items()} == {
        "aws-bridge-gateway-a": "198.51.100.10",
        "aws-bridge-gateway-b": "198.51.100.11",
    }
    assert all((each["bgpAsn"], each["type"]) == ("64620", "ipsec.1") for each in customers.values())
    assert len(list(tunnels(prod))) == 4


def test_tunnels_accept_only_ikev2_and_strong_proposals(prod):
    for tunnel in tunnels(prod):
        assert tunnel["IkeVersions"] == ["ikev2"]
        for phase in ("Phase1", "Phase2"):
            assert tunnel[f"{phase}EncryptionAlgorithms"] == ["AES256-GCM-16"]
            assert tunnel[f"{phase}IntegrityAlgorithms"] == ["SHA2-384"]
            assert tunnel[f"{phase}DhGroupNumbers"] == [20]


def test_aws_brings_tunnels_up_and_up_again(prod):
    for tunnel in tunnels(prod):
        assert (tunnel["StartupAction"], tunnel["DpdTimeoutAction"]) == ("start", "restart")
        assert tunnel["DpdTimeoutSeconds"] >= 30


def test_every_tunnel_has_the_inside_range_of_the_stack_file(prod, values):
    expected = [
        each["inside"]
        for gateway in values["bridge"]["gateways"].values()
        for each in (gateway["first"], gateway["second"])
    ]

    assert sorted(tunnel["InsideCidr"] for tunnel in tunnels(prod)) == sorted(expected)


def test_tunnels_are_logged(prod):
    for tunnel in tunnels(prod):
        log = tunnel["LogOptions"]["cloudwatchLogOptions"]
        assert log["logEnabled"]
        assert log["bgpLogEnabled"]
        assert log["logGroupArn"] == "arn:aws:logs:::aws-bridge-tunnels"


def test_every_tunnel_gets_the_key_of_its_own(prod):
    assert sorted(tunnel["PresharedKey"] for tunnel in tunnels(prod)) == [
        f"{PRESHARED_KEY}_gateway-{gateway}_{tunnel}" for gateway in "ab" for tunnel in ("first", "second")
    ]


def test_keys_and_the_configuration_that_repeats_them_are_secret(prod):
    for each in prod.of_type(CONNECTION):
        assert set(each.secret_outputs) == {
            "tunnel1PresharedKey",
            "tunnel2PresharedKey",
            "customerGatewayConfiguration",
        }


def test_the_transit_gateway_joins_and_routes_nothing_by_itself(prod):
    gateway = prod.only("aws:ec2transitgateway/transitGateway:TransitGateway").inputs

    assert gateway["amazonSideAsn"] == 64621
    for key in (
        "autoAcceptSharedAttachments",
        "defaultRouteTableAssociation",
        "defaultRouteTablePropagation",
    ):
        assert gateway[key] == "disable"
    assert gateway["vpnEcmpSupport"] == "enable"


def test_vpc_and_connections_share_one_route_table(prod):
    for kind in ("Association", "Propagation"):
        found = prod.of_type(f"aws:ec2transitgateway/routeTable{kind}:RouteTable{kind}")
        assert {each.name for each in found} == {
            "aws-bridge-gateway-a",
            "aws-bridge-gateway-b",
            "aws-bridge-vpc",
        }
        assert {each.inputs["transitGatewayRouteTableId"] for each in found} == {"aws-bridge-id"}


def test_routes_by_bgp_only(prod):
    assert not any(each.inputs["staticRoutesOnly"] for each in prod.of_type(CONNECTION))


def test_tunnel_addresses_are_known_by_gateway(prod):
    assert prod.outputs["tunnel-addresses"]["gateway-b"] == [
        "198.51.100.3",
        "198.51.100.4",
    ]


def test_a_gateway_without_tunnels_is_refused(values):
    with pytest.raises(
        ValueError, match=r"bridge\.gateways names gateway-a, gateway-b, but the private cloud has gateway-a"
    ):
        declare(values, gateways=["gateway-a"])


def test_a_third_gateway_is_a_connection_more(values, prod):
    values["openstack"]["gateways"]["addresses"]["gateway-c"] = "10.10.128.5"
    values["bridge"]["gateways"]["gateway-c"] = {
        "first": {"inside": "169.254.20.16/30"},
        "second": {"inside": "169.254.20.20/30"},
    }
    more = set(declare(values).listing().splitlines()) - set(prod.listing().splitlines())

    assert {line.split()[1] for line in more} == {"aws-bridge-gateway-c"}
