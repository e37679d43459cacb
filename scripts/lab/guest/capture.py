"""Everything on the wire between the two clouds: only IPsec may be there."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter

from .network import INTERNET, within

__all__ = ["Capture", "kind"]

ETH_P_ALL = 3
ETHERNET_BYTES = 14
ARP, IPV4 = 0x0806, 0x0800
ICMP, UDP = 1, 17
# https://www.rfc-editor.org/rfc/rfc792: unreachable, time exceeded; the packet in question follows.
ERRORS = (3, 11)
ICMP_BYTES = 8
IKE_PORT, IKE_NAT_PORT = 500, 4500
# https://www.rfc-editor.org/rfc/rfc3948#section-2: what follows the UDP header.
NON_ESP_MARKER = bytes(4)
KEEPALIVE = b"\xff"
EXAMPLES = 5
# Large enough that a second of the processor's absence loses no packet.
BUFFER_BYTES = 8 << 20


def kind(frame: bytes) -> str:
    """What a frame is: esp, ike, keepalive, arp, error; `plain` for everything that should not be here."""
    (ethertype,) = struct.unpack_from("!H", frame, 12)
    if ethertype == ARP:
        return "arp"
    if ethertype != IPV4:
        return "plain"
    return _ipv4(frame[ETHERNET_BYTES:])


def _ipv4(packet: bytes) -> str:
    datagram = packet[(packet[0] & 15) * 4 :]
    if packet[9] == ICMP and datagram[0] in ERRORS:
        # That IPsec could not be delivered is no secret: nobody was there yet.
        return "error" if _ipv4(datagram[ICMP_BYTES:]) != "plain" else "plain"
    if packet[9] != UDP:
        return "plain"
    source, destination = struct.unpack_from("!HH", datagram)
    payload = datagram[8:]
    if (source, destination) == (IKE_PORT, IKE_PORT):
        return "ike"
    if IKE_NAT_PORT not in (source, destination):
        return "plain"
    if payload[:1] == KEEPALIVE and (len(payload) == 1 or not any(payload[1:])):
        return "keepalive"
    return "ike" if payload.startswith(NON_ESP_MARKER) else "esp"


class Capture:
    """Counts every frame on the internet's wire to the private cloud, from now on."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: list[str] = []
        self._ended = threading.Event()
        self._socket = within(INTERNET, _open)
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and count what the kernel had to leave out."""
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def _hear(self) -> None:
        while not self._ended.is_set():
            try:
                frame = self._socket.recv(128)
            except TimeoutError:
                continue
            found = kind(frame)
            self.counts[found] += 1
            if found == "plain" and len(self.examples) < EXAMPLES:
                self.examples.append(frame.hex())


def _open() -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    found.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUFFORCE if hasattr(socket, "SO_RCVBUFFORCE") else 33, BUFFER_BYTES
    )
    found.bind(("router", 0))
    found.settimeout(0.5)
    return found
