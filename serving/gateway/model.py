"""Asks the served models, and takes only answers whose indices mean what ours mean.

K = items asked for, C = candidates, B = histories
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.signature import ENCODE, PREDICT, RECOMMEND
from serving.failure import ServerError
from serving.gateway.event import Profile
from serving.gateway.metrics import Metrics
from serving.gateway.release import Release, Releases, Tritons
from serving.history import History
from serving.request import Tensors, predict_tensors, recommend_tensors, recommended

__all__ = ["Models"]


class Models:
    """The release that Triton serves; every call raises ServerError where Triton has no answer."""

    def __init__(
        self, tritons: Tritons, releases: Releases, metrics: Metrics, deadline_seconds: float
    ) -> None:
        self._tritons = tritons
        self._releases = releases
        self._metrics = metrics
        # gRPC gives up a little after the caller, so that it is the caller who says why.
        self._seconds = 2 * deadline_seconds
        # Candidates come before the deadline of the ranking starts, so this is added to it where Triton hangs.
        self._encode_seconds = deadline_seconds / 4

    async def recommend(
        self, asked: Release, profile: Profile, k: int, *, exclude_seen: bool
    ) -> tuple[Release, list[int], list[float]]:
        """The release that answered, the `k` best indices without those the user dislikes, and their logits."""
        size = len(asked.catalogue.items)
        wanted = min(k + len(profile.disliked), size)
        tensors = recommend_tensors(
            profile.history,
            wanted,
            exclude_seen=exclude_seen,
            catalogue=size,
            max_history=asked.max_history,
        )
        release, outputs = await self._ask(asked, RECOMMEND.name, tensors)
        item_ids, scores = recommended(outputs, wanted)
        ranked = zip(item_ids.tolist(), scores.tolist(), strict=True)
        kept = [(index, score) for index, score in ranked if index not in profile.disliked][:k]
        return release, [index for index, _ in kept], [score for _, score in kept]

    async def chances(
        self, asked: Release, histories: Sequence[History], candidates: Sequence[int]
    ) -> tuple[Release, NDArray[np.float32]]:
        """The release that answered, and the chance [B, C] of each candidate after each history (of one length)."""
        tensors = predict_tensors(histories, candidates, asked.max_history)
        release, outputs = await self._ask(asked, PREDICT.name, tensors)
        return release, outputs["probabilities"][:, : len(candidates)]

    async def encode(self, asked: Release, tokens_1T: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vector [D] of a text's token numbers, as the encoder of `asked` gives it."""
        try:
            async with asyncio.timeout(self._encode_seconds):
                release, outputs = await self._ask(asked, ENCODE.name, {ENCODE.inputs[0].name: tokens_1T})
        except TimeoutError:
            raise ServerError("encode did not answer in time") from None
        if release.semantic is not asked.semantic:
            raise ServerError(f"release {release.digest} has another text encoder than {asked.digest}")
        return outputs[ENCODE.outputs[0].name][0]

    async def _ask(self, asked: Release, model: str, tensors: Tensors) -> tuple[Release, Any]:
        start = time.perf_counter()
        answer = await self._tritons.infer(model, tensors, self._seconds)
        self._metrics.triton_seconds.labels(model).observe(time.perf_counter() - start)
        return await self._releases.answered(asked, answer.version), answer.outputs
