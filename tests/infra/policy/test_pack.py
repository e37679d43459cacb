"""The pack in its own environment, asked over its own protocol: no engine built here can host one."""

import json
import os
import subprocess

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from infra.policy.catalogue import POLICIES
from infra.policy.estate import UNKNOWN
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow

PACK = PROJECT / "infra" / "policy" / "pack"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment made from the pack's lock."""
    folder = tmp_path_factory.mktemp("pack") / "venv"
    uv = PROJECT / ".rialto" / "environments" / "uv" / "bin" / "uv"
    for arguments in (
        ("venv", folder),
        ("pip", "sync", "--require-hashes", "--python", folder, PACK / "requirements.lock"),
    ):
        subprocess.run([uv, "--quiet", *arguments], check=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def analyzer(python):
    """The running pack, for a stack that protects its data."""
    settings = {
        "protect": True,
        "inference": {"triton": {"image": {"name": "a.b/tritonserver", "tag": "26.10-py3"}}},
    }
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
        "PULUMI_PROJECT": "rialto",
        "PULUMI_STACK": "protected",
        "PULUMI_DRY_RUN": "true",
        "PULUMI_CONFIG": json.dumps({"rialto:settings": json.dumps(settings)}),
    }
    process = subprocess.Popen(
        [python, "-u", "__main__.py"], cwd=PACK, env=environment, stdout=subprocess.PIPE
    )
    try:
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def rule(name, source):
    request = analyzer_pb2.AnalyzerResource(
        type=RULE, name=name, urn=f"urn:pulumi:prod::rialto::{RULE}::{name}"
    )
    request.properties.update({"cidrIpv4": source, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443})
    return request


def test_every_policy_is_in_the_pack_and_what_blocks_is_mandatory(analyzer):
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())

    levels = {each.name: each.enforcementLevel for each in info.policies}
    assert levels == {
        each.id: analyzer_pb2.MANDATORY if each.severity == "blocks" else analyzer_pb2.ADVISORY
        for each in POLICIES
    }


def test_the_pack_finds_an_open_port_and_nothing_in_what_is_not_known_yet(analyzer):
    request = analyzer_pb2.AnalyzeStackRequest(resources=[rule("open", "0.0.0.0/0"), rule("later", UNKNOWN)])

    found = [each for each in analyzer.AnalyzeStack(request).diagnostics if each.policyName == "open-ingress"]

    assert [each.urn.rpartition("::")[2] for each in found] == ["open"]
    assert "lets in tcp port 443 from 0.0.0.0/0; set cidrIpv4 to the range" in found[0].message


def test_the_pack_knows_the_stacks_settings(analyzer):
    found = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest()).diagnostics

    assert [
        each.policyName for each in found if "inference.triton.image.digest is empty" in each.message
    ] == ["image-without-digest"]
