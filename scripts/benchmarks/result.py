"""What a benchmark found: goal, measured and verdict a row, as a table and as `.rialto/bench/<name>.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.table import Table

__all__ = ["FOLDER", "Result", "Row"]

FOLDER = Path(__file__).parents[2] / ".rialto" / "bench"
# More digits than a repetition would confirm.
DIGITS = 4
THOUSANDS = 1000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured figure. `measured` is None or not finite where nothing could be measured: no goal is met.

    `goal` is in the same unit; with `better` "more" it is the least that will do, with "less" the most.
    """

    name: str
    measured: float | None
    unit: str
    goal: float | None = None
    better: Literal["more", "less"] = "more"

    @property
    def met(self) -> bool | None:
        """The verdict; None where no goal was set."""
        if self.goal is None:
            return None
        if self.measured is None or not math.isfinite(self.measured):
            return False
        return self.measured >= self.goal if self.better == "more" else self.measured <= self.goal

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON has it, with null for what is not a number."""
        known = self.measured is not None and math.isfinite(self.measured)
        measured = float(f"{self.measured:.{DIGITS}g}") if known else None
        return {
            "name": self.name,
            "measured": measured,
            "goal": self.goal,
            "unit": self.unit,
            "met": self.met,
        }


@dataclass(frozen=True, kw_only=True)
class Result:
    """A whole run: `machine` says where and with what, `seconds` how long it took."""

    name: str
    machine: Mapping[str, Any]
    seconds: float
    rows: Sequence[Row]

    def write(self, folder: Path = FOLDER) -> Path:
        """Write every row to `<name>.json`, at once; whoever reads meanwhile gets the old file or the new."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.name}.json"
        aside = folder / f".{file.name}"
        content = {
            "machine": dict(self.machine),
            "seconds": round(self.seconds, 1),
            "rows": [row.as_dict() for row in self.rows],
        }
        aside.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
        aside.replace(file)
        return file

    def table(self) -> Table:
        """Goal, measured and verdict of every row."""
        table = Table(title=f"{self.name}: goals and measurements", title_justify="left")
        table.add_column("row", overflow="fold")
        for heading in ("goal", "measured"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        for row in self.rows:
            table.add_row(row.name, _goal(row), _number(row.measured, row.unit), _VERDICTS[row.met])
        return table


_VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}


def _goal(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"{'>=' if row.better == 'more' else '<='} {_number(row.goal, row.unit)}"


def _number(value: float | None, unit: str) -> str:
    if value is None or not math.isfinite(value):
        return "not measured"
    number = f"{value:,.0f}" if abs(value) >= THOUSANDS else f"{value:.3g}"
    return f"{number} {unit}".rstrip()
