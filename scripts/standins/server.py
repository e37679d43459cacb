"""The stand-ins, served on free ports of this machine for as long as an engine needs them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2_grpc

from scripts.standins.cinder import Cinder, cinder
from scripts.standins.provider import Call, StandIn

__all__ = ["PACKAGES", "StandIns", "serving", "standins"]

PACKAGES = ("aws", "kubernetes", "openstack", "random")
# The engine's own default is one request for each of four times the cores.
_THREADS = 8
_STOP_SECONDS = 1.0
# Some objects, custom resource definitions above all, exceed gRPC's default of 4 MiB; the engine allows 400.
_MAX_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class StandIns:
    """What serves, where, and what it was asked to change so far, over all clouds."""

    providers: dict[str, StandIn]
    ports: dict[str, int]
    calls: deque[Call]
    cinder: Cinder

    @property
    def environment(self) -> dict[str, str]:
        """What the engine needs to know: it asks these instead of the plugins."""
        return {
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in self.ports.items())
        }


@contextmanager
def standins() -> Iterator[StandIns]:
    """Serve one stand-in for each package, and the one service that a resource of ours asks by itself."""
    calls = deque[Call]()
    providers = {package: StandIn(package, calls) for package in PACKAGES}
    with ExitStack() as stack:
        yield StandIns(
            providers=providers,
            calls=calls,
            cinder=stack.enter_context(cinder()),
            ports={package: stack.enter_context(serving(each)) for package, each in providers.items()},
        )


@contextmanager
def serving(provider: StandIn) -> Iterator[int]:
    """Serve one stand-in; its port."""
    options = [("grpc.max_receive_message_length", _MAX_BYTES), ("grpc.max_send_message_length", _MAX_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    # Loopback only: nobody else has business here.
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(_STOP_SECONDS).wait()
