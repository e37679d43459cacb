"""How alerts leave a cluster: what Alertmanager is told, the keys that it needs for that, and where it may connect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from infra.inference.network_policy import Egress

__all__ = ["Outlet"]


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """Alertmanager's file (`configuration`), secrets by file name, and rules for what leaves its pods."""

    configuration: Mapping[str, Any]
    egress: Sequence[Egress]
    keys: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
