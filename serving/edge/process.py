"""One start of an edge on this machine: what `launcher.py` hands out and finds again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from serving.edge.admin import EdgeAdmin
from serving.edge.config import EdgeConfig
from serving.runtime.process import PROC, ProcessRef

__all__ = ["ADMIN_SOCKET", "EdgeHandle", "ports"]

HANDLE_FILE = "edge.json"
# In the folder that Envoy runs in: the address of a socket file may have 107 bytes, a path may have more.
ADMIN_SOCKET = "admin.sock"


def ports(config: EdgeConfig) -> dict[str, int]:
    """Ports by the key that people set them with."""
    return {"port": config.port, "inside-port": config.inside_port, "metrics-port": config.metrics_port}


@dataclass(frozen=True, kw_only=True)
class EdgeHandle:
    """One start."""

    process: ProcessRef
    ports: Mapping[str, int]

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The last start of the edge of `folder`, which may have ended since; None if there was none."""
        file = folder / HANDLE_FILE
        if not file.exists():
            return None
        noted = json.loads(file.read_text())
        return cls(process=ProcessRef(**noted["process"]), ports=noted["ports"])

    def write(self, folder: Path) -> None:
        """Note the start in `folder`, for `read`."""
        aside = folder / f".{HANDLE_FILE}"
        aside.write_text(json.dumps(asdict(self), indent=1))
        aside.replace(folder / HANDLE_FILE)

    @property
    def admin(self) -> EdgeAdmin:
        """What to ask and to tell it."""
        return EdgeAdmin(PROC / str(self.process.pid) / "cwd" / ADMIN_SOCKET)

    def alive(self) -> bool:
        """Whether the process of this start still runs."""
        return self.process.alive()
