"""Panels for Grafana, as its own library makes them: a title, a unit, and expressions by the name of their line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

__all__ = ["Panel", "board"]

# A variable of the dashboard: it then works in any Grafana that has a Prometheus.
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH, HEIGHT = 8, 8
Rows = Mapping[str, Sequence["Panel"]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What is drawn: `lines` are expressions by what the legend calls them (`{{model}}`: by the label of that name).

    `unit` is one of Grafana's (`s`, `ms`, `percentunit`, `short`, ...); `latest` shows one number instead of a curve.
    """

    title: str
    lines: Mapping[str, str]
    unit: str = "short"
    latest: bool = False

    def built(self, number: int) -> stat.Panel | timeseries.Panel:
        """The same as Grafana's library builds it; `number` is its own on the dashboard."""
        made = stat.Panel() if self.latest else timeseries.Panel().legend(_legend())
        made = made.id(number).title(self.title).unit(self.unit).datasource(SOURCE).span(WIDTH).height(HEIGHT)
        for letter, (legend, expr) in zip(ascii_uppercase, self.lines.items(), strict=False):
            made = made.with_target(prometheus.Dataquery().ref_id(letter).expr(expr).legend_format(legend))
        return made


def board(uid: str, title: str, rows: Rows) -> str:
    """A dashboard as the JSON that Grafana reads; `uid` is its address there and never changes."""
    made = (
        grafana.Dashboard(title)
        .uid(uid)
        .tags(["rialto"])
        .readonly()
        .refresh("30s")
        .time("now-6h", "now")
        .with_variable(grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    number = itertools.count(1)
    for name, panels in rows.items():
        made = made.with_row(grafana.Row(name).id(next(number)))
        for panel in panels:
            made = made.with_panel(panel.built(next(number)))
    return json.dumps(made.build(), cls=JSONEncoder, sort_keys=True)


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
