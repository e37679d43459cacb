"""What a change of the bridge means under the real engine: always for both ends, and for nothing else."""

import pytest

pytestmark = pytest.mark.engine

CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
MACHINE = "openstack:compute/instance:Instance"
KEY = "random:index/randomPassword:RandomPassword"


@pytest.fixture(scope="module")
def estate(make):
    estate = make("dev")
    estate.up()
    return estate


def test_another_lifetime_changes_both_ends_and_nothing_else(estate):
    estate.choose("bridge/proposal", {"child-lifetime-seconds": 1800})

    steps = estate.steps()

    estate.choose("bridge/proposal", {})
    lifetimes = ["tunnel1Phase2LifetimeSeconds", "tunnel2Phase2LifetimeSeconds"]
    assert [step for step in steps if step[1] == CONNECTION] == [("update", CONNECTION, lifetimes)] * 2
    assert {type_ for _, type_, _ in steps} == {CONNECTION, MACHINE}
    assert {tuple(paths) for _, type_, paths in steps if type_ == MACHINE} == {("userData",)}


def test_another_generation_of_a_key_changes_one_tunnel_and_one_machine(estate):
    path = "bridge/gateways/gateway-b/second/key-generation"
    estate.choose(path, 2)

    steps = estate.steps()

    estate.choose(path, 1)
    assert {type_ for _, type_, _ in steps} == {KEY, CONNECTION, MACHINE}
    assert [step for step in steps if step[1] == CONNECTION] == [
        ("update", CONNECTION, ["tunnel2PresharedKey"])
    ]
    assert len({operation for operation, type_, _ in steps if type_ == MACHINE}) == len(
        [1 for _, type_, _ in steps if type_ == MACHINE]
    ), "each operation once: one machine"


def test_a_change_can_go_gateway_by_gateway(estate):
    estate.choose("bridge/proposal", {"child-lifetime-seconds": 1800})

    estate.up("--target", "**gateway-a")
    changed = {call.urn.rpartition("::")[2] for call in estate.calls()[-3:]}
    left = estate.steps()

    assert changed == {"aws-bridge-gateway-a", "openstack-machines-gateway-a"}
    assert {type_ for _, type_, _ in left} == {CONNECTION, MACHINE}
    assert len([1 for _, type_, _ in left if type_ == CONNECTION]) == 1
