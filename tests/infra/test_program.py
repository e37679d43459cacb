import pytest

from tests.recording import golden

RELEASE = "pulumi-python:dynamic/local:Release"
SERVER = "pulumi-python:dynamic/local:TritonServer"
CERTIFICATES = "pulumi-python:dynamic/local:Certificates"
EDGE = "pulumi-python:dynamic/local:Edge"
GATEWAY = "pulumi-python:dynamic/local:Gateway"


@pytest.fixture
def computed():
    """What the providers add when they create."""
    return {
        RELEASE: {"digest": "sha256:1234", "build": "abcd"},
        SERVER: {"health": "ready", "version": 1},
        CERTIFICATES: {"authority": "abc"},
        EDGE: {"health": "ready"},
        GATEWAY: {"health": "ready"},
    }


def test_local_declares_exactly_the_reviewed_resources(declare, local_settings):
    assert declare(local_settings).listing() == golden("local.resources.txt")


def test_the_release_is_asked_for_as_chosen(declare, local_settings):
    release = declare(local_settings).only(RELEASE)

    chosen = {key: value for key, value in release.inputs.items() if key != "__provider"}
    assert chosen == {
        "recipe": "baseline",
        "source": "completejourney",
        "path": "",
        "seed": 0,
        "folder": ".rialto/local",
    }


def test_the_servers_are_wired_to_the_release_they_shall_serve(declare, local_settings, computed):
    servers = declare(local_settings, computed=computed).of_type(SERVER)

    for server in servers:
        assert (server.inputs["release"], server.inputs["build"]) == ("sha256:1234", "abcd")
        assert server.inputs["authority"] == "abc"
        assert "instances" not in server.inputs
    assert [server.inputs["http_port"] for server in servers] == [8000, 8010]


def test_the_edge_leads_to_every_server_and_to_the_gateway(declare, local_settings):
    edge = declare(local_settings).only(EDGE)

    assert edge.inputs["tritons"] == [
        {"http_port": 8000, "grpc_port": 8001},
        {"http_port": 8010, "grpc_port": 8011},
    ]
    assert edge.inputs["gateway_port"] == local_settings.gateway.port
    assert {urn.rpartition("::")[2] for urn in edge.depends_on} >= {"local-triton", "local-triton-2"}


def test_the_gateway_asks_the_models_through_the_edge(declare, local_settings):
    gateway = declare(local_settings).only(GATEWAY)

    assert gateway.inputs["inside_port"] == local_settings.edge.inside_port
    assert "local-edge" in {urn.rpartition("::")[2] for urn in gateway.depends_on}


def test_all_belong_to_one_component(declare, local_settings):
    for each in declare(local_settings).resources[1:]:
        assert each.parent.endswith("rialto:local:LocalInference::local")


def test_the_providers_in_the_state_are_names_that_never_change(declare, local_settings):
    first, second = declare(local_settings), declare(local_settings)

    for one, other in zip(first.resources[1:], second.resources[1:], strict=True):
        blob = one.inputs["__provider"]
        assert blob == other.inputs["__provider"]
        assert len(blob) < 200


def test_another_stack_writes_into_another_folder(declare, local_settings):
    declared = declare(local_settings, stack="rehearsal")

    assert {each.inputs.get("folder") for each in declared.resources[1:]} == {".rialto/rehearsal"}
    assert declared.outputs["quality"] == ".rialto/rehearsal/release/quality.md"


def test_outputs_say_where_to_call_and_what_answers(declare, local_settings, computed):
    assert declare(local_settings, computed=computed).outputs == {
        "endpoints": {
            "api": "https://localhost:8443",
            "grpc": "localhost:8443",
            "inside": "127.0.0.1:8444",
            "metrics": "http://127.0.0.1:8445/stats/prometheus",
        },
        "release": "sha256:1234",
        "recipe": "baseline",
        "quality": ".rialto/local/release/quality.md",
        "health": "ready",
    }
