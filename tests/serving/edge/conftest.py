"""A real edge in front of small real servers, shared by the tests that only ask it."""

from dataclasses import dataclass

import httpx
import pytest

from serving.edge.config import GatewayUpstream, LimitConfig
from tests.serving.edge.estate import Edge, Estate, running, tritons
from tests.serving.edge.upstream import Upstream, upstream


@dataclass(frozen=True)
class Shared:
    """The edge, what stands behind it, and a caller."""

    edge: Edge
    triton: Upstream
    gateway: Upstream
    client: httpx.Client


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """An edge that no test changes."""
    estate = Estate.make(tmp_path_factory.mktemp("edge"))
    with upstream() as triton, upstream() as gateway:
        config = estate.config(
            tritons(triton.port),
            GatewayUpstream(host="127.0.0.1", port=gateway.port),
            LimitConfig(address_per_second=1000),
        )
        with running(estate, config) as edge, edge.client() as client:
            yield Shared(edge, triton, gateway, client)


@pytest.fixture
def estate(tmp_path):
    """Files for an edge of this test's own."""
    return Estate.make(tmp_path / "estate")
