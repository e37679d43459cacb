"""One gateway: `python -m scripts.benchmarks.peer.shop graph|eager|PORT RELEASE STATE FD`.

With a PORT it is the product, which asks the Triton there over gRPC. Else the same gateway, the same route, history,
audit and answer, with the model inside its own process: what a shop would build with FastAPI.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
import uvloop
from numpy.typing import NDArray

from model.artifact import Artifact
from model.signature import RECOMMEND
from scripts.benchmarks.peer.app import Question, Recommend
from scripts.benchmarks.peer.worker import KEEP_ALIVE_SECONDS, end_with_parent, recommender
from serving.async_transport import AsyncGrpcTransport, Inference
from serving.failure import ServerError
from serving.gateway.app import create_app
from serving.gateway.config import GatewayConfig
from serving.gateway.release import Tritons
from serving.gateway.service import opened
from serving.model_config import ModelConfig, TargetConfig
from serving.runtime.port import LOOPBACK

__all__ = ["InProcess"]

VERSION = 1


class InProcess:
    """A release's `recommend` in the gateway's own process and event loop, on one thread."""

    def __init__(self, release: Artifact, recommend: Recommend) -> None:
        manifest = release.manifest
        self._recommend = recommend
        self._config = ModelConfig(
            signature=RECOMMEND,
            target=TargetConfig.embedded(),
            version=VERSION,
            release=release.digest,
            catalogue=manifest.catalogue,
            max_history=manifest.max_history,
        )

    async def infer(self, model: str, inputs: Mapping[str, NDArray[Any]], seconds: float) -> Inference:
        """See `Tritons`; ServerError for any other model."""
        if model != RECOMMEND.name:
            raise ServerError(f"{model} is not served here")
        answer = self._recommend(_question(inputs))
        outputs = {"item_ids": np.array([answer.item_ids]), "scores": np.array([answer.scores], np.float32)}
        return Inference(outputs, VERSION)

    async def config(self, model: str, seconds: float) -> Any:  # noqa: ANN401 - see `Tritons`
        """See `Tritons`."""
        return self._config.as_protobuf()

    async def close(self) -> None:
        """See `Tritons`."""


def main(kind: str, release: Path, state: Path, descriptor: int) -> None:
    """Serve until told to stop, or until the bench is gone."""
    end_with_parent()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(kind, release, state, socket.socket(fileno=descriptor)))


async def _serve(kind: str, release: Path, state: Path, listening: socket.socket) -> None:
    address = f"{LOOPBACK}:{kind}"
    tritons: Tritons
    if kind.isdigit():
        tritons = AsyncGrpcTransport([address])
    else:
        tritons = InProcess(Artifact.load(release), recommender(kind, release))
    async with opened(GatewayConfig(triton=[address], release=str(release), state=state), tritons) as service:
        # As serving.gateway runs it, but for the time that connections may rest (worker.py).
        config = uvicorn.Config(
            create_app(service),
            http="httptools",
            access_log=False,
            log_level="warning",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        await uvicorn.Server(config).serve(sockets=[listening])


def _question(inputs: Mapping[str, NDArray[Any]]) -> Question:
    """The events as they are: padding would only cost the model time."""
    ids_T, ages_T = inputs["history_ids"][0], inputs["history_ages"][0]
    real_T = ids_T > 0
    return Question.model_construct(
        history_ids=ids_T[real_T].tolist(),
        history_ages=ages_T[real_T].tolist(),
        exclude_seen=bool(inputs["exclude_seen"][0, 0]),
        k=int(inputs["k"][0, 0]),
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
