"""Triton INT8 beside FastAPI servers and bare onnxruntime: throughput and latency on one machine, in one run.

All answer the same recorded histories. The callers run in a process of their own on the same cores.
"""

from __future__ import annotations

import importlib.util
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from model.artifact import Artifact
from scripts.benchmarks.contest import comparison, verdict
from scripts.benchmarks.contest.contender import WORKERS, Contenders, running
from scripts.benchmarks.contest.plan import FULL, SHORT, START_SECONDS, Plan
from scripts.benchmarks.contest.rounds import measure
from scripts.benchmarks.course import alone, announcement, command, shown, subject
from scripts.benchmarks.embedded import ENVIRONMENT
from scripts.benchmarks.load.payload import K, recorded
from scripts.benchmarks.load.process import LoadProcess
from scripts.benchmarks.machine import describe
from scripts.benchmarks.result import FOLDER, Result
from serving.model_config import TargetConfig

__all__ = ["bench"]

PROJECT = FOLDER.parents[1]
# Enough that no server profits from having answered the same before; encoded, a few MB.
PAYLOADS = 512
PACKAGES = ("onnxruntime", "torch", "fastapi", "uvicorn", "pydantic", "tritonclient", "grpcio", "numpy")


def main() -> None:
    """Run the benchmark on the release of the local stack, or on the baseline."""
    command("serving", __doc__, {"short": SHORT, "full": FULL}, bench)


def bench(release: Artifact, plan: Plan, folder: Path, console: Console) -> Result:
    """Start everything, measure, stop everything and print what came out; `folder` takes the logs.

    ServerError or ValueError if something does not start or fails; nothing is left running then either.
    """
    started = time.monotonic()
    with alone(folder), ExitStack() as stack:
        console.print(announcement("serving", f"{plan.rounds} rounds", plan.seconds, release), soft_wrap=True)
        contenders = stack.enter_context(running(release, folder))
        load = stack.enter_context(LoadProcess(recorded(release.folder, PAYLOADS)))
        with shown(console, plan.seconds - START_SECONDS) as progress:
            found = measure(load, contenders.targets, plan, progress)
        machine = _machine(release, contenders, plan)
    result = Result(
        name="serving", machine=machine, seconds=time.monotonic() - started, rows=verdict.rows(found)
    )
    console.print(comparison.table(found))
    console.print(result.table())
    console.print(comparison.losses(found), soft_wrap=True)
    return result


def _machine(release: Artifact, contenders: Contenders, plan: Plan) -> dict[str, Any]:
    """Where it ran, with which versions, and how each server was set up."""
    about = describe(PACKAGES)
    about["versions"]["triton"] = contenders.triton_version
    about["versions"]["onnxruntime in triton"] = _installed("onnxruntime")
    target = TargetConfig.embedded()
    return {
        **about,
        **subject(release),
        "k": K,
        "payloads": PAYLOADS,
        "rounds": plan.rounds,
        "triton": f"{target.instances} x {target.threads} threads",
        "peers": f"{WORKERS} x 1 thread, uvicorn on {_http_stack()}",
    }


def _installed(package: str) -> str:
    """The version of a package in Triton's own environment."""
    found = next(ENVIRONMENT.glob(f"lib/python3.*/site-packages/{package}-*.dist-info"))
    return found.name.removesuffix(".dist-info").partition("-")[2]


def _http_stack() -> str:
    """What uvicorn chooses by itself: the compiled loop and parser where they are installed."""
    chosen = (("uvloop", "asyncio"), ("httptools", "h11"))
    return " and ".join(fast if importlib.util.find_spec(fast) else plain for fast, plain in chosen)


if __name__ == "__main__":
    main()
