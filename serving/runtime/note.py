"""A process that outlives whoever started it, noted in its folder so that it is found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from serving.runtime.process import ProcessRef

__all__ = ["ProcessNote"]

FILE = "process.json"


@dataclass(frozen=True, kw_only=True)
class ProcessNote:
    """One start of a program, and its ports by the key that people set them with."""

    process: ProcessRef
    ports: Mapping[str, int]

    @classmethod
    def of(cls, noted: Mapping[str, Any]) -> Self:
        """The start that `asdict` was made of."""
        return cls(process=ProcessRef(**noted["process"]), ports=dict(noted["ports"]))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The last start noted in `folder`, which may have ended since; None if there was none."""
        file = folder / FILE
        return cls.of(json.loads(file.read_text())) if file.exists() else None

    def write(self, folder: Path) -> None:
        """Note the start in `folder`, for `read`."""
        aside = folder / f".{FILE}"
        aside.write_text(json.dumps(asdict(self), indent=1))
        aside.replace(folder / FILE)

    def alive(self) -> bool:
        """Whether the process of this start still runs."""
        return self.process.alive()
