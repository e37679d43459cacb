"""What BridgeSettings refuses."""

import pytest
from pydantic import ValidationError

from infra.settings.bridge import BridgeSettings
from infra.settings.bridge_tunnel import RESERVED


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
