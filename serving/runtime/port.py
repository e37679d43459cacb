"""The server's ports: free before it starts, free again after it ended."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

__all__ = ["LOOPBACK", "require_free", "wait_until_free"]

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.05


def require_free(ports: Mapping[str, int]) -> None:
    """Raise ValueError naming the first port, by its key, on which something listens already."""
    for key, port in ports.items():
        if _taken(port):
            raise ValueError(
                f"{key} is {port}, but another program listens there "
                f"(`ss -ltnp sport = :{port}` shows it); stop it or choose another {key}"
            )


def wait_until_free(ports: Mapping[str, int], seconds: float) -> bool:
    """Wait until nothing listens on any of the ports; False if something still does after `seconds`."""
    deadline = time.monotonic() + seconds
    while any(_taken(port) for port in ports.values()):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections that were closed a moment ago do not keep a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
        return False
