"""The Ray cluster of a run: one that exists, or this machine's own cores for as long as the run takes."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ray

__all__ = ["Cluster", "joined"]

# Ray takes 127.0.0.1 for a mistake and opens its ports, which ask for no password, to the network.
LOOPBACK = "127.0.0.2"
ANSWER_SECONDS = 10
PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cluster:
    """A cluster that is there: each of `workers` takes one of its `resource`s, of which it has `size`."""

    workers: int
    resource: str
    size: int
    machines: int


@contextmanager
def joined(address: str, workers: int) -> Iterator[Cluster]:
    """Join the cluster at `address` (host:port, or "auto" for the one that this machine is part of), or start one here.

    Workers take a GPU each where there are some, a core otherwise. Raises ValueError where there are too few, or
    nobody answers. What was started here ends with the block.
    """
    if workers < 1:
        raise ValueError(f"--workers is {workers}; one at least has to do the work")
    if address:
        _require_answer(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        _start(address)
        yield _enough(workers)
    finally:
        ray.shutdown()


def _start(address: str) -> None:
    if not address:
        # Ray's own choice is 15: beside anything else that computes, workers would hardly run.
        os.environ.setdefault("RAY_worker_niceness", "0")
        ray.init(
            address="local",
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address=LOOPBACK,
        )
        return
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            # The other machines have the packages; the code is what was started here.
            runtime_env={"py_modules": [str(PACKAGE)]},
        )
    except (ConnectionError, RuntimeError) as error:
        raise ValueError(
            f"--address is {address!r}, but no Ray cluster has this machine in it ({_first_line(error)}); "
            "start one with `ray start --head` here and `ray start --address` on the others"
        ) from error


def _require_answer(address: str) -> None:
    """Raise ValueError if nobody listens at `address`: Ray itself would ask again for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise ValueError(
            f"--address is {address!r}; run this on a machine of the cluster, with --address auto or its host:port"
        )
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ValueError(
            f"--address is {address!r}, where nobody answers ({error}); "
            "the address is what `ray start --head` printed, usually port 6379"
        ) from error


def _enough(workers: int) -> Cluster:
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    resource = "GPU" if there.get("GPU") else "CPU"
    size = int(there.get(resource, 0))
    if workers > size:
        raise ValueError(
            f"--workers is {workers}, but the cluster has {size} {resource}s and each takes one; "
            "ask for fewer or add machines"
        )
    machines = sum(node["Alive"] for node in ray.nodes())  # type: ignore[no-untyped-call]
    return Cluster(workers, resource, size, machines)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
