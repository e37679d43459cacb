"""Connections between the clouds: one that is declared and carries much, and some that are not declared."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from typing import Any

from .lab import Lab
from .network import HOST, VPC, within

__all__ = ["forbidden_flow", "full_size_transfer"]

DECLARED_PORT, UNDECLARED_PORT = 443, 22
BYTES = 2 << 20
CHUNK = 64 << 10
TIMEOUT_SECONDS = 60.0
FORBIDDEN_SECONDS = 3.0
COUNTER = 'bridge_dropped_packets_total{reason="undeclared"}'


def full_size_transfer(lab: Lab) -> dict[str, Any]:
    """Megabytes go to AWS and come back over one connection, whose hosts know nothing of a tunnel's smaller packets."""
    near, far = lab.flows[0]
    listener = within(VPC, lambda: socket.create_server((far, DECLARED_PORT)))
    server = threading.Thread(target=_echo, args=(listener,), daemon=True)
    server.start()
    sent = bytes(range(256)) * (BYTES // 256)
    start = time.monotonic()
    client = within(HOST, lambda: socket.create_connection((far, DECLARED_PORT), TIMEOUT_SECONDS, (near, 0)))
    with client, listener:
        segment = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        writer = threading.Thread(target=_send, args=(client, sent), daemon=True)
        writer.start()
        received = _receive(client)
        writer.join()
    server.join()
    seconds = time.monotonic() - start
    fragments = sum(_fragments(each.run("cat", "/proc/net/snmp")) for each in lab.machines.values())
    return {
        "bytes": len(received),
        "same": hashlib.sha256(received).digest() == hashlib.sha256(sent).digest(),
        "seconds": seconds,
        "segment": segment,
        "mss": lab.plan["mss"],
        "fragments": fragments,
    }


def _echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        _send(connection, _receive(connection))


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def _receive(connection: socket.socket) -> bytes:
    found = bytearray()
    while chunk := connection.recv(CHUNK):
        found += chunk
    return bytes(found)


def _fragments(snmp: str) -> int:
    """Packets that a machine cut into pieces (FragCreates of /proc/net/snmp)."""
    names, values = (line.split()[1:] for line in snmp.splitlines() if line.startswith("Ip:"))
    return int(dict(zip(names, values, strict=True))["FragCreates"])


def forbidden_flow(lab: Lab) -> dict[str, Any]:
    """Connections that no flow declares, from both sides: none comes about, and the firewall counts them."""
    near, far = lab.flows[0]
    before = _dropped(lab)
    reached = [
        _connects(HOST, near, VPC, far, UNDECLARED_PORT),
        _connects(VPC, far, HOST, near, UNDECLARED_PORT),
        _connects(VPC, far, HOST, near, DECLARED_PORT),
    ]
    return {"reached": sum(reached), "tried": len(reached), "counted": _dropped(lab) - before}


def _connects(here: str, mine: str, there: str, theirs: str, port: int) -> bool:
    """Whether a connection from one side to a listener on the other comes about."""
    with within(there, lambda: socket.create_server((theirs, port))):
        try:
            within(
                here, lambda: socket.create_connection((theirs, port), FORBIDDEN_SECONDS, (mine, 0))
            ).close()
        except OSError:
            return False
    return True


def _dropped(lab: Lab) -> float:
    """Undeclared packets that all gateways dropped so far."""
    return sum(lab.metrics(name).get(COUNTER, 0.0) for name in lab.machines)
