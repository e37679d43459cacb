"""Programs that all clones of one person share: brought whole or not at all, by one set-up at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.setup import marker
from scripts.setup.disk import require_space
from scripts.setup.lock import exclusive
from scripts.setup.shell import Shell

__all__ = ["CachedPrograms"]

ORIGIN_NAME = "origin.txt"


@dataclass(frozen=True)
class CachedPrograms:
    """`folder` in the cache, finished from `facts` or made anew; `origin.txt` there says how it was made."""

    folder: Path
    facts: Mapping[str, str]
    needed_gb: float
    what: str

    def complete(self) -> bool:
        """Whether the programs were finished from the present facts, and are as long as they were then."""
        found = marker.read(self.folder)
        sizes = json.loads(found.pop("sizes", "{}"))
        return found == dict(self.facts) and bool(sizes) and sizes == _sizes(self.folder)

    def bring(self, shell: Shell, fill: Callable[[Shell, Path], str]) -> None:
        """Have `fill` put the programs into a folder and say where they come from, unless they are there."""
        with exclusive(self.folder.with_name("lock"), shell.progress.say) as lock:
            if self.complete():
                return
            require_space([self.folder], self.needed_gb, f"installing {self.what}")
            partial = self.folder.with_name(f"{self.folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            (partial / ORIGIN_NAME).write_text(fill(shell.holding(lock), partial))
            marker.write(partial, {**self.facts, "sizes": json.dumps(_sizes(partial))})
            shutil.rmtree(self.folder, ignore_errors=True)
            partial.rename(self.folder)


def _sizes(folder: Path) -> dict[str, int]:
    programs = (file for file in sorted(folder.glob("*")) if file.name not in (marker.NAME, ORIGIN_NAME))
    return {file.name: file.stat().st_size for file in programs}
