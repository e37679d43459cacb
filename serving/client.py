"""Asks a Triton for recommendations and purchase chances; `python -m serving.client` prints them with names.

T = events of history, K = items asked for, C = candidates
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.signature import PREDICT, RECOMMEND
from serving.history import History
from serving.request import predict_tensors, recommend_tensors, recommended
from serving.served import ServedRelease
from serving.transport import DEFAULT_URLS, Scheme, Transport, connect

__all__ = ["Client", "Recommendation", "ServedRelease"]


@dataclass(frozen=True)
class Recommendation:
    """Catalogue indices [K], best first, and their logits [K]."""

    item_ids: NDArray[np.int64]
    scores: NDArray[np.float32]


class Client:
    """A typed view of the served models. Pass a transport of your own, or use `Client.open`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.release = self.served()

    @classmethod
    def open(cls, scheme: Scheme = "grpc", url: str | None = None) -> Self:
        """Connect to a server and ask which release it serves; ServerError if it cannot be reached."""
        return cls(connect(scheme, url or DEFAULT_URLS[scheme]))

    def served(self) -> ServedRelease:
        """Ask which release answers now; it changes while a server runs."""
        return ServedRelease.of(self._transport.parameters(RECOMMEND.name))

    def recommend(self, history: History, k: int = 10, *, exclude_seen: bool = False) -> Recommendation:
        """The `k` items most likely in the user's next basket; fewer where all others were seen and left out.

        ValueError if the catalogue has not that many.
        """
        answer = self._transport.infer(
            RECOMMEND.name,
            recommend_tensors(
                history,
                k,
                exclude_seen=exclude_seen,
                catalogue=self.release.catalogue,
                max_history=self.release.max_history,
            ),
        )
        return Recommendation(*recommended(answer, k))

    def predict(self, history: History, candidates: Sequence[int]) -> NDArray[np.float32]:
        """The chance [C] that each candidate (a catalogue index) is in the user's next basket."""
        answer = self._transport.infer(
            PREDICT.name, predict_tensors([history], candidates, self.release.max_history)
        )
        probabilities: NDArray[np.float32] = answer["probabilities"][0, : len(candidates)]
        return probabilities

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


if __name__ == "__main__":
    from serving.command import main

    sys.exit(main())
