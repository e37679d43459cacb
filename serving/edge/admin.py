"""Asks a running Envoy how it is and tells it to let go of its callers, over its own socket file."""

from __future__ import annotations

import http.client
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from serving.failure import ServerError

__all__ = ["EdgeAdmin"]

TIMEOUT_SECONDS = 5
# https://www.envoyproxy.io/docs/envoy/latest/operations/admin
COUNTER = re.compile(r"^([^:\n]+): (\d+)$", re.MULTILINE)


class _FileConnection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("edge", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the file instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class EdgeAdmin:
    """The administration of one Envoy; its owner only can open the socket."""

    socket: Path

    def live(self) -> bool:
        """Whether it has its configuration and answers callers."""
        try:
            return self._ask("GET", "/ready")[0] == http.HTTPStatus.OK
        except ServerError:
            return False

    def counters(self, names: str) -> dict[str, int]:
        """Counters and gauges whose names match a pattern; ServerError if it does not answer."""
        _, text = self._ask("GET", f"/stats?filter={names}")
        return {name: int(value) for name, value in COUNTER.findall(text)}

    def drain(self) -> None:
        """Take no new connections, and tell those there are that this is the end."""
        self._ask("POST", "/drain_listeners?graceful&skip_exit")

    def _ask(self, method: str, path: str) -> tuple[int, str]:
        connection = _FileConnection(self.socket)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"the edge does not answer at {self.socket} ({error})") from None
        finally:
            connection.close()
