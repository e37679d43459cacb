"""How tensors reach a Triton: the KServe v2 protocol over HTTP or gRPC, behind one small interface.

https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/required_api.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import tritonclient.grpc
import tritonclient.http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from serving.failure import ServerError
from serving.tensor import filled, refused

__all__ = [
    "DEFAULT_URLS",
    "GrpcTransport",
    "HttpTransport",
    "Scheme",
    "Transport",
    "connect",
]

Scheme = Literal["http", "grpc"]
Tensors = Mapping[str, NDArray[Any]]

# Where the local stack's edge takes both without a token, unless its stack file says otherwise.
DEFAULT_URLS: Mapping[Scheme, str] = {"http": "127.0.0.1:8444", "grpc": "127.0.0.1:8444"}
# The shop's slowest promise is 200 ms; an answer that takes seconds is an outage.
TIMEOUT_SECONDS = 5.0
CONNECTION_LOST = re.compile("connect|DNS|socket", re.IGNORECASE)


class Transport(Protocol):
    """One connection to a server."""

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Every output of one request; ServerError if there is none."""

    def parameters(self, model: str) -> dict[str, str]:
        """The parameters of a model's configuration."""

    def close(self) -> None:
        """Give the connection back."""


class GrpcTransport:
    """KServe v2 over gRPC; may be shared by threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        # It is on this machine or near: a proxy from the environment would be asked for 127.0.0.1 too.
        self._client = tritonclient.grpc.InferenceServerClient(
            url, channel_args=[("grpc.enable_http_proxy", 0)]
        )

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """See `Transport`."""
        wanted = [filled(tritonclient.grpc.InferInput, name, value) for name, value in inputs.items()]
        try:
            result = self._client.infer(model, wanted, client_timeout=TIMEOUT_SECONDS)
        except InferenceServerException as error:
            raise self._explained(error) from None
        return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}

    def parameters(self, model: str) -> dict[str, str]:
        """See `Transport`."""
        try:
            answer = self._client.get_model_config(model, client_timeout=TIMEOUT_SECONDS)
        except InferenceServerException as error:
            raise self._explained(error) from None
        return {name: value.string_value for name, value in answer.config.parameters.items()}

    def close(self) -> None:
        """See `Transport`."""
        self._client.close()

    def _explained(self, error: InferenceServerException) -> ServerError:
        # Triton says UNAVAILABLE too, of a model that is not loaded; only gRPC itself speaks of connections.
        lost = error.status() == "StatusCode.UNAVAILABLE" and CONNECTION_LOST.search(str(error.message()))
        if lost or error.status() == "StatusCode.DEADLINE_EXCEEDED":
            return _unreachable("grpc", self.url)
        return refused(error)


class HttpTransport:
    """KServe v2 over HTTP with binary tensors; one thread at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = tritonclient.http.InferenceServerClient(
            url, connection_timeout=TIMEOUT_SECONDS, network_timeout=TIMEOUT_SECONDS
        )

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """See `Transport`."""
        wanted = [filled(tritonclient.http.InferInput, name, value) for name, value in inputs.items()]
        try:
            result = self._client.infer(model, wanted)
        except InferenceServerException as error:
            raise refused(error) from None
        except OSError:
            raise _unreachable("http", self.url) from None
        return {
            output["name"]: result.as_numpy(output["name"]) for output in result.get_response()["outputs"]
        }

    def parameters(self, model: str) -> dict[str, str]:
        """See `Transport`."""
        try:
            config = self._client.get_model_config(model)
        except InferenceServerException as error:
            raise refused(error) from None
        except OSError:
            raise _unreachable("http", self.url) from None
        return {name: value["string_value"] for name, value in config["parameters"].items()}

    def close(self) -> None:
        """See `Transport`."""
        self._client.close()


def connect(scheme: Scheme, url: str) -> Transport:
    """A transport to `url` ("host:port"); nothing is sent yet."""
    return GrpcTransport(url) if scheme == "grpc" else HttpTransport(url)


def _unreachable(scheme: Scheme, url: str) -> ServerError:
    return ServerError(
        f"no server answers at {scheme}://{url}; start it with scripts/up, or name another --url"
    )
