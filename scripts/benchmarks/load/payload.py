"""What is asked: recorded histories of a release, and one request as each kind of server takes it.

T = events of history
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import np_to_triton_dtype

from model.signature import RECOMMEND
from serving.catalogue import Catalogue
from serving.history import History

__all__ = ["K", "Payload", "recorded"]

K = 10


@dataclass(frozen=True)
class Payload:
    """One request for the `K` next items of a real user."""

    user: str
    history: History
    exclude_seen: bool

    def tensors(self, history: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """The model's inputs around `history_ids` and `history_ages` [1, T]."""
        return {**history, "exclude_seen": np.array([[self.exclude_seen]]), "k": np.array([[K]], np.int64)}

    def feed(self) -> dict[str, NDArray[Any]]:
        """For onnxruntime: the events as they are."""
        ids_1T, ages_1T = self.history.ids[None], self.history.ages[None]
        return self.tensors({"history_ids": ids_1T, "history_ages": ages_1T})

    def triton(self, max_history: int) -> tuple[bytes, int]:
        """For Triton: the padded events that `serving.client` sends, as KServe's JSON and then raw tensors.

        The second value is the length of the JSON (KServe v2, "binary tensor data extension").
        """
        inputs = []
        for name, value in self.tensors(dict(self.history.tensors(max_history))).items():
            inputs.append(InferInput(name, list(value.shape), np_to_triton_dtype(value.dtype)))
            inputs[-1].set_data_from_numpy(value)
        outputs = [InferRequestedOutput(tensor.name, binary_data=False) for tensor in RECOMMEND.outputs]
        body, length = InferenceServerClient.generate_request_body(inputs, outputs=outputs)
        return body, length

    def json(self) -> bytes:
        """For the FastAPI servers: the events as they are."""
        return json.dumps(
            {
                "history_ids": self.history.ids.tolist(),
                # Hours and minutes survive; the 17 digits of a double would only make the body longer.
                "history_ages": [round(age, DECIMALS) for age in self.history.ages.tolist()],
                "exclude_seen": self.exclude_seen,
                "k": K,
            },
            separators=(",", ":"),
        ).encode()


# Of a day: ten seconds.
DECIMALS = 4


def recorded(release: Path, count: int, seed: int = 0) -> Sequence[Payload]:
    """`count` payloads from users drawn from the release's histories, each with all events it holds of them.

    Every second one leaves out what was bought before.
    """
    catalogue = Catalogue.load(release)
    users = sorted(catalogue.histories)
    drawn = np.random.default_rng(seed).choice(users, count, replace=count > len(users))
    now = catalogue.newest_event()
    return [
        Payload(str(user), catalogue.history(str(user), now), place % 2 == 1)
        for place, user in enumerate(drawn)
    ]
