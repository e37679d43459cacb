"""Where the local environment keeps what it makes. States hold these paths relative, so a clone can move."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

__all__ = ["ENVIRONMENT", "PROJECT", "point"]

PROJECT = Path(__file__).parents[2]
# Made by scripts/setup from serving/runtime/requirements.lock.
ENVIRONMENT = PROJECT / ".rialto" / "environments" / "triton"


def point(link: Path, target: Path) -> None:
    """Make `link` lead to `target`; whoever follows it meanwhile gets the old one or the new one."""
    # Pulumi makes both servers at once, and both have a release to point at.
    aside = link.with_name(f".{link.name}-{uuid4().hex}")
    aside.symlink_to(target)
    aside.replace(link)
