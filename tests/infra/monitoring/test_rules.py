"""Prometheus' own promtool holds every rule to what it promises, over made-up figures of edge, Triton and gateway."""

import json
import re
from pathlib import Path

import pytest

from infra.monitoring.alerts import HOT_CELSIUS, QUEUE_RECORD, XIDS
from infra.monitoring.objective import BURNS, DAY, OBJECTIVES, WINDOWS, duration, window_name
from infra.monitoring.rules import rule_groups
from tests.infra.monitoring import promtool
from tests.infra.monitoring.promtool import alerts_of, complaint, outcome, real, series

PROJECT = Path(__file__).parents[3]
QUEUE_MS = 20
RULES = rule_groups(queue_time_ms=QUEUE_MS, gpu=True)
FLAT = [rule for group in RULES["groups"] for rule in group["rules"]]
ALERTS = alerts_of(RULES)
HOURS = 60
# Four days of minutes, so that every window is full: so many a minute, or nothing.
MINUTES = 4 * 24 * HOURS
OUTSIDE = {"envoy_http_conn_manager_prefix": "outside"}
EVENTS = 1000
GATEWAY = "rialto_gateway"


def rate(per_minute, minutes=MINUTES):
    return f"0+{per_minute}x{minutes}"


def edge(failed=0.0, slow=0.0, minutes=MINUTES):
    return [
        series("envoy_http_downstream_rq_completed", rate(EVENTS, minutes), **OUTSIDE),
        series(
            "envoy_http_downstream_rq_xx",
            rate(failed * EVENTS, minutes),
            **OUTSIDE,
            envoy_response_code_class="5",
        ),
        series("envoy_http_downstream_rq_time_count", rate(EVENTS, minutes), **OUTSIDE),
        series(
            "envoy_http_downstream_rq_time_bucket", rate((1 - slow) * EVENTS, minutes), **OUTSIDE, le="150"
        ),
        series("envoy_cluster_membership_healthy", f"2x{minutes}", envoy_cluster_name="triton-http"),
    ]


def triton(failed=0.0, queued_ms=1.0, minutes=MINUTES):
    model = {"model": "recommend"}
    return [
        series("nv_inference_request_success", rate((1 - failed) * EVENTS, minutes), **model),
        series("nv_inference_request_failure", rate(failed * EVENTS, minutes), **model, reason="BACKEND"),
        # Callers who gave up are no failure of Triton.
        series("nv_inference_request_failure", rate(EVENTS, minutes), **model, reason="CANCELED"),
        series(
            "nv_inference_queue_duration_us", rate((1 - failed) * EVENTS * queued_ms * 1000, minutes), **model
        ),
    ]


def gateway(fallen=0.0, empty=0.0, minutes=MINUTES):
    now = f"0+60x{minutes}"
    return [
        series(f"{GATEWAY}_requests_total", rate(EVENTS, minutes), route="/recommend", status="200"),
        series(
            f"{GATEWAY}_fallbacks_total", rate(fallen * EVENTS, minutes), route="recommend", reason="triton"
        ),
        series(f"{GATEWAY}_fallbacks_total", rate(EVENTS, minutes), route="recommend", reason="no-history"),
        series(f"{GATEWAY}_empty_answers_total", rate(empty * EVENTS, minutes), route="recommend"),
        *(
            series(f"{GATEWAY}_checked_timestamp_seconds", now, part=part)
            for part in ("triton", "histories", "audit")
        ),
        series(f"{GATEWAY}_event_timestamp_seconds", now),
        series(f"{GATEWAY}_release_data_timestamp_seconds", now),
        series(f"{GATEWAY}_audit_lost_records", f"0x{minutes}"),
    ]


def sent(integration, values):
    """Calls that failed, as Alertmanager counts them."""
    return series("alertmanager_notifications_failed_total", values, integration=integration)


def well(minutes=MINUTES):
    cards = [
        series("DCGM_FI_DEV_XID_ERRORS", f"0x{minutes}", gpu="0"),
        series("DCGM_FI_DEV_GPU_TEMP", f"60x{minutes}", gpu="0"),
        series("DCGM_FI_DEV_ROW_REMAP_FAILURE", f"0x{minutes}", gpu="0"),
    ]
    return [
        *edge(minutes=minutes),
        *triton(minutes=minutes),
        *gateway(minutes=minutes),
        *cards,
        sent("slack", f"0x{minutes}"),
    ]


