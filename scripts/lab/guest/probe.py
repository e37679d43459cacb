"""Packets with numbers, sent all the time between private hosts and AWS's: what is lost, where, and for how long."""

from __future__ import annotations

import os
import select
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from .network import HOST, VPC, raw_icmp, within

__all__ = ["Loss", "Probe"]

PER_SECOND = 80
ECHO_REQUEST, ECHO_REPLY = 8, 0
IP_HEADER_BYTES = 20
ICMP = struct.Struct("!BBHHH")
NUMBER = struct.Struct("!Q")
# An answer that comes later than this is as good as lost.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Loss:
    """What a probe saw since a moment: packets sent and lost, there or back, and the longest silence of one flow."""

    sent: int
    lost: int
    lost_there: int
    lost_back: int
    outage_seconds: float
    until_seconds: float

    def as_dict(self) -> dict[str, float]:
        """As JSON has it."""
        return {key: round(value, 3) for key, value in vars(self).items()}


class Probe:
    """One flow for each pair of addresses, in turn; echo requests, since the firewall lets no UDP cross."""

    def __init__(self, flows: Sequence[tuple[str, str]]) -> None:
        self._flows = flows
        self._sent: list[float] = []
        self._there: dict[int, float] = {}
        self._back: dict[int, float] = {}
        self._ended = threading.Event()
        self._senders = [within(HOST, partial(raw_icmp, mine)) for mine, _ in flows]
        self._ears = {
            within(HOST, raw_icmp): (ECHO_REPLY, self._back),
            within(VPC, raw_icmp): (ECHO_REQUEST, self._there),
        }
        self._id = os.getpid() & 0xFFFF
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._send, self._hear)]
        for each in self._threads:
            each.start()

    def close(self) -> None:
        """Send no more."""
        self._ended.set()
        for each in self._threads:
            each.join()
        for one in (*self._senders, *self._ears):
            one.close()

    @property
    def now(self) -> float:
        """The clock that everything is measured by."""
        return time.monotonic()

    def flows_well(self, seconds: float) -> bool:
        """Whether every flow's packets of the last `seconds`, but the newest, came back."""
        since, until = self.now - seconds, self.now - PATIENCE_SECONDS / 4
        numbers = [number for number in self._numbers_since(since) if self._sent[number] < until]
        return len(numbers) >= len(self._flows) and all(number in self._back for number in numbers)

    def loss(self, since: float, until: float | None = None) -> Loss:
        """What was lost of the packets sent between two moments, once the last had the time to come back."""
        until = self.now if until is None else until
        time.sleep(max(0.0, until + PATIENCE_SECONDS - self.now))
        numbers = [each for each in self._numbers_since(since) if self._sent[each] < until]
        lost = [each for each in numbers if self._waited(each) > PATIENCE_SECONDS]
        there = sum(1 for each in lost if each not in self._there)
        last = max((self._sent[each] for each in lost), default=since)
        return Loss(
            sent=len(numbers),
            lost=len(lost),
            lost_there=there,
            lost_back=len(lost) - there,
            outage_seconds=max(self._silences(numbers), default=0.0),
            until_seconds=last - since,
        )

    def _silences(self, numbers: Sequence[int]) -> list[float]:
        """For each flow the longest row of lost packets, in seconds of their sending."""
        found = []
        for flow in range(len(self._flows)):
            longest, begun = 0.0, None
            for each in (number for number in numbers if number % len(self._flows) == flow):
                if self._waited(each) <= PATIENCE_SECONDS:
                    if begun is not None:
                        longest, begun = max(longest, self._sent[each] - begun), None
                elif begun is None:
                    begun = self._sent[each]
            if begun is not None:
                longest = max(longest, self._sent[numbers[-1]] - begun)
            found.append(longest)
        return found

    def _waited(self, number: int) -> float:
        return self._back.get(number, float("inf")) - self._sent[number]

    def _numbers_since(self, since: float) -> list[int]:
        sent = self._sent
        first = len(sent)
        while first and sent[first - 1] >= since:
            first -= 1
        return list(range(first, len(sent)))

    def _send(self) -> None:
        due = self.now
        while not self._ended.wait(max(0.0, due - self.now)):
            number = len(self._sent)
            flow = number % len(self._flows)
            self._sent.append(self.now)
            packet = echo(self._id, number)
            # One that cannot be sent is the same as a lost one: nothing comes back.
            with suppress(OSError):
                self._senders[flow].sendto(packet, (self._flows[flow][1], 0))
            due = max(due + 1 / PER_SECOND, self.now - 1)

    def _hear(self) -> None:
        while not self._ended.is_set():
            for ear in select.select(list(self._ears), [], [], 0.5)[0]:
                kind, heard = self._ears[ear]
                packet = ear.recv(256)[IP_HEADER_BYTES:]
                if len(packet) >= ICMP.size + NUMBER.size:
                    type_, _, _, identity, _ = ICMP.unpack_from(packet)
                    if type_ == kind and identity == self._id:
                        heard.setdefault(NUMBER.unpack_from(packet, ICMP.size)[0], self.now)


def echo(identity: int, number: int) -> bytes:
    """An echo request (https://www.rfc-editor.org/rfc/rfc792) that carries its number."""
    body = NUMBER.pack(number)
    head = ICMP.pack(ECHO_REQUEST, 0, 0, identity, number & 0xFFFF)
    return ICMP.pack(ECHO_REQUEST, 0, checksum(head + body), identity, number & 0xFFFF) + body


def checksum(data: bytes) -> int:
    """The Internet checksum (https://www.rfc-editor.org/rfc/rfc1071) of an even number of bytes."""
    total = sum(word for (word,) in struct.iter_unpack("!H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
