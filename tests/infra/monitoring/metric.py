"""Which metrics rules and dashboards ask for, and those that no part which runs here could have."""

import json
import re

from infra.bridge.alerts import rule_groups as bridge_rules
from infra.bridge.dashboard import bridge_board
from infra.bridge.machine.metrics import METRICS
from infra.monitoring.dashboard import objectives_board, serving_board
from infra.monitoring.rules import rule_groups
from tests.infra.bridge.bridges import bridge

RULES, BRIDGE_RULES = rule_groups(queue_time_ms=20, gpu=True), bridge_rules(bridge())
BOARDS = {
    "objectives": objectives_board(),
    "serving": serving_board(gpu=True),
    "bridge": bridge_board(),
}
# Labels, strings and windows; then whatever stands in brackets after a word that takes labels there.
NO_METRICS = (
    r"\{[^}]*\}",
    r'"[^"]*"',
    r"\[[^\]]*\]",
    r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)",
)
# Neither a function nor an aggregation, which brackets follow, nor a number.
NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*\b(?!\s*\()")
WORDS = {"and", "or", "unless", "bool", "by"}

CARDS = dict.fromkeys(
    (
        "DCGM_FI_DEV_FB_USED",
        "DCGM_FI_DEV_GPU_TEMP",
        "DCGM_FI_DEV_GPU_UTIL",
        "DCGM_FI_DEV_ROW_REMAP_FAILURE",
        "DCGM_FI_DEV_XID_ERRORS",
    ),
    "NVIDIA's dcgm-exporter, which needs a card",
)
ELSEWHERE = {
    **CARDS,
    **dict.fromkeys(METRICS, "the gateways' own, which their tests and the laboratory write"),
    "node_textfile_mtime_seconds": "node_exporter, on the gateways",
    "kube_cronjob_created": "kube-state-metrics, which needs a cluster with controllers",
    "kube_cronjob_status_last_successful_time": "kube-state-metrics, which needs a cluster with controllers",
    "bridge:staleness_seconds": "recorded of what kube-state-metrics says",
    "up": "Prometheus' own, of every target",
    "ALERTS": "Prometheus' own, while something fires",
}


def names(expr):
    """The metrics that an expression asks for."""
    for each in NO_METRICS:
        expr = re.sub(each, " ", expr)
    return set(NAME.findall(expr)) - WORDS


def rules_of(groups):
    return [rule for group in groups["groups"] for rule in group["rules"]]


def expressions(board):
    """Every expression of a dashboard, by the title of its panel."""
    panels = json.loads(board)["panels"]
    return [(each["title"], target["expr"]) for each in panels for target in each.get("targets", [])]


def recorded():
    """What rules bring into being."""
    return {each["record"] for each in (*rules_of(RULES), *rules_of(BRIDGE_RULES)) if "record" in each}


def asked():
    """All that rules and panels ask for."""
    texts = [each["expr"] for each in (*rules_of(RULES), *rules_of(BRIDGE_RULES))]
    texts += [expr for board in BOARDS.values() for _, expr in expressions(board)]
    return set().union(*map(names, texts))
