"""What one embedded server is: its configuration, and the handle of one start of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from serving.runtime.control import ServerControl
from serving.runtime.process import ProcessRef

__all__ = ["ServerConfig", "ServerHandle", "ServerPorts"]

HANDLE_FILE = "server.json"


@dataclass(frozen=True, kw_only=True)
class ServerPorts:
    """Where a server listens, on loopback only."""

    http: int
    grpc: int
    metrics: int

    def by_key(self) -> dict[str, int]:
        """Ports by the key that people set them with."""
        return {"http-port": self.http, "grpc-port": self.grpc, "metrics-port": self.metrics}


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """What a server runs on (`.rialto/environments/triton`), the folder that is its own, and its ports.

    With `certificates`, a folder of tls.crt, tls.key and ca.crt, gRPC takes only callers whose certificate that
    authority made.
    """

    environment: Path
    folder: Path
    ports: ServerPorts
    certificates: Path | None = None

    @property
    def repository(self) -> Path:
        """The model repository; see serving/repository.py."""
        return self.folder / "models"

    @property
    def log(self) -> Path:
        """Everything that the server and its models print."""
        return self.folder / "tritonserver.log"


@dataclass(frozen=True, kw_only=True)
class ServerHandle:
    """One start of a server.

    `region` is a name that only this start has: its shared memory begins with it, and it stands in the
    command line of the server and of every python stub.
    """

    process: ProcessRef
    region: str
    ports: ServerPorts

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The last start of the server of `folder`, which may have ended since; None if there was none."""
        file = folder / HANDLE_FILE
        if not file.exists():
            return None
        noted = json.loads(file.read_text())
        return cls(
            process=ProcessRef(**noted["process"]),
            region=noted["region"],
            ports=ServerPorts(**noted["ports"]),
        )

    def write(self, folder: Path) -> None:
        """Note the start in `folder`, for `read`."""
        aside = folder / f".{HANDLE_FILE}"
        aside.write_text(json.dumps(asdict(self), indent=1))
        aside.replace(folder / HANDLE_FILE)

    @property
    def control(self) -> ServerControl:
        """What to ask and to tell the server."""
        return ServerControl(self.ports.http)

    def alive(self) -> bool:
        """Whether the process of this start still runs."""
        return self.process.alive()
