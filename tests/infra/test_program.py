import pytest

from tests.recording import golden

RELEASE = "pulumi-python:dynamic/local:Release"
SERVER = "pulumi-python:dynamic/local:TritonServer"


@pytest.fixture
def computed():
    """What the providers add when they create."""
    return {
        RELEASE: {"digest": "sha256:1234", "build": "abcd"},
        SERVER: {"health": "ready", "version": 1},
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


def test_the_server_is_wired_to_the_release_it_shall_serve(declare, local_settings, computed):
    server = declare(local_settings, computed=computed).only(SERVER)

    assert (server.inputs["release"], server.inputs["build"]) == ("sha256:1234", "abcd")
    assert server.inputs["http_port"] == local_settings.triton.http_port
    assert "instances" not in server.inputs


def test_both_belong_to_one_component(declare, local_settings):
    declared = declare(local_settings)

    for type_ in (RELEASE, SERVER):
        assert declared.only(type_).parent.endswith("rialto:local:LocalInference::local")


def test_the_providers_in_the_state_are_names_that_never_change(declare, local_settings):
    first, second = declare(local_settings), declare(local_settings)

    for type_ in (RELEASE, SERVER):
        blob = first.only(type_).inputs["__provider"]
        assert blob == second.only(type_).inputs["__provider"]
        assert len(blob) < 200


def test_another_stack_writes_into_another_folder(declare, local_settings):
    declared = declare(local_settings, stack="rehearsal")

    assert declared.only(SERVER).inputs["folder"] == ".rialto/rehearsal"
    assert declared.outputs["quality"] == ".rialto/rehearsal/release/quality.md"


def test_outputs_say_where_to_call_and_what_answers(declare, local_settings, computed):
    assert declare(local_settings, computed=computed).outputs == {
        "endpoints": {
            "http": "http://127.0.0.1:8000",
            "grpc": "127.0.0.1:8001",
            "metrics": "http://127.0.0.1:8002/metrics",
        },
        "release": "sha256:1234",
        "recipe": "baseline",
        "quality": ".rialto/local/release/quality.md",
        "health": "ready",
    }
