import json

import pytest

from infra.monitoring.dashboard import serving_board
from infra.monitoring.objective import OBJECTIVES
from tests.infra.inference.estate import monitoring
from tests.infra.monitoring.metric import BOARDS, CARDS, ELSEWHERE, asked, expressions, names, recorded
from tests.infra.monitoring.promtool import complaint, real
from tests.manifests import manifests, of_kind


@real
@pytest.mark.parametrize("board", BOARDS)
def test_prometheus_reads_every_expression_of_every_panel(tmp_path, board):
    rules = [
        {"record": f"panel:{number}", "expr": expr}
        for number, (_, expr) in enumerate(expressions(BOARDS[board]))
    ]

    assert rules
    assert complaint(tmp_path, {"groups": [{"name": board, "rules": rules}]}) == ""


def test_whatever_is_asked_for_is_recorded_or_on_a_live_endpoint_or_said_to_be_elsewhere():
    """What is left here, test_live.py finds on the endpoints of real parts."""
    assert ELSEWHERE.keys() <= asked()
    left = asked() - recorded() - ELSEWHERE.keys()
    assert {name.partition("_")[0] for name in left} == {"envoy", "nv", "rialto", "alertmanager"}


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ('sum by (a, b) (rate(x_total{c="d_e",f=~"g"}[5m])) / 1000', {"x_total"}),
        ("1 - slo:error_ratio:rate3d > 2e3 or absent(y) == 0", {"slo:error_ratio:rate3d", "y"}),
        ("up == 1 and on (gateway) z_seconds", {"up", "z_seconds"}),
        ('time() - max by (s) (label_replace(q{n="a"} or r, "s", "$1", "t", "u-(.+)"))', {"q", "r"}),
    ],
)
def test_the_metrics_of_an_expression_are_found_and_nothing_else(expr, found):
    assert names(expr) == found


def test_every_objective_has_a_row_of_its_own():
    rows = [each["title"] for each in json.loads(BOARDS["objectives"])["panels"] if each["type"] == "row"]

    assert rows == ["All", *(each.name for each in OBJECTIVES)]


@pytest.mark.parametrize("board", BOARDS)
def test_panels_and_their_lines_have_an_address_of_their_own(board):
    panels = json.loads(BOARDS[board])["panels"]

    assert len({each["id"] for each in panels}) == len(panels)
    for each in panels:
        letters = [target["refId"] for target in each.get("targets", [])]
        assert len(set(letters)) == len(letters)
        assert "" not in letters


def test_a_cluster_without_cards_shows_none():
    assert not CARDS.keys() & {
        name for _, expr in expressions(serving_board(gpu=False)) for name in names(expr)
    }


def test_grafanas_sidecar_finds_the_dashboards_by_their_label():
    maps = of_kind(manifests(monitoring()), "ConfigMap")

    assert {each["metadata"]["name"] for each in maps} == {"dashboard-objectives", "dashboard-serving"}
    for each in maps:
        assert each["metadata"]["labels"] == {"grafana_dashboard": "1"}
        (text,) = each["data"].values()
        assert json.loads(text)["uid"].startswith("rialto-")
