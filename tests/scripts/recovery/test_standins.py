"""Killed updates, saved states and other passphrases, with the real engine over a stand-in of one provider."""

import json
import os
import socket
import subprocess
import threading
from dataclasses import replace

import pytest

from scripts.recovery import backup
from scripts.recovery.recover import recover
from scripts.recovery.settlement import pending
from scripts.recovery.stack import RecoveryError
from tests.scripts.recovery.conftest import COUNT, PULUMI

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def clean(tmp_path_factory, serving):
    """What one `up` that nobody disturbed leaves."""
    from tests.scripts.recovery.conftest import Small

    small = Small(tmp_path_factory.mktemp("clean") / "small", serving)
    small.trap(0)
    small.up()
    return small


@pytest.mark.parametrize("made", [1, 3, COUNT])
def test_a_killed_update_ends_as_one_that_nobody_disturbed_and_makes_nothing_twice(small, clean, made):
    first = small.killed_after(made)
    with pytest.raises(RecoveryError, match=r"look for each in the cloud"):
        recover(small.stack)

    second = small.trap(0)
    asked = {call.urn for call in first}
    # What a person finds in the cloud: whatever the stand-in was asked for.
    found = {urn: clean.ids()[urn] for urn in pending(small.stack) if urn in asked}
    ready = recover(small.stack, found=found, clear=True)
    assert ready == "the state of small is what is there; next: scripts/up small"
    small.up()

    assert small.resources() == clean.resources()
    assert found
    created = [call.urn for call in (*first, *second) if call.method == "create"]
    assert sorted(created) == sorted(clean.ids())


def test_after_a_killed_update_of_a_cloud_the_next_one_waits_for_recover(small, tmp_path):
    small.killed_after(2)

    # The second is said where the kill came in the middle of a write of the state.
    with pytest.raises(
        RecoveryError,
        match=r"^(an update of small or its provider was killed; run scripts/recover small first"
        r"|the state of small cannot be read: .*; run scripts/recover small)$",
    ):
        backup.save(small.stack, tmp_path / "backups")


def test_an_update_that_runs_is_not_disturbed(small):
    reached, go = threading.Event(), threading.Event()
    small.trap(2, lambda: (reached.set(), go.wait(60)))
    engine = small.start()
    assert reached.wait(60)
    try:
        with pytest.raises(
            RecoveryError, match=rf"is being updated by process {engine.pid}, .*: wait for it or end"
        ):
            recover(small.stack)
    finally:
        go.set()

    assert engine.wait(60) == 0
    assert len(small.ids()) == COUNT


def test_the_lock_of_another_machine_is_left_to_people(small):
    small.killed_after(1)
    (lock,) = (small.folder / "state" / ".pulumi" / "locks").rglob("*.json")
    held = json.loads(lock.read_text())
    assert held["hostname"] == socket.gethostname()
    lock.write_text(json.dumps({**held, "hostname": "elsewhere"}))

    with pytest.raises(RecoveryError, match=r"locked by .*@elsewhere since .*, another machine: make sure"):
        recover(small.stack)
    assert lock.exists()


def test_a_saved_state_is_encrypted_and_comes_back_whole(small, tmp_path):
    small.done("config", "set", "--secret", "key", "secret-of-the-test")
    small.up()
    before = small.resources()
    file = backup.save(small.stack, tmp_path / "backups")
    small.done("destroy", "--yes", "--skip-preview")
    assert small.ids() == {}

    recover(small.stack, restore=file)

    assert small.resources() == before
    assert "secret-of-the-test" in json.dumps(before)
    assert "secret-of-the-test" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "9 unchanged" in small.done("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_stack_that_holds_nothing_needs_no_backup(small, tmp_path):
    assert backup.save(small.stack, tmp_path / "backups") is None
    assert backup.backups("small", tmp_path / "backups") == []


def test_destroy_of_what_is_protected_is_refused_before_anything_goes(small):
    small.done("config", "set", "protect", "true")
    small.up()
    calls = small.trap(0)

    refused = small.stack.ask("destroy", "--yes")

    assert refused.returncode != 0
    assert "pet-3" in refused.stdout
    assert "protect" in refused.stdout
    assert list(calls) == []
    small.done("destroy", "--yes", "--ignore-protect")
    assert small.ids() == {}


def test_after_another_passphrase_every_value_is_readable_and_the_old_one_opens_nothing(small):
    small.done("config", "set", "--secret", "key", "secret-of-the-test")
    small.up()
    before = small.resources()
    command = [PULUMI, "stack", "change-secrets-provider", "passphrase", "--stack", "small"]
    rotated = subprocess.run(
        command,
        cwd=small.folder,
        env=small.stack.variables,
        input="new\nnew\n",
        text=True,
        capture_output=True,
    )
    assert rotated.returncode == 0, rotated.stderr

    old = small.stack.ask("stack", "output", "key", "--show-secrets")
    small.stack = replace(small.stack, variables={**small.stack.variables, "PULUMI_CONFIG_PASSPHRASE": "new"})

    assert old.returncode != 0
    assert "incorrect passphrase" in old.stdout
    assert small.done("stack", "output", "key", "--show-secrets").strip() == "secret-of-the-test"
    assert small.done("config", "get", "key").strip() == "secret-of-the-test"
    assert small.resources() == before
    assert "9 unchanged" in small.done("up", "--yes", "--skip-preview", "--expect-no-changes")


@pytest.fixture
def full(tmp_path):
    """A folder on a disk of 16 KiB."""
    folder = tmp_path / "full"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_nothing_is_updated_and_no_half_backup_stays(small, full):
    small.up()
    (full / "filling").write_bytes(bytes(8 * 1024))

    with pytest.raises(RecoveryError, match="No space left on device; make room there, nothing was changed"):
        backup.save(small.stack, full)
    assert [path.name for path in (full / "small").iterdir()] == []


@pytest.mark.parametrize("suffix", [".json", ".json.attrs"])
def test_a_write_of_the_state_that_was_cut_short_costs_nothing(small, suffix):
    small.up()
    before = small.resources()
    (file,) = (small.folder / "state" / ".pulumi" / "stacks").rglob(f"small{suffix}")
    file.write_text(file.read_text()[: len(file.read_text()) // 2])
    with pytest.raises(RecoveryError, match=r"cannot be read: .*; run scripts/recover small"):
        small.stack.export()

    recover(small.stack)
    small.up()

    assert small.resources() == before


def test_a_state_that_is_lost_comes_back_from_the_backup(small, tmp_path):
    small.up()
    before = small.resources()
    file = backup.save(small.stack, tmp_path / "backups")
    for state in (small.folder / "state" / ".pulumi" / "stacks").rglob("small.json*"):
        state.write_text("")

    recover(small.stack, restore=file)

    assert small.resources() == before
