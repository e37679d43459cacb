"""The life of `dev` under the real engine: preview, up, up again, a change, destroy."""

import json

import pytest

from scripts.standins.newborn import SECRET_PREFIX
from tests.infra.engine.estate import CONFIG_SECRET
from tests.infra.engine.leak import files, leaks

pytestmark = pytest.mark.engine

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


@pytest.fixture(scope="module")
def never_up(make):
    return make("dev")


@pytest.fixture(scope="module")
def first(never_up, tmp_path_factory):
    """What the first preview and the first `up` printed and logged."""
    log = tmp_path_factory.mktemp("log") / "events.json"
    preview = never_up.trial.preview()
    up = never_up.up("--event-log", str(log))
    return {"preview": never_up.done(preview).encode(), "up": up.encode(), "events": log.read_bytes()}


@pytest.fixture(scope="module")
def estate(never_up, first):
    """The estate once it is up."""
    return never_up


def test_the_first_preview_creates_what_the_first_up_creates(estate, first):
    planned = {step["urn"]: step["op"] for step in json.loads(first["preview"])["steps"]}

    assert set(planned.values()) == {"create"}
    created = {each["urn"] for each in estate.resources()}
    # The engine's own provider of dynamic resources is in no preview.
    assert planned.keys() == {urn for urn in created if "::pulumi:providers:pulumi-python::" not in urn}


def test_a_second_up_changes_nothing(estate):
    estate.up("--expect-no-changes")


def test_everything_comes_after_what_it_depends_on_over_all_clouds(estate):
    created = {call.urn: at for at, call in enumerate(estate.calls()) if call.method == "create"}
    early = [
        (each["urn"], needed)
        for each in estate.resources()
        for needed in each.get("dependencies", [])
        if each["urn"] in created and created.get(needed, -1) > created[each["urn"]]
    ]

    assert {urn.split("::")[2].rpartition("$")[2].partition(":")[0] for urn in created} == {
        "aws",
        "kubernetes",
        "openstack",
        "random",
    }
    assert early == []


def test_no_secret_is_in_plain_text_in_state_log_or_output(estate, first):
    made_up = _standin_secrets(estate)
    chosen = {f"{CONFIG_SECRET}{key}" for key in estate.trial.config() if key != "rialto:settings"}
    outputs = estate.trial.pulumi("stack", "output", "--json").stdout.encode()
    exported = estate.trial.pulumi("stack", "export").stdout.encode()

    assert made_up
    assert chosen
    places = {**files(estate.trial.folder), **first, "outputs": outputs, "exported": exported}
    assert leaks({*made_up, *chosen, SECRET_PREFIX, CONFIG_SECRET}, places) == []


def test_more_nodes_are_one_update_of_one_node_group(estate):
    pool, chosen = next(iter(estate.trial.config()["rialto:settings"]["aws"]["gpu-pools"].items()))
    path = f"aws/gpu-pools/{pool}/max-nodes"
    estate.choose(path, chosen["max-nodes"] + 1)

    steps = estate.steps()

    estate.choose(path, chosen["max-nodes"])
    assert steps == [("update", NODE_GROUP, ["scalingConfig.maxSize"])]


def test_destroy_deletes_everything_in_reverse_and_empties_the_state(estate):
    needed_by = {each["urn"]: each.get("dependencies", []) for each in estate.resources()}

    estate.destroy()

    deleted = {call.urn: at for at, call in enumerate(estate.calls()) if call.method == "delete"}
    late = [
        (urn, each) for urn, at in deleted.items() for each in needed_by[urn] if deleted.get(each, at) < at
    ]
    assert late == []
    assert estate.resources() == []


def _standin_secrets(estate):
    """Every secret that the stand-ins made up, as the stack's passphrase shows it."""
    shown = estate.trial.pulumi("stack", "export", "--show-secrets").stdout
    return {SECRET_PREFIX + part[:24] for part in shown.replace("\\\\", "").split(SECRET_PREFIX)[1:]}
