"""The bridge under real IPsec and BGP: one machine runs every scenario once, each test reads what came of it.

Bounds are wide, since the figures with their goals are the benchmark's: `scripts/bench bridge`.
"""

import pytest

from scripts.benchmarks.bridge import SCENARIOS
from scripts.lab import vm
from scripts.lab.plan import make_plan, stack_settings

# One boot and all scenarios: minutes of an emulated processor.
pytestmark = [pytest.mark.vm, pytest.mark.timeout(1800)]
# A dead tunnel and a dead gateway may be silent for 10 and 30 s.
TUNNEL_BOUND, GATEWAY_BOUND = 20, 60


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    if missing := vm.available():
        pytest.skip(f"THE BRIDGE WAS NOT TESTED with real IPsec and BGP: {missing}")
    plan = make_plan(stack_settings(), dict.fromkeys(SCENARIOS, 1))
    return vm.run(plan, tmp_path_factory.mktemp("laboratory"), print)


@pytest.fixture
def outcome(results):
    """What came of a scenario; if the laboratory stopped before, the test says where."""

    def outcome(name):
        found = results["scenarios"].get(name)
        assert found, f"the laboratory stopped at {results.get('error')}"
        return found[0]

    return outcome


def test_from_nothing_all_tunnels_and_sessions_come_up_and_traffic_flows(outcome):
    assert outcome("cold-start")["seconds"] < 240


def test_nothing_is_lost_while_nothing_happens(outcome):
    assert outcome("quiet")["lost"] == 0


def test_a_large_transfer_arrives_whole_in_packets_that_nobody_cuts(outcome):
    found = outcome("transfer")

    assert found["same"]
    assert found["segment"] <= found["mss"]
    assert found["fragments"] == 0


def test_an_undeclared_flow_is_dropped_from_either_side_and_counted(outcome):
    found = outcome("forbidden")

    assert found["reached"] == 0
    assert found["counted"] >= found["tried"]


def test_a_dead_tunnel_moves_traffic_to_the_others(outcome):
    found = outcome("tunnel-dies")

    assert found["lost"] > 0, "the endpoint that died carried nothing"
    assert found["outage_seconds"] < TUNNEL_BOUND


def test_a_dead_gateway_moves_traffic_to_the_other(outcome):
    found = outcome("gateway-dies")

    assert found["lost"] > 0, "the gateway that died carried nothing"
    assert found["outage_seconds"] < GATEWAY_BOUND


def test_an_endpoint_that_aws_replaces_moves_traffic_to_the_others(outcome):
    assert outcome("aws-replaces-endpoint")["outage_seconds"] < TUNNEL_BOUND


def test_a_path_that_loses_nearly_everything_is_given_up(outcome):
    assert outcome("hopeless-path")["outage_seconds"] < GATEWAY_BOUND


def test_a_path_that_loses_and_delays_some_packets_is_kept(outcome):
    found = outcome("rough-path")

    assert found["sessions"] == 4
    assert found["share"] < 0.15


def test_a_planned_rotation_of_a_key_loses_nothing(outcome):
    assert outcome("key-rotation")["lost"] == 0


@pytest.mark.parametrize("lie", ["wrong-key", "wrong-proposal"])
def test_a_peer_that_changed_its_terms_is_refused_and_counted_and_hurts_no_other_tunnel(outcome, lie):
    found = outcome(lie)

    assert found["up"] == 0
    assert found["refusals"] >= 1
    assert found["others_stand"]
    assert found["lost"] == 0


def test_routes_that_aws_has_no_business_with_are_refused_and_counted(outcome, results):
    found = outcome("overlapping-routes")

    assert found["overlap"] >= 1
    assert found["default"] >= 1
    assert found["believed"] == [str(stack_settings().aws.network.range)]
    assert found["lost"] == 0


def test_when_all_tunnels_are_dead_nothing_goes_around_them_and_all_come_back(outcome):
    assert outcome("total-outage")["plain"] == 0


def test_between_the_clouds_there_is_never_a_plain_packet(results):
    counts = results["capture"]["counts"]

    assert counts["esp"] > 0
    assert counts["ike"] > 0
    assert counts.get("plain", 0) == 0, results["capture"]["plain"]
