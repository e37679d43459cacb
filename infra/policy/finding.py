"""A policy, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from infra.policy.estate import Estate

__all__ = ["NO_CONTROL", "Finding", "Policy", "Severity"]

# blocks: nobody may apply this; decide: a person must say yes.
Severity = Literal["blocks", "decide"]
# Better than a number made up.
NO_CONTROL = "no control known"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One place that breaks a policy: `where` is a resource's name or a setting's key."""

    where: str
    problem: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One rule, with the controls of published frameworks that it stands for."""

    id: str
    severity: Severity
    title: str
    controls: tuple[str, ...]
    check: Callable[[Estate], Iterable[Finding]]
