"""Findings that were accepted, with a reason and a last day."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from infra.policy.catalogue import Violation

__all__ = ["Acceptance", "accepted", "load_acceptances"]

FILE = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """One entry of accepted.toml."""

    policy: str
    stack: str
    where: tuple[str, ...]
    why: str
    until: date


def load_acceptances(file: Path = FILE) -> tuple[Acceptance, ...]:
    """Read the file."""
    entries = tomllib.loads(file.read_text()).get("accepted", [])
    return tuple(Acceptance(**{**entry, "where": tuple(entry["where"])}) for entry in entries)


def accepted(
    violation: Violation, stack: str, today: date, acceptances: Sequence[Acceptance]
) -> Acceptance | None:
    """The entry that covers a violation today; none, if it ended or is about another place."""
    return next(
        (
            each
            for each in acceptances
            if each.policy == violation.policy.id
            and each.stack == stack
            and violation.finding.where in each.where
            and today <= each.until
        ),
        None,
    )