def instead(changed, minutes=MINUTES):
    """The quiet time with some series replaced, or others added."""
    names = {each["series"] for each in changed}
    return [*(each for each in well(minutes) if each["series"] not in names), *changed]


@pytest.fixture
def run(tmp_path):
    """What promtool says to a test of the rules: (exit code, output)."""
    return lambda input_series, every="1m", **checks: outcome(tmp_path, RULES, input_series, every, **checks)


@pytest.fixture
def firing(tmp_path):
    """The alerts that fire after so many minutes over these series."""
    return lambda input_series, minutes, every="1m": promtool.firing(
        tmp_path, RULES, input_series, minutes, every
    )


def burning(objective, ratio, minutes):
    """Series that miss one objective by `ratio`, and nothing else."""
    return {
        "availability": lambda: edge(failed=ratio, minutes=minutes),
        "latency": lambda: edge(slow=ratio, minutes=minutes),
        "inference": lambda: triton(failed=ratio, minutes=minutes),
        "model-answers": lambda: gateway(fallen=ratio, minutes=minutes),
        "answers-not-empty": lambda: gateway(empty=ratio, minutes=minutes),
    }[objective.name]()


# What each alert of a part fires upon: series, and after how many minutes.
PARTS = {
    "EdgeUnseen": ([series("envoy_http_downstream_rq_completed", "_x20", **OUTSIDE)], 6),
    "TritonGone": (
        [series("envoy_cluster_membership_healthy", "2x10 0x20", envoy_cluster_name="triton-http")],
        12,
    ),
    "TritonQueueLong": (triton(queued_ms=2 * QUEUE_MS + 1, minutes=40), 30),
    "GatewayPartAway": (
        [series(f"{GATEWAY}_checked_timestamp_seconds", "0+60x10 600x20", part="histories")],
        16,
    ),
    "HistoriesStale": (
        [series(f"{GATEWAY}_event_timestamp_seconds", "0+60x10 600x400")],
        10 + 6 * HOURS + 20,
    ),
    "ReleaseOld": (
        [series(f"{GATEWAY}_release_data_timestamp_seconds", f"{-31 * DAY}+60x90")],
        HOURS + 20,
    ),
    "AlertsUndelivered": ([sent("pagerduty", "0x10 1x20")], 12),
    "AuditLost": ([series(f"{GATEWAY}_audit_lost_records", "0x10 3x20")], 11),
    "GpuBroken": ([series("DCGM_FI_DEV_XID_ERRORS", "0x10 79x20", gpu="0")], 11),
    "GpuHot": ([series("DCGM_FI_DEV_GPU_TEMP", f"60x10 {HOT_CELSIUS + 1}x20", gpu="0")], 21),
}
BURNT = {f"{each.alert}Burns{speed}" for each in OBJECTIVES for speed in ("Fast", "Slowly")}


def test_every_alert_has_a_test():
    assert ALERTS.keys() == PARTS.keys() | BURNT


@real
def test_prometheus_takes_the_rules(tmp_path):
    assert complaint(tmp_path, RULES) == ""


@real
def test_nobody_is_called_while_all_is_well(firing):
    assert firing(well(100), 90) == set()


@real
@pytest.mark.parametrize("alert", PARTS)
def test_a_part_in_trouble_calls_for_exactly_one_thing(firing, alert):
    changed, minutes = PARTS[alert]

    every = "1m" if minutes < HOURS else "20m"
    assert firing(instead(changed, minutes + 30), minutes, every) == {alert}


@real
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda each: each.name)
def test_a_fast_burn_pages_within_minutes(firing, objective):
    pages = min(burn.factor for burn in BURNS if burn.severity == "page")
    ratio = min(1, 1.1 * pages * objective.budget)

    found = firing(instead(burning(objective, ratio, 20), 20), 10)

    assert f"{objective.alert}BurnsFast" in found
    assert found <= {f"{objective.alert}BurnsFast", f"{objective.alert}BurnsSlowly"}


@real
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda each: each.name)
def test_a_slow_burn_is_a_ticket_and_wakes_nobody(firing, objective):
    found = firing(instead(burning(objective, 3.3 * objective.budget, 120), 120), 100, every="5m")

    assert found == {f"{objective.alert}BurnsSlowly"}


