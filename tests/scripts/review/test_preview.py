import io
import json
import os
import subprocess

import pytest
from rich.console import Console

from scripts.review import preview as module
from scripts.review.credentials import VARIABLES
from scripts.review.preview import preview
from tests.recording import golden
from tests.scripts.conftest import PROJECT

WITHOUT_ACCOUNT = {
    key: value
    for key, value in os.environ.items()
    if key not in {name for all_ in VARIABLES.values() for name in all_}
}


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
def console(said):
    return Console(file=said, soft_wrap=True, markup=False, highlight=False)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine that prints what it is told, to be asked by someone with accounts in both clouds."""

    def stand_in(said, status):
        program = tmp_path / "pulumi"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit {status}\n")
        program.chmod(0o755)
        for name, value in {"PULUMI": program, "PROJECT": tmp_path, "REVIEWS": tmp_path / "review"}.items():
            monkeypatch.setattr(module, name, value)
        monkeypatch.setenv("AWS_PROFILE", "dev")
        monkeypatch.setenv("OS_CLOUD", "dev")
        return tmp_path / "review"

    return stand_in


def test_with_accounts_the_real_stack_is_previewed_and_nothing_said_of_stand_ins(engine, console, said):
    digest = {"steps": [], "changeSummary": {"same": 3}}
    reviews = engine(json.dumps(digest), 0)

    assert preview("dev", console) == 0
    assert json.loads((reviews / "dev.json").read_text()) == digest
    assert "dev: 3 unchanged" in said.getvalue()
    assert "tand-in" not in said.getvalue()


def test_the_exit_status_is_the_engines_and_a_failure_is_called_one(engine, console, said):
    engine(json.dumps({"diagnostics": [{"message": "error: no"}], "changeSummary": {"create": 1}}), 3)

    assert preview("dev", console) == 3
    assert "error: no\ndev: the preview failed" in said.getvalue()


def test_a_blocked_change_ends_with_1_so_that_ci_stops(engine, console, said):
    engine(golden("review.change.json"), 0)

    assert preview("prod", console) == 1
    assert "BLOCKED; review: review/prod.md" in said.getvalue()


def test_the_local_stack_is_compared_with_nothing_but_this_machine(console, said):
    assert preview("local", console, "HEAD") == 1
    assert said.getvalue().startswith("error: --against is for dev and prod")


def test_a_revision_that_is_none_is_told(console, said, monkeypatch):
    monkeypatch.setattr(module, "missing", lambda _: ["AWS"])

    assert preview("dev", console, "no-such-branch") == 1
    assert 'error: --against is "no-such-branch", which is no commit here' in said.getvalue()


def test_what_the_engine_says_before_it_can_preview_is_shown_as_it_is(engine, console, said):
    reviews = engine("error: no stack named 'dev' found", 255)

    assert preview("dev", console) == 255
    assert said.getvalue() == "error: no stack named 'dev' found\n"
    assert not reviews.exists()


@pytest.mark.engine
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_without_an_account_the_whole_estate_is_shown_and_said_to_be_a_stand_ins(environment, tmp_path):
    stack_file = PROJECT / "stacks" / f"Pulumi.{environment}.yaml"
    committed = stack_file.read_bytes()

    picture = tmp_path / "architecture.svg"

    command = [PROJECT / "scripts" / "preview", environment, "--picture", picture]
    done = subprocess.run(command, env=WITHOUT_ACCOUNT, capture_output=True, text=True)

    first, *tree, last, drawn = done.stdout.splitlines()
    review = (PROJECT / ".rialto" / "review" / f"{environment}.md").read_text()
    page = (PROJECT / ".rialto" / "review" / f"{environment}.html").read_text()
    assert done.returncode == 0, done.stdout + done.stderr
    assert first.startswith("Stand-ins answer for the clouds (AWS: no AWS_PROFILE")
    assert last.startswith("Stand-ins answered: no cloud has seen this. next: ")
    assert drawn == f"the picture is in {picture}"
    if environment == "prod":
        # What the engine sees is what the recording of test_picture.py saw.
        assert picture.read_text() == (PROJECT / "infra" / "architecture.svg").read_text()
    shown = [line.split()[1] for line in tree if line.startswith(" + ")]
    assert {"aws:eks/cluster:Cluster", "openstack:containerinfra/cluster:Cluster"} <= set(shown)
    digest = json.loads((PROJECT / ".rialto" / "review" / f"{environment}.json").read_text())
    assert digest["changeSummary"] == {"create": len(shown)}
    assert stack_file.read_bytes() == committed
    # Never BLOCKED; once an accepted finding's day has passed, it needs a decision.
    assert review.splitlines()[0] in (f"# NOTHING RISKY: {environment}", f"# NEEDS A DECISION: {environment}")
    assert "Stand-ins answered, no cloud has seen this; compared with nothing: all is new." in review
    assert "<svg" in page
    assert "placeholder-for-" not in json.dumps(digest) + review + page
