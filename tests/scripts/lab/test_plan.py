import re

import pytest

from scripts.lab.guest import aws_end
from scripts.lab.plan import make_plan, stack_settings


def changed(**proposal):
    """The plan of prod's bridge with another proposal."""
    settings = stack_settings()
    bridge = settings.bridge.model_copy(
        update={"proposal": settings.bridge.proposal.model_copy(update=proposal)}
    )
    return make_plan(settings.model_copy(update={"bridge": bridge}), {})


def ends(plan):
    """swanctl's text of both ends of one tunnel."""
    gateway = plan["gateways"]["gateway-a"]
    files = {each["path"]: each["content"] for each in gateway["generations"][0]["user_data"]["write_files"]}
    return files["/etc/swanctl/conf.d/first.conf"], aws_end.connection(gateway["tunnels"]["first"])


def test_a_proposal_of_the_stack_reaches_both_ends_of_a_tunnel():
    ours, theirs = ends(changed(integrity="SHA2-512", dh_group=21))

    assert "proposals = aes256gcm16-prfsha512-ecp521\n" in ours
    assert "proposals = aes256gcm16-prfsha512-ecp521\n" in theirs


def test_both_ends_of_every_tunnel_have_the_same_key_and_no_two_tunnels_have():
    plan = make_plan(stack_settings(), {})
    keys = [peer["preshared_key"] for each in plan["gateways"].values() for peer in each["tunnels"].values()]

    assert len(set(keys)) == 4
    for gateway in plan["gateways"].values():
        text = str(gateway["generations"][0]["user_data"])
        assert all(peer["preshared_key"] in text for peer in gateway["tunnels"].values())


@pytest.mark.parametrize("gateway", ["gateway-a", "gateway-b"])
def test_a_rotation_changes_the_key_of_the_first_tunnel_and_nothing_else(gateway):
    before, after = (
        {each["path"]: each["content"] for each in generation["user_data"]["write_files"]}
        for generation in make_plan(stack_settings(), {})["gateways"][gateway]["generations"]
    )

    assert [path for path in before if before[path] != after[path]] == ["/etc/swanctl/conf.d/first-key.conf"]


def test_every_tunnel_has_a_session_and_a_policy_of_its_own_at_aws():
    text = aws_end.bgp(make_plan(stack_settings(), {}))

    assert len(re.findall(r"remote-as 64620", text)) == 4
    assert len(re.findall(r"route-map OUT-gateway-[ab]-(?:first|second) permit", text)) == 4