@real
def test_what_the_budgets_allow_calls_nobody(firing):
    most = {each.name: 0.9 * each.budget for each in OBJECTIVES}
    series = [
        *edge(failed=most["availability"], slow=most["latency"], minutes=120),
        *triton(failed=most["inference"], minutes=120),
        *gateway(fallen=most["model-answers"], empty=most["answers-not-empty"], minutes=120),
    ]

    assert len(most) == 5
    assert firing(instead(series, 120), 100) == set()


@real
def test_a_page_ends_soon_after_the_trouble_though_the_hour_still_shows_it(firing):
    bad = edge(minutes=100)
    bad[1] = series(
        "envoy_http_downstream_rq_xx", "0+300x20 6000x80", **OUTSIDE, envoy_response_code_class="5"
    )
    after = instead(bad, 100)

    assert "AvailabilityBurnsFast" in firing(after, 15)
    assert "AvailabilityBurnsFast" in firing(after, 45), "the half hour still shows it"
    assert "AvailabilityBurnsFast" not in firing(after, 55)


@real
def test_every_window_records_the_share_that_missed(run):
    sick = instead([*edge(failed=0.25, slow=0.5), *triton(failed=0.2), *gateway(fallen=0.3, empty=0.1)])
    ratios = dict(zip((each.name for each in OBJECTIVES), (0.25, 0.5, 0.2, 0.3, 0.1), strict=True))
    at = f"{4 * 24 * HOURS}m"
    # Rounded, since these are fractions of sums.
    checks = [
        {
            "expr": f'round({window_name(window)}{{slo="{name}"}}, 1e-6)',
            "eval_time": at,
            "exp_samples": [{"labels": f'{{slo="{name}"}}', "value": ratio}],
        }
        for window in WINDOWS
        for name, ratio in ratios.items()
    ]

    # At each step a rule reads up to three days: few steps.
    code, output = run(sick, every="1d", promql_expr_test=checks)

    assert code == 0, output
    assert {rule["record"] for rule in FLAT if "record" in rule} == {
        QUEUE_RECORD,
        *(window_name(window) for window in WINDOWS),
    }


@real
def test_the_queue_is_recorded_in_milliseconds_a_request(run):
    check = {
        "expr": f"round({QUEUE_RECORD})",
        "eval_time": "10m",
        "exp_samples": [{"labels": "{}", "value": 7}],
    }

    code, output = run(instead(triton(queued_ms=7, minutes=20), 20), promql_expr_test=[check])

    assert code == 0, output


@real
@pytest.mark.parametrize("xid", [0, 13, 31, XIDS[0], XIDS[-1]])
def test_only_errors_of_the_card_itself_break_it(firing, xid):
    """13 and 31 are mistakes of a program."""
    changed = [series("DCGM_FI_DEV_XID_ERRORS", f"{xid}x20", gpu="0")]

    assert firing(instead(changed, 20), 5) == ({"GpuBroken"} if xid in XIDS else set())


def test_every_alert_says_how_urgent_it_is_and_stands_in_the_runbook():
    for name, each in ALERTS.items():
        runbook = (PROJECT / each["annotations"]["runbook"]).read_text()
        assert f"`{re.sub('(Fast|Slowly)$', '...', name)}`" in runbook, name
        assert each["labels"]["severity"] in ("page", "ticket")
        assert each["annotations"]["summary"]


def test_a_cluster_without_cards_has_no_alerts_of_cards():
    text = json.dumps(rule_groups(queue_time_ms=QUEUE_MS, gpu=False))

    assert "DCGM" not in text


def test_windows_shrink_together_and_keep_their_names():
    shrunk = json.dumps(rule_groups(queue_time_ms=QUEUE_MS, gpu=False, scale=1 / 60))

    assert '"slo:error_ratio:rate1h"' in shrunk
    assert "[1m]" in shrunk
    assert "[3d]" not in shrunk


@pytest.mark.parametrize(
    ("seconds", "text"), [(259_200, "3d"), (3600, "1h"), (300, "5m"), (90, "90s"), (0.5, "500ms")]
)
def test_a_duration_is_written_as_prometheus_reads_it(seconds, text):
    assert duration(seconds) == text
