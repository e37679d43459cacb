"""Where the local environment keeps what it makes. States hold these paths relative, so a clone can move."""

from __future__ import annotations

from pathlib import Path

from model.artifact import cache_folder

__all__ = ["ENVIRONMENT", "PROJECT", "point", "release_store"]

PROJECT = Path(__file__).parents[2]
# Made by scripts/setup from serving/runtime/requirements.lock.
ENVIRONMENT = PROJECT / ".rialto" / "environments" / "triton"


def release_store() -> Path:
    """The folder of all releases of this user: content-addressed, shared by clones, never emptied here."""
    return cache_folder() / "releases"


def point(link: Path, target: Path) -> None:
    """Make `link` lead to `target`; whoever follows it meanwhile gets the old one or the new one."""
    aside = link.with_name(f".{link.name}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(link)
