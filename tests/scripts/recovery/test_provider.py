"""A provider that is killed while the engine goes on: after `recover` and `up` all is as after one clean run."""

import json
import select
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from scripts.recovery import backup, unanswered
from scripts.recovery.recover import recover
from scripts.recovery.stack import PROJECT, RecoveryError
from tests.scripts.recovery.conftest import Small

pytestmark = pytest.mark.engine

COUNT = 6
# Two chains, so that two are always being made at once.
STORES = f"""
import pulumi, pulumi_openstack as openstack

stores = []
for index in range({COUNT}):
    after = pulumi.ResourceOptions(depends_on=stores[index - 2 : index - 1] if index > 1 else [])
    stores.append(openstack.objectstorage.Container(f"store-{{index}}", opts=after))
"""


class Remote(Small):
    """The stack whose provider is a process of its own; what was made in its cloud is in a file."""

    @property
    def _ledger(self):
        return self.folder / "ledger"

    def made(self) -> list[str]:
        """Whatever the cloud was asked to create, in order."""
        lines = self._ledger.read_text().splitlines()
        return [urn for method, _, urn in (line.partition(" ") for line in lines) if method == "create"]

    def pending(self) -> list[str]:
        """What the state says is being made; without the engine, which holds its lock."""
        for file in (self.folder / "state" / ".pulumi" / "stacks").rglob("small.json"):
            with suppress(ValueError):
                deployment = json.loads(file.read_text())["checkpoint"]["latest"] or {}
                return [each["resource"]["urn"] for each in deployment.get("pending_operations") or []]
        return []

    def stopped(self, engine, provider) -> bool:
        """Wait until the provider has made the thing that it never answers for."""
        while not select.select([provider.stdout], [], [], 0.1)[0]:
            assert engine.poll() is None, self.said.read_text()
        return provider.stdout.readline() == "stopped\n"

    @contextmanager
    def provider(self, at=0):
        """The provider, for as long as it is not killed; the change number `at` is made and never answered."""
        command = [
            sys.executable,
            "-m",
            "tests.scripts.recovery.provider",
            "openstack",
            self._ledger,
            str(at),
        ]
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
            try:
                port = int(process.stdout.readline())
                debug = {"PULUMI_DEBUG_PROVIDERS": f"openstack:{port}"}
                self.stack = replace(self.stack, variables={**self.stack.variables, **debug})
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="module")
def clean(tmp_path_factory, serving):
    """What one `up` that nobody disturbed leaves."""
    small = Small(tmp_path_factory.mktemp("clean") / "small", serving, STORES)
    small.up()
    return small


@pytest.mark.parametrize("made", [1, COUNT - 1])
def test_after_a_provider_was_killed_what_it_never_answered_for_is_asked_about_and_nothing_made_twice(
    tmp_path, serving, clean, made
):
    remote = Remote(tmp_path / "remote", serving, STORES)
    with remote.provider(at=made) as provider:
        engine = remote.start()
        assert remote.stopped(engine, provider)
        provider.kill()
        assert engine.wait() != 0
    backups = tmp_path / "backups"
    asked = unanswered.note("small", remote.events, backups)
    with pytest.raises(RecoveryError, match=r"was killed; run scripts/recover small first"):
        backup.save(remote.stack, backups)

    with remote.provider():
        with pytest.raises(RecoveryError, match=r"look for each in the cloud"):
            recover(remote.stack, folder=backups)
        assert remote.made()[-1] in asked
        found = {urn: clean.ids()[urn] for urn in asked if urn in remote.made()}
        recover(remote.stack, found=found, clear=True, folder=backups)
        assert backup.save(remote.stack, backups)
        remote.up()

        assert remote.resources() == clean.resources()
    assert sorted(remote.made()) == sorted(clean.ids())


def test_of_two_that_were_being_made_none_is_forgotten_because_the_other_was_found(tmp_path, serving, clean):
    remote = Remote(tmp_path / "remote", serving, STORES)
    with remote.provider(at=1) as provider:
        engine = remote.start()
        assert remote.stopped(engine, provider)
        while len(remote.pending()) < 2:
            assert engine.poll() is None, remote.said.read_text()
        engine.kill()
        engine.wait()
    (first,) = remote.made()
    found = {first: clean.ids()[first]}

    with remote.provider():
        with pytest.raises(
            RecoveryError, match=r"also pending: .*; look for each, then give every --found at once"
        ):
            recover(remote.stack, found=found)
        assert len(remote.pending()) == 2
        recover(remote.stack, found=found, clear=True)
        remote.up()

        assert remote.resources() == clean.resources()
    assert sorted(remote.made()) == sorted(clean.ids())
