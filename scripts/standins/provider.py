"""One provider that stands in for aws, kubernetes, openstack or random, as the engine speaks to it."""
# ruff: noqa: N802 - the names of the methods are the protocol's

from __future__ import annotations

import json
from collections import deque
from importlib.metadata import version
from typing import Any, NamedTuple

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from scripts.standins.difference import difference
from scripts.standins.functions import FUNCTIONS
from scripts.standins.naming import named, named_by_us
from scripts.standins.newborn import Newborn
from scripts.standins.outputs import born, created, identity, updated
from scripts.standins.schema import ResourceType
from scripts.standins.wire import pack, plain, unpack

__all__ = ["Call", "StandIn"]

# The account of AWS's own examples.
_ACCOUNT = "123456789012"
_REGIONS = {"aws": "eu-central-1", "openstack": "RegionOne"}


class Call(NamedTuple):
    """A change that the engine asked for: create, update or delete; never in a preview."""

    method: str
    urn: str


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Creates whatever it is asked for; one serves all of a program's provider resources of its package.

    The engine does not say which provider resource a request comes through, so that region, account and default tags
    are those of whichever configured itself last.
    """

    def __init__(self, package: str, calls: deque[Call] | None = None) -> None:
        self.package = package
        self.account = _ACCOUNT
        self.region = _REGIONS.get(package, "")
        self.default_tags: dict[str, Any] = {}
        # In the order of the requests; shared, it tells the order over all clouds.
        self.calls = deque[Call]() if calls is None else calls

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Ask for secrets to come marked, so that they can go back marked."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Let the engine in."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Have the version of the SDK: with an older one, every command warns."""
        return plugin_pb2.PluginInfo(version=version(f"pulumi-{self.package}"))

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Take every configuration."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Say what changed in a provider's configuration; it never replaces what the provider made."""
        olds, news = unpack(request.old_inputs), unpack(request.news)
        return difference(request.type, olds, news, named_by_us=True)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Keep what of the configuration shows in resources."""
        chosen = plain(unpack(request.args))
        self.region = chosen.get("region", self.region)
        accounts = _group(chosen.get("allowedAccountIds"))
        self.account = str(accounts[0]) if accounts else self.account
        self.default_tags = (_group(chosen.get("defaultTags")) or {}).get("tags", self.default_tags)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Fill in what providers fill in: a name, and the provider's tags."""
        inputs = named(_type(request.urn), request.urn, unpack(request.olds), unpack(request.news))
        if self.default_tags and "tagsAll" in ResourceType.of(_type(request.urn)).outputs:
            inputs = {**inputs, "tags": {**self.default_tags, **inputs.get("tags", {})}}
        return provider_pb2.CheckResponse(inputs=pack(inputs))

    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare inputs with inputs."""
        news = unpack(request.news)
        return difference(_type(request.urn), unpack(request.old_inputs), news, named_by_us=named_by_us(news))

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Let it be."""
        inputs = unpack(request.properties)
        newborn = self._born(request.urn, inputs)
        if request.preview:
            return provider_pb2.CreateResponse(properties=pack(created(newborn, "", inputs, preview=True)))
        self.calls.append(Call("create", request.urn))
        id_ = identity(newborn)
        return provider_pb2.CreateResponse(
            id=id_, properties=pack(created(newborn, id_, inputs, preview=False))
        )

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Find everything as the state has it; what the state does not have, as if it had been made so."""
        olds, inputs = unpack(request.properties), unpack(request.inputs)
        outputs = olds or created(self._born(request.urn, inputs), request.id, inputs, preview=False)
        return provider_pb2.ReadResponse(id=request.id, properties=pack(outputs), inputs=pack(inputs))

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change it in place."""
        inputs = unpack(request.news)
        newborn = self._born(request.urn, inputs)
        if not request.preview:
            self.calls.append(Call("update", request.urn))
        outputs = updated(newborn, request.id, unpack(request.olds), inputs, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=pack(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Let it be gone."""
        self.calls.append(Call("delete", request.urn))
        return empty_pb2.Empty()

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer the functions that the program calls, and say which is missing."""
        answer = FUNCTIONS.get(request.tok)
        if answer is None:
            reason = f"the stand-in has no answer for {request.tok}; add one to scripts/standins/functions.py"
            return provider_pb2.InvokeResponse(failures=[provider_pb2.CheckFailure(reason=reason)])
        found = answer(plain(unpack(request.args)), self.account, self.region)
        return provider_pb2.InvokeResponse(**{"return": pack(found)})

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Have nothing to stop."""
        return empty_pb2.Empty()

    def _born(self, urn: str, inputs: dict[str, Any]) -> Newborn:
        return born(_type(urn), urn, inputs, self.account, str(plain(inputs.get("region", self.region))))


def _type(urn: str) -> str:
    """The type in a URN: urn:pulumi:stack::project::parent's type$type::name."""
    return urn.split("::")[2].rpartition("$")[2]


def _group(value: Any) -> Any:  # noqa: ANN401 - configuration comes nested or as JSON text
    return json.loads(value) if isinstance(value, str) else value
