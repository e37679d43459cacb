"""What the bridge's settings refuse, at the preview and not when a tunnel fails to come up."""

from ipaddress import IPv4Network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.settings.bridge import BridgeSettings, largest_mtu
from infra.settings.bridge_flow import FlowSettings, require_resident
from infra.settings.bridge_tunnel import INSIDE, RESERVED, TunnelSettings
from infra.settings.residency import ResidencySettings
from tests.infra.bridge import bridges


@pytest.fixture
def values():
    """The stack file of `prod` as plain values, to be spoiled."""
    return bridges.values()


def connection(first, second):
    return {"first": {"inside": first}, "second": {"inside": second}}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("aws-asn", 64620, "aws-asn is 64620, as is private-asn; eBGP needs two different numbers"),
        (
            "gateways",
            {"one": connection("169.254.20.0/30", "10.0.0.0/30")},
            "inside is 10.0.0.0/30; AWS takes only a /30 of 169.254.0.0/16, such as 169.254.20.0/30",
        ),
        (
            "gateways",
            {"one": connection("169.254.20.0/29", "169.254.20.8/30")},
            "inside is 169.254.20.0/29; AWS takes only a /30 of 169.254.0.0/16, such as 169.254.20.0/30",
        ),
        (
            "gateways",
            {
                "one": connection("169.254.20.0/30", "169.254.20.4/30"),
                "two": connection("169.254.20.4/30", "169.254.20.8/30"),
            },
            "gateways.two.first.inside is 169.254.20.4/30, as is gateways.one.second.inside; every tunnel needs "
            "a /30 of its own",
        ),
        (
            "proposal",
            {"ike-lifetime-seconds": 3600, "child-lifetime-seconds": 3600},
            "child-lifetime-seconds is 3600, not below ike-lifetime-seconds 3600; AWS asks for a shorter one",
        ),
        (
            "bgp",
            {"keepalive-seconds": 3, "hold-seconds": 8},
            "hold-seconds is 8, below 3 x keepalive-seconds 3; raise it, or one lost packet ends the session",
        ),
        (
            "path-mtu",
            1442,
            "mtu is 1438, but encrypted that exceeds path-mtu 1442; choose 1378 or less",
        ),
        (
            "flows",
            {"sync": {"source": "openstack", "protocol": "tcp"}},
            "port is missing, though protocol is tcp; name the port that answers",
        ),
        (
            "flows",
            {"echo": {"source": "aws", "protocol": "icmp", "port": 8}},
            "port is 8, though protocol is icmp, which has none; remove it",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_key_value_and_remedy(values, key, value, line):
    with pytest.raises(ValidationError) as error:
        BridgeSettings.model_validate({**values["bridge"], key: value})

    assert f"Value error, {line}" in str(error.value)


@pytest.mark.parametrize("reserved", [str(each) for each in RESERVED])
def test_a_range_that_aws_keeps_for_itself_is_refused(values, reserved):
    tunnels = connection(reserved, "169.254.20.4/30")

    with pytest.raises(ValidationError, match="which AWS keeps for itself"):
        BridgeSettings.model_validate({**values["bridge"], "gateways": {"one": tunnels}})


@pytest.mark.parametrize(
    "proposal",
    [
        {"integrity": "SHA1"},
        {"dh-group": 2},
        {"dh-group": 14},
        {"ike-version": "ikev1"},
        {"encryption": "AES128"},
        {"ike-lifetime-seconds": 86400},
        {"child-lifetime-seconds": 7200},
        {"dpd-seconds": 10},
    ],
)
def test_a_weak_or_unknown_proposal_is_refused(values, proposal):
    with pytest.raises(ValidationError):
        BridgeSettings.model_validate({**values["bridge"], "proposal": proposal})


def test_a_public_as_number_is_refused(values):
    with pytest.raises(ValidationError, match="private-asn"):
        BridgeSettings.model_validate({**values["bridge"], "private-asn": 3320})


def test_link_local_addresses_clash_with_no_other_side(values):
    assert BridgeSettings.model_validate(values["bridge"]).ranges() == {}


@pytest.mark.parametrize("missing", ["first", "second"])
def test_a_connection_of_one_tunnel_is_refused(values, missing):
    del values["bridge"]["gateways"]["gateway-a"][missing]

    with pytest.raises(ValidationError, match=rf"gateways\.gateway-a\.{missing}\n  Field required"):
        BridgeSettings.model_validate(values["bridge"])


@given(st.integers(0, (1 << 30) - 1))
def test_a_range_is_taken_where_aws_takes_it_and_refused_elsewhere(number):
    inside = IPv4Network((number << 2, 30))

    try:
        TunnelSettings.model_validate({"inside": str(inside)})
    except ValidationError:
        assert not inside.subnet_of(INSIDE) or inside in RESERVED
    else:
        assert inside.subnet_of(INSIDE)
        assert inside not in RESERVED


@given(st.integers(0, (1 << 14) - 1))
def test_any_range_of_two_tunnels_is_refused(number):
    inside = IPv4Network((int(INSIDE.network_address) + (number << 2), 30))
    assume(inside not in RESERVED)
    gateways = {
        "one": connection(str(inside), "169.254.250.0/30"),
        "two": connection("169.254.251.0/30", str(inside)),
    }

    with pytest.raises(ValidationError, match=r"every tunnel needs a /30 of its own"):
        BridgeSettings.model_validate({**bridges.values()["bridge"], "gateways": gateways})


@given(st.integers(64512, 65534), st.integers(64512, 65534))
def test_the_two_ends_have_different_numbers(ours, theirs):
    chosen = {**bridges.values()["bridge"], "private-asn": ours, "aws-asn": theirs}

    if ours == theirs:
        with pytest.raises(ValidationError, match=f"aws-asn is {ours}, as is private-asn"):
            BridgeSettings.model_validate(chosen)
    else:
        assert BridgeSettings.model_validate(chosen).aws_asn == theirs


@given(st.integers(1280, 1500), st.integers(1200, 1446))
def test_a_packet_that_its_path_cannot_carry_is_refused(path, mtu):
    chosen = {**bridges.values()["bridge"], "path-mtu": path, "mtu": mtu}

    if mtu <= largest_mtu(path):
        assert BridgeSettings.model_validate(chosen).mtu == mtu
    else:
        with pytest.raises(ValidationError, match=f"choose {largest_mtu(path)} or less"):
            BridgeSettings.model_validate(chosen)


@pytest.mark.parametrize("source", ["openstack", "aws"])
@pytest.mark.parametrize(
    ("label", "held"), [("raw", ["openstack"]), ("hot", ["openstack"]), ("hot", ["openstack", "aws"])]
)
def test_nothing_crosses_that_may_not_lie_at_both_ends(label, held, source):
    both = {"label": "release", "held": ["openstack", "aws"]}
    residency = ResidencySettings.model_validate(
        {"data-sets": {"some": {"label": label, "held": held}, "releases": both}}
    )
    flow = FlowSettings.model_validate(
        {"source": source, "protocol": "tcp", "port": 443, "carries": ["some"]}
    )

    if len(held) == 2:
        require_resident({"sync": flow}, residency)
    else:
        with pytest.raises(ValueError, match=r"^bridge\.flows\.sync\.carries names some, which "):
            require_resident({"sync": flow}, residency)


@pytest.mark.parametrize(
    ("data_set", "line"),
    [
        (
            "interactions",
            "bridge.flows.https.carries names interactions, which is labelled raw and stays in openstack; "
            "remove it, or make a pseudonymous copy and label that hot",
        ),
        (
            "clicks",
            "bridge.flows.https.carries names clicks, which residency.data-sets does not know; "
            "choose of interactions, histories, releases",
        ),
    ],
)
def test_raw_and_unknown_data_may_not_cross(values, data_set, line):
    values["bridge"]["flows"]["https"]["carries"] = [data_set]

    with pytest.raises(ValidationError) as error:
        bridges.settings(values)

    assert f"Value error, {line}" in str(error.value)
