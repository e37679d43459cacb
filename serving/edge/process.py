"""One start of an edge on this machine: what `launcher.py` hands out and finds again."""

from __future__ import annotations

from dataclasses import dataclass

from serving.edge.admin import EdgeAdmin
from serving.edge.config import EdgeConfig
from serving.runtime.note import ProcessNote
from serving.runtime.process import PROC

__all__ = ["ADMIN_SOCKET", "EdgeHandle", "ports"]

# In the folder that Envoy runs in: the address of a socket file may have 107 bytes, a path may have more.
ADMIN_SOCKET = "admin.sock"


def ports(config: EdgeConfig) -> dict[str, int]:
    """Ports by the key that people set them with."""
    return {"port": config.port, "inside-port": config.inside_port, "metrics-port": config.metrics_port}


@dataclass(frozen=True, kw_only=True)
class EdgeHandle(ProcessNote):
    """One start."""

    @property
    def admin(self) -> EdgeAdmin:
        """What to ask and to tell it."""
        return EdgeAdmin(PROC / str(self.process.pid) / "cwd" / ADMIN_SOCKET)
