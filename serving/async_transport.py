"""How a service reaches its Tritons: KServe v2 over gRPC, one channel that spreads requests over all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import tritonclient.grpc.aio
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from serving.tensor import filled, refused

__all__ = ["AsyncGrpcTransport", "Inference", "TlsFiles", "target_of"]

# Round robin over every address. Inference is idempotent, so a request that met a dying server goes to the next one;
# gRPC itself repeats within the caller's deadline (https://github.com/grpc/proposal/blob/master/A6-client-retries.md).
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.005s",
                "maxBackoff": "0.02s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
CHANNEL_OPTIONS = [
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    # Triton is reached directly: a proxy from the environment would be asked for 127.0.0.1 too.
    ("grpc.enable_http_proxy", 0),
    # A server that was away is tried again within a second, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """PEM files of mutual TLS: whom to trust, and who we are."""

    ca: Path
    certificate: Path
    key: Path

    def arguments(self) -> dict[str, Any]:
        """What tritonclient calls them."""
        return {
            "ssl": True,
            "root_certificates": self.ca,
            "certificate_chain": self.certificate,
            "private_key": self.key,
        }


@dataclass(frozen=True)
class Inference:
    """The outputs of one request, and the version of the model that gave them."""

    outputs: Mapping[str, NDArray[Any]]
    version: int


class AsyncGrpcTransport:
    """One channel to all `addresses` ("host:port"); belongs to the event loop that made it."""

    def __init__(self, addresses: Sequence[str], tls: TlsFiles | None = None) -> None:
        self._client = tritonclient.grpc.aio.InferenceServerClient(
            target_of(addresses), channel_args=CHANNEL_OPTIONS, **(tls.arguments() if tls else {})
        )

    async def infer(self, model: str, inputs: Mapping[str, NDArray[Any]], seconds: float) -> Inference:
        """Every output of one request; ServerError if there is none within `seconds`."""
        wanted = [filled(tritonclient.grpc.aio.InferInput, name, value) for name, value in inputs.items()]
        try:
            result = await self._client.infer(model, wanted, client_timeout=seconds)
        except InferenceServerException as error:
            raise refused(error) from None
        response = result.get_response()
        outputs = {output.name: result.as_numpy(output.name) for output in response.outputs}
        return Inference(outputs, int(response.model_version))

    async def config(self, model: str, seconds: float) -> Any:  # noqa: ANN401 - Triton's ModelConfig message
        """The configuration of a model that is served; ServerError if there is none within `seconds`."""
        try:
            return (await self._client.get_model_config(model, client_timeout=seconds)).config
        except InferenceServerException as error:
            raise refused(error) from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


def target_of(addresses: Sequence[str]) -> str:
    """What gRPC calls these addresses: one name, of which every address is used, or one or more IP addresses.

    ValueError if several are given and one of them is a name.
    """
    hosts = [address.rpartition(":")[0].strip("[]") for address in addresses]
    if all(map(_is_ip, hosts)) and len({ip_address(host).version for host in hosts}) == 1:
        return f"ipv{ip_address(hosts[0]).version}:{','.join(addresses)}"
    if len(addresses) == 1:
        return f"dns:///{addresses[0]}"
    raise ValueError(
        f"triton is {','.join(addresses)}; several addresses must be IP addresses of one kind, "
        "or name one host that resolves to all of them"
    )


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
