"""Prometheus' own promtool holds the alerts to what they promise, over made-up figures of two gateways."""

import pytest

from infra.bridge.alerts import METRICS_FILE, SEVERITIES, rule_groups
from tests.infra.bridge.bridges import PROJECT, bridge
from tests.infra.monitoring import promtool
from tests.infra.monitoring.promtool import alerts_of, complaint, real, series

DATA_SETS = ("histories", "releases")
GATEWAYS, TUNNELS = ("gateway-a", "gateway-b"), ("first", "second")

RULES = rule_groups(bridge())
# Up for ten minutes, then gone.
LOST = "1x10 0x20"


def copied(data_set, values):
    """When a data set was last copied whole, as kube-state-metrics says it."""
    labels = {"namespace": "rialto", "cronjob": f"sync-{data_set}"}
    return series("kube_cronjob_status_last_successful_time", values, **labels)


def sessions(**away):
    """BGP sessions and SAs of all tunnels: `gateway_a_first="0x30"`, `1x30` where nothing is said."""
    return [
        series(
            name, away.get(f"{gateway}_{tunnel}".replace("-", "_"), "1x30"), gateway=gateway, tunnel=tunnel
        )
        for name in ("bridge_bgp_established", "bridge_tunnel_up")
        for gateway in GATEWAYS
        for tunnel in TUNNELS
    ]


def well():
    """A quiet quarter of an hour, and figures every minute."""
    return [
        *sessions(),
        *(series("up", "1x30", job="bridge", gateway=each) for each in GATEWAYS),
        series("bridge_virtual_address_held", "1x30", gateway="gateway-a"),
        series("bridge_virtual_address_held", "0x30", gateway="gateway-b"),
        *(series("bridge_drained", "0x30", gateway=each) for each in GATEWAYS),
        *(copied(each, "0+60x30") for each in DATA_SETS),
        *(
            series("bridge_dropped_packets_total", "7x30", gateway=gateway, reason=reason)
            for gateway in GATEWAYS
            for reason in ("plain", "undeclared")
        ),
    ]


def instead(*changed):
    """The quiet time with some series replaced, or others added."""
    names = {each["series"] for each in changed}
    return [*(each for each in well() if each["series"] not in names), *changed]


@pytest.fixture
def firing(tmp_path):
    """The alerts that fire after so many minutes over these series."""
    return lambda input_series, minutes: promtool.firing(tmp_path, RULES, input_series, minutes, "15s")


@real
def test_prometheus_takes_the_rules(tmp_path):
    assert complaint(tmp_path, RULES) == ""


@real
def test_nobody_is_called_while_all_is_well(firing):
    assert firing(well(), 25) == set()


WITHOUT_A = {"gateway_a_first": LOST, "gateway_a_second": LOST}
WITHOUT_B = {"gateway_b_first": LOST, "gateway_b_second": LOST}
DROPPED = "bridge_dropped_packets_total"


@real
@pytest.mark.parametrize(
    ("changed", "minutes", "alerts"),
    [
        (sessions(gateway_a_first=LOST), 12, set()),
        (sessions(gateway_a_first=LOST), 17, {"BridgeTunnelDown"}),
        (sessions(**WITHOUT_A), 17, {"BridgeTunnelDown", "BridgeWithoutReserve"}),
        (
            sessions(**WITHOUT_A, gateway_b_first=LOST),
            17,
            {"BridgeTunnelDown", "BridgeWithoutReserve"},
        ),
        (sessions(**WITHOUT_A, **WITHOUT_B), 13, {"BridgeDown"}),
        (
            [series("bridge_bgp_established", LOST, gateway="gateway-b", tunnel="first")],
            14,
            {"BridgeSessionDown"},
        ),
        (
            [
                series(
                    "bridge_tunnel_refusals_total",
                    "1+4x30",
                    gateway="gateway-a",
                    tunnel="first",
                    reason="key",
                )
            ],
            3,
            {"BridgeTunnelRefused"},
        ),
        (
            [
                series(
                    "bridge_tunnel_refusals_total",
                    "1+4x30",
                    gateway="gateway-a",
                    tunnel="first",
                    reason="silence",
                )
            ],
            3,
            set(),
        ),
        (
            [
                series(
                    "bridge_bgp_refused_prefixes",
                    "0x4 2x20",
                    gateway="gateway-a",
                    tunnel="first",
                    reason="overlap",
                )
            ],
            8,
            {"BridgeRoutesRefused"},
        ),
        ([series("up", LOST, job="bridge", gateway="gateway-b")], 17, {"BridgeGatewayAway"}),
        ([series("bridge_drained", "1x60", gateway="gateway-b")], 20, set()),
        ([series("bridge_drained", "1x60", gateway="gateway-b")], 31, {"BridgeGatewayDrained"}),
        ([series("bridge_virtual_address_held", LOST, gateway="gateway-a")], 13, {"BridgeAddressLost"}),
        (
            [series("bridge_virtual_address_held", "0x10 1x20", gateway="gateway-b")],
            13,
            {"BridgeAddressTwice"},
        ),
        (
            [series("node_textfile_mtime_seconds", "0x30", gateway="gateway-a", file=METRICS_FILE)],
            5,
            {"BridgeMetricsOld"},
        ),
        ([series(DROPPED, "7x10 9x20", gateway="gateway-a", reason="plain")], 12, {"BridgeLeakStopped"}),
        ([series(DROPPED, "7+30x30", gateway="gateway-a", reason="undeclared")], 25, set()),
        (
            [series(DROPPED, "7+600x30", gateway="gateway-a", reason="undeclared")],
            25,
            {"BridgeUndeclaredFlow"},
        ),
    ],
    ids=lambda value: " ".join(sorted(value)) or "nobody" if isinstance(value, set) else "",
)
def test_what_goes_wrong_calls_for_exactly_one_thing(firing, changed, minutes, alerts):
    assert firing(instead(*changed), minutes) == alerts


@real
def test_a_data_set_is_stale_an_hour_after_it_was_last_copied_whatever_the_bridge_says(firing):
    stopped = copied("histories", "0+60x10 600x100")

    assert "HotDataStale" not in firing(instead(stopped), 65)
    assert "HotDataStale" in firing(instead(stopped), 72)


@real
def test_a_data_set_that_was_never_copied_is_as_old_as_its_schedule(firing):
    never = series("kube_cronjob_created", "0x100", namespace="rialto", cronjob="sync-releases")
    others = [each for each in well() if "sync-releases" not in each["series"]]

    assert "HotDataStale" not in firing([*others, never], 55)
    assert "HotDataStale" in firing([*others, never], 63)


@real
def test_other_schedules_say_nothing_of_hot_data(firing):
    other = series(
        "kube_cronjob_status_last_successful_time", "0x100", namespace="rialto", cronjob="training"
    )

    assert firing([*well(), other], 25) == set()


@real
def test_an_age_that_nobody_tells_is_noticed(firing):
    silent = [each for each in well() if "cronjob" not in each["series"]]

    assert firing(silent, 12) == {"HotDataAgeUnknown"}


@real
def test_a_bridge_that_nobody_hears_of_is_down(firing):
    assert "BridgeDown" in firing([series("up", "0x30", job="bridge", gateway="gateway-a")], 5)


def test_every_alert_says_how_urgent_it_is_and_stands_in_the_runbook():
    for name, each in alerts_of(RULES).items():
        assert each["labels"]["severity"] in SEVERITIES
        assert f"| `{name}`" in (PROJECT / each["annotations"]["runbook"]).read_text(), name
