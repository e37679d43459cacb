"""What every way to a Triton has in common: how a tensor is handed over, and how a refusal is told."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from serving.failure import ServerError

__all__ = ["filled", "refused"]


def filled(kind: Any, name: str, value: NDArray[Any]) -> Any:  # noqa: ANN401 - tritonclient has no types
    """An input tensor of the class `kind` of tritonclient."""
    tensor = kind(name, value.shape, np_to_triton_dtype(value.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(value))
    return tensor


def refused(error: InferenceServerException) -> ServerError:
    """What Triton said against a request, as one line."""
    return ServerError(" ".join(str(error.message()).split()))
