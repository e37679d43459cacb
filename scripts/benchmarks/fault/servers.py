"""A shop with a spare Triton: an edge, a gateway, the edge beside it, and two Tritons behind that."""

from __future__ import annotations

import re
import shutil
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.artifact import Artifact
from model.signature import RECOMMEND
from scripts.benchmarks.domain.estate import Files, edge, seeded
from scripts.benchmarks.embedded import embedded, start_again
from scripts.benchmarks.load.target import ShopTarget
from scripts.benchmarks.memory import pss_mib
from scripts.benchmarks.peer.process import Worker
from serving.edge.cluster import TRITON_GRPC
from serving.edge.config import EdgeConfig
from serving.edge.process import EdgeHandle
from serving.failure import ServerError
from serving.runtime.port import LOOPBACK
from serving.runtime.process import mentioning
from serving.runtime.server import ServerHandle

__all__ = ["PARTS", "Kill", "Servers", "running"]

FIRST, SECOND = "triton-1", "triton-2"
OUTSIDE, GATEWAY, INSIDE = "edge", "gateway", "inside"
# In this order in every table, as a request passes them.
PARTS = {
    OUTSIDE: "edge before the gateway",
    GATEWAY: "gateway",
    INSIDE: "edge before the Tritons",
    FIRST: "Triton that was killed",
    SECOND: "the other Triton",
}
HEALTHY = f"cluster.{TRITON_GRPC}.membership_healthy"
ANSWERED = re.compile(
    rf'^nv_inference_request_success{{model="{RECOMMEND.name}",[^}}]*}} (\d+)', re.MULTILINE
)
KILL_SECONDS = 5
# Of a machine that has other work too.
PATIENCE_SECONDS = 60
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Kill:
    """A SIGKILL of one process, when, and how long after it the edge knew and the next start answered callers.

    `at` is time.perf_counter's, which on Linux is the same clock in every process.
    """

    pid: int
    at: float
    noticed_seconds: float
    answers_seconds: float


@dataclass(kw_only=True)
class Servers:
    """All that runs: whom to ask, the Triton to kill, and what everything takes of the memory."""

    release: Artifact
    folder: Path
    certificates: Path
    first: ServerHandle
    second: ServerHandle
    target: ShopTarget
    gateway_port: int

    def kill(self) -> Kill:
        """Kill the first Triton, wait until the edge knows, start it again, and wait until it answers callers."""
        killed = self.first
        at = time.perf_counter()
        if not killed.process.end(signal.SIGKILL, KILL_SECONDS):
            raise ServerError(f"Triton (process {killed.process.pid}) did not end of a SIGKILL")
        _wait(lambda: self._healthy() == 1, "the edge did not notice that a Triton was killed")
        noticed = time.perf_counter()
        self.first = start_again(killed, self.release, self.folder / FIRST, self.certificates)
        # Its own warm-up is answered before.
        before = self._answered()
        _wait(lambda: self._answered() > before, "the Triton that was started again is asked nothing")
        return Kill(killed.process.pid, at, noticed - at, time.perf_counter() - at)

    def memory_mib(self) -> dict[str, float]:
        """Pss of each of `PARTS`."""
        return {
            OUTSIDE: pss_mib([self._edge(OUTSIDE).process]),
            GATEWAY: pss_mib(mentioning(str(self.folder / GATEWAY))),
            INSIDE: pss_mib([self._edge(INSIDE).process]),
            FIRST: pss_mib(mentioning(self.first.region)),
            SECOND: pss_mib(mentioning(self.second.region)),
        }

    def _edge(self, name: str) -> EdgeHandle:
        handle = EdgeHandle.read(self.folder / name)
        assert handle is not None
        return handle

    def _healthy(self) -> int:
        return self._edge(INSIDE).admin.counters(f"^{HEALTHY}$")[HEALTHY]

    def _answered(self) -> int:
        """How many requests this start of the first Triton answered."""
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.first.ports.metrics}/metrics") as answer:
            found = ANSWERED.search(answer.read().decode())
        return int(found[1]) if found else 0


@contextmanager
def running(release: Artifact, folder: Path) -> Iterator[Servers]:
    """Start everything and wait for it; all ends with the block. Logs are in `folder`.

    ServerError or ValueError if something does not start.
    """
    files = Files.fresh(folder)
    certificates = files.root / "triton"
    shutil.rmtree(folder / GATEWAY, ignore_errors=True)
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(embedded(release, folder / name, certificates)) for name in (FIRST, SECOND)
        )

        def edge_before(upstream: Worker | None, name: str) -> EdgeConfig:
            return stack.enter_context(edge(files, folder / name, [first.ports, second.ports], upstream))

        # The gateway asks the Tritons through the edge beside it, which therefore comes first.
        inside = edge_before(None, INSIDE)
        state = seeded(release, folder / GATEWAY)
        program: list[str | Path] = [
            "scripts.benchmarks.peer.shop",
            str(inside.inside_port),
            release.folder,
            state,
        ]
        gateway = Worker(program, folder / f"{GATEWAY}.log")
        stack.callback(gateway.stop)
        gateway.wait()
        outside = edge_before(gateway, OUTSIDE)
        yield Servers(
            release=release,
            folder=folder,
            certificates=certificates,
            first=first,
            second=second,
            target=ShopTarget((outside.port,), files.authority, files.token),
            gateway_port=gateway.port,
        )


def _wait(done: Callable[[], bool], failed: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise ServerError(f"{failed} within {PATIENCE_SECONDS} s")
        time.sleep(POLL_SECONDS)
