"""What of an update's events counts as never answered, and that `scripts/up` looks; real kills: test_provider.py."""

import json
import shutil
import subprocess

import pytest

from scripts.recovery.stack import PROJECT
from scripts.recovery.unanswered import forget, note, noted

STORE = "urn:pulumi:dev::rialto::openstack:objectstorage/container:Container::store"


def failed(op="create", message="error reading from server: EOF\n", urn=STORE):
    resource = {
        "urn": urn,
        "type": "openstack:objectstorage/container:Container",
        "inputs": {"name": "store-1"},
    }
    return [
        {"diagnosticEvent": {"urn": urn, "severity": "error", "message": message}},
        {"resOpFailedEvent": {"metadata": {"op": op, "urn": urn, "new": resource}}},
    ]


def written(tmp_path, *events):
    log = tmp_path / "events.json"
    log.write_text("".join(f"{json.dumps(each)}\n" for each in events))
    return log


@pytest.mark.parametrize("op", ["create", "create-replacement"])
def test_what_was_asked_for_and_not_answered_is_remembered_until_it_is_settled(tmp_path, op):
    assert note("dev", written(tmp_path, *failed(op)), tmp_path) == [STORE]
    assert note("dev", written(tmp_path, *failed(op, urn=f"{STORE}-2")), tmp_path) == [f"{STORE}-2"]

    assert [each["urn"] for each in noted("dev", tmp_path)] == [STORE, f"{STORE}-2"]
    assert noted("prod", tmp_path) == []
    forget("dev", tmp_path)
    assert noted("dev", tmp_path) == []


@pytest.mark.parametrize(
    "events",
    [
        [],
        failed(message="409 Conflict: a container of that name is there\n"),
        failed(message="connection error: desc = transport: Error while dialing\n"),
        failed(op="update"),
        failed(op="delete"),
        [{"diagnosticEvent": {"severity": "error", "message": "update failed\n"}}],
    ],
)
def test_an_answer_a_request_that_never_left_and_what_the_state_keeps_are_not_asked_about(tmp_path, events):
    assert note("dev", written(tmp_path, *events), tmp_path) == []
    assert noted("dev", tmp_path) == []


def test_a_line_that_a_killed_engine_did_not_finish_counts_for_nothing(tmp_path):
    log = written(tmp_path, *failed())
    log.write_text(f'{log.read_text()}{{"diagnosticEvent": {{"ur')

    assert note("dev", log, tmp_path) == [STORE]


def test_an_update_that_fails_names_what_no_provider_answered_for_and_what_to_run(tmp_path):
    # The engine and the set-up stand in: only what scripts/up does with them is looked at.
    for name in ("scripts/recovery", "scripts/setup/marker.py", "scripts/up", "stacks/Pulumi.dev.yaml"):
        source, target = PROJECT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (tmp_path / "scripts" / "setup" / "__main__.py").write_text("")
    machine = tmp_path / ".rialto"
    (machine / "bin").mkdir(parents=True)
    (machine / "environments").symlink_to(PROJECT / ".rialto" / "environments")
    engine = machine / "bin" / "pulumi"
    lines = "\n".join(map(json.dumps, failed()))
    engine.write_text(
        '#!/bin/sh\necho "$@" >> calls\ncase $1 in up) shift 5; [ "$1" != --event-log ] && shift; '
        f"cat > \"$2\" <<'END'\n{lines}\nEND\nexit 255 ;; stack) echo '{{\"deployment\": {{}}}}' ;; esac\n"
    )
    engine.chmod(0o755)

    done = subprocess.run(
        [tmp_path / "scripts" / "up", "dev", "--skip-preview"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
    )

    assert done.returncode == 1
    assert f"the cloud may or may not have them:\n  {STORE}\n" in done.stdout
    assert (
        done.stderr == "error: run scripts/recover dev before the next update, which would make them again\n"
    )
    up = next(line for line in (tmp_path / "calls").read_text().splitlines() if line.startswith("up "))
    assert up.startswith("up --yes --stack dev --skip-preview --event-log ")
    assert [each["urn"] for each in noted("dev", tmp_path / ".rialto" / "backups")] == [STORE]
