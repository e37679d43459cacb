import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from scripts.standins.server import PACKAGES, standins


def test_every_package_is_served_on_a_port_of_its_own_until_the_block_ends():
    with standins() as serving:
        ports = serving.ports
        assert serving.environment == {
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{ports[package]}" for package in PACKAGES)
        }
        for package, port in ports.items():
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                expected = serving.providers[package].GetPluginInfo(None, None).version
                assert stub.GetPluginInfo(empty_pb2.Empty()).version == expected

    assert len(set(ports.values())) == len(PACKAGES)
    with grpc.insecure_channel(f"127.0.0.1:{ports['aws']}") as channel, pytest.raises(grpc.RpcError):
        provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty(), timeout=1)
