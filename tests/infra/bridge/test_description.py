"""One description, and both ends of it: what AWS is told and what the gateway is told agree, whatever was chosen."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bridge.aws import tunnel_options
from infra.bridge.description import TUNNELS
from infra.settings.bridge import largest_mtu
from infra.settings.bridge_tunnel import RESERVED
from tests.infra.bridge.bridges import bridge, rendered

proposals = st.builds(
    lambda integrity, group, ike, share: {
        "integrity": integrity,
        "dh-group": group,
        "ike-lifetime-seconds": ike,
        "child-lifetime-seconds": max(900, min(3600, ike - 1, ike * share // 100)),
    },
    st.sampled_from(["SHA2-256", "SHA2-384", "SHA2-512"]),
    st.sampled_from([19, 20, 21]),
    st.integers(901, 28800),
    st.integers(1, 100),
)
inside = st.integers(0, (1 << 14) - 1).map(lambda n: f"169.254.{n >> 6}.{(n & 63) << 2}/30")
allowed = inside.filter(lambda each: each not in {str(reserved) for reserved in RESERVED})

# A description takes a twentieth of a second.
few = settings(max_examples=25)


def value(text, key):
    (found,) = re.findall(rf"^\s*{key} = (\S+)$", text, re.MULTILINE)
    return found


def seconds(text, key):
    return [int(each) for each in re.findall(rf"^\s*{key} = (\d+)s$", text, re.MULTILINE)]


@few
@given(proposals)
def test_both_ends_propose_the_same(proposal):
    found = bridge(proposal=proposal)
    options = tunnel_options(found, "gateway-a", "first")
    ours = rendered(found)["/etc/swanctl/conf.d/first.conf"].content
    prf, group = value(ours, "proposals").removeprefix("aes256gcm16-").split("-")

    assert options["ike_versions"] == ["ikev2"]
    assert value(ours, "version") == "2"
    for phase in ("phase1", "phase2"):
        assert options[f"{phase}_encryption_algorithms"] == ["AES256-GCM-16"]
        assert options[f"{phase}_integrity_algorithms"] == [prf.replace("prfsha", "SHA2-")]
        assert options[f"{phase}_dh_group_numbers"] == [{"ecp256": 19, "ecp384": 20, "ecp521": 21}[group]]
    assert value(ours, "esp_proposals") == f"aes256gcm16-{group}"


@few
@given(proposals)
def test_our_end_asks_for_new_keys_before_either_end_must_give_up_the_old(proposal):
    found = bridge(proposal=proposal)
    options = tunnel_options(found, "gateway-a", "first")
    ours = rendered(found)["/etc/swanctl/conf.d/first.conf"].content
    ike, child = seconds(ours, "rekey_time")
    (over,), (life,) = seconds(ours, "over_time"), seconds(ours, "life_time")

    assert ike + over == options["phase1_lifetime_seconds"] == proposal["ike-lifetime-seconds"]
    assert life == options["phase2_lifetime_seconds"] == proposal["child-lifetime-seconds"]
    assert ike < ike + over
    assert child < life


@few
@given(st.lists(allowed, min_size=4, max_size=4, unique=True))
def test_both_ends_have_the_two_addresses_of_the_same_range(ranges):
    first, second, third, fourth = ({"inside": each} for each in ranges)
    found = bridge(
        gateways={
            "gateway-a": {"first": first, "second": second},
            "gateway-b": {"first": third, "second": fourth},
        }
    )
    for name, gateway in found.gateways.items():
        files = rendered(found, name)
        for tunnel in TUNNELS:
            each = gateway.tunnels[tunnel]
            assert tunnel_options(found, name, tunnel)["inside_cidr"] == str(each.inside)
            assert {each.aws_address, each.gateway_address} == set(each.inside.hosts())
            assert f" neighbor {each.aws_address} peer-group AWS" in files["/etc/frr/frr.conf"].content
            script = files["/usr/local/sbin/bridge-interfaces"].content
            assert f"tunnel {each.interface} {each.if_id} {each.gateway_address}/30" in script


@given(st.integers(1280, 1500))
def test_the_largest_packet_fits_its_path_and_one_more_byte_would_not(path):
    def encrypted(size):
        # RFC 4303 with AES-GCM (RFC 4106) in UDP (RFC 3948): the packet and two bytes, padded to words.
        return 20 + 8 + 8 + 8 + (size + 2 + 3) // 4 * 4 + 16

    assert encrypted(largest_mtu(path)) <= path < encrypted(largest_mtu(path) + 1)


def test_the_largest_packet_is_the_one_that_aws_names():
    # https://docs.aws.amazon.com/vpn/latest/s2svpn/CGDeviceBestPractice.html: AES-GCM with NAT traversal.
    assert largest_mtu(1500) == 1438
    assert bridge().mss == 1398


def test_interface_names_fit_into_what_the_kernel_takes():
    names = [each.interface for each in bridge().gateways["gateway-a"].tunnels.values()]

    assert all(len(each) <= 15 for each in names)
    assert len(set(names)) == len(names)


def test_gateways_want_the_virtual_address_in_the_order_of_the_stack_file():
    assert [each.priority for each in bridge().gateways.values()] == [200, 190]
