import struct

import pytest

from scripts.lab.guest.capture import kind


def frame(payload=b"", ports=(4500, 4500), protocol=17, ethertype=0x0800):
    """An Ethernet frame with an IPv4 packet as far as `kind` looks at it."""
    udp = struct.pack("!HHHH", *ports, 8 + len(payload), 0)
    ip = struct.pack("!BBHHHBBH8s", 0x45, 0, 28 + len(payload), 0, 0, 64, protocol, 0, bytes(8))
    return bytes(12) + struct.pack("!H", ethertype) + ip + udp + payload


def error(about):
    """An ICMP message that another frame's packet found nobody."""
    packet = about[14:]
    ip = struct.pack("!BBHHHBBH8s", 0x45, 0, 28 + len(packet), 0, 0, 64, 1, 0, bytes(8))
    return about[:14] + ip + struct.pack("!BBHI", 3, 3, 0, 0) + packet


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (frame(b"\x12\x34\x56\x78" + bytes(40)), "esp"),
        (frame(bytes(4) + b"ike"), "ike"),
        (frame(b"ike", ports=(500, 500)), "ike"),
        (frame(b"\xff" + bytes(17)), "keepalive"),
        (frame(ethertype=0x0806), "arp"),
        (error(frame(b"ike", ports=(500, 500))), "error"),
    ],
)
def test_ipsec_and_what_carries_it_are_known(found, expected):
    assert kind(found) == expected


@pytest.mark.parametrize(
    "found",
    [
        frame(b"hello", ports=(40000, 443)),
        frame(protocol=6),
        frame(protocol=1),
        error(frame(b"hello", ports=(40000, 443))),
        frame(ethertype=0x86DD),
    ],
)
def test_everything_else_is_plain(found):
    assert kind(found) == "plain"
