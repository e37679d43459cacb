"""An engine that speaks to one stand-in without gRPC."""

from types import SimpleNamespace

import pytest
from pulumi.runtime.proto import provider_pb2 as proto

from scripts.standins.provider import StandIn
from scripts.standins.wire import pack, unpack


class Engine:
    """Asks a stand-in as the engine would, with plain dicts."""

    def __init__(self, package):
        self.standin = StandIn(package)

    def urn(self, token, name="one"):
        return f"urn:pulumi:dev::rialto::rialto:aws:Network${token}::{name}"

    def configure(self, **args):
        return self.standin.Configure(proto.ConfigureRequest(args=pack(args)), None)

    def check(self, token, news, olds=None):
        request = proto.CheckRequest(urn=self.urn(token), olds=pack(olds or {}), news=pack(news))
        return unpack(self.standin.Check(request, None).inputs)

    def diff(self, token, olds, news):
        request = proto.DiffRequest(urn=self.urn(token), old_inputs=pack(olds), news=pack(news))
        return self.standin.Diff(request, None)

    def create(self, token, inputs, preview=False, name="one"):
        request = proto.CreateRequest(urn=self.urn(token, name), properties=pack(inputs), preview=preview)
        answer = self.standin.Create(request, None)
        return SimpleNamespace(id=answer.id, outputs=unpack(answer.properties))

    def update(self, token, id_, olds, news, preview=False):
        request = proto.UpdateRequest(
            id=id_, urn=self.urn(token), olds=pack(olds), news=pack(news), preview=preview
        )
        return unpack(self.standin.Update(request, None).properties)

    def read(self, token, id_, properties, inputs):
        request = proto.ReadRequest(
            id=id_, urn=self.urn(token), properties=pack(properties), inputs=pack(inputs)
        )
        return unpack(self.standin.Read(request, None).properties)

    def invoke(self, token, **arguments):
        return self.standin.Invoke(proto.InvokeRequest(tok=token, args=pack(arguments)), None)


@pytest.fixture
def aws():
    return Engine("aws")


@pytest.fixture
def openstack():
    return Engine("openstack")


@pytest.fixture
def kubernetes():
    return Engine("kubernetes")


@pytest.fixture
def random():
    return Engine("random")
