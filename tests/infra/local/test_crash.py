"""Updates of the real `local` stack that are killed or find the disk full: the next one ends as a clean one does."""

import os
import shutil
import subprocess

import pytest

from serving.runtime.control import ServerControl
from serving.runtime.note import ProcessNote
from tests.infra.clone import errors, free_triton_ports
from tests.infra.local import interruption
from tests.infra.local.interruption import interrupted, strangers
from tests.infra.local.traffic import traffic

pytestmark = [pytest.mark.engine, pytest.mark.triton, pytest.mark.envoy]

# What a clean run after `destroy` would make anew, and that other resources tell of.
SECRETS = ("certificates", "keys")


@pytest.fixture(scope="module", autouse=True)
def disk(clone):
    """The small disk that state and servers' files of this clone are on; None where none may be mounted."""
    machine = clone.folder / ".rialto"
    small = machine / "disk"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(small)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    shutil.move(machine / "state", small)
    (small / "local").mkdir()
    for name in ("state", "local"):
        (machine / name).symlink_to(small / name)
    yield small
    if strangers(clone):
        clone.recover()
    left = clone.end_all()
    (machine / "state").unlink()
    shutil.move(small / "state", machine)
    subprocess.run(["umount", "--lazy", small], check=True)
    assert left == []


@pytest.fixture
def moving(stack):
    """The stack, whose Tritons are to listen elsewhere: each gets a successor, and ends only after that one answers."""
    stack.choose(triton=free_triton_ports(2, beside=stack.ports))
    return stack


def kept(clone) -> dict[str, dict]:
    """What the state has of each resource, but for process numbers and times."""
    deployment = clone.deployment()
    assert not deployment.get("pending_operations")
    ours = [each for each in deployment["resources"] if "pulumi:providers:" not in each["type"]]
    assert len({each["urn"] for each in ours}) == len(ours), "something is there twice"
    return {each["urn"]: _lasting(each) for each in ours}


def _lasting(resource: dict) -> dict:
    outputs = {key: value for key, value in resource.get("outputs", {}).items() if key != "process"}
    return {"id": resource.get("id"), "inputs": resource.get("inputs"), "outputs": outputs}


def assert_all_answer(clone):
    """Both Tritons, and through the edge the models and the gateway."""
    for port in (clone.ports[0], clone.ports[3]):
        assert set(ServerControl(port).versions()) == {"recommend", "predict"}
    with traffic(clone.inside_port, clone.inside_port, callers=1) as seen:
        while not (seen.failures or seen.answers.total() > 10):
            seen.stopped.wait(0.01)
    assert seen.failures == []
    assert ProcessNote.read(clone.local / "gateway").alive()
    assert clone.outputs()["health"] == "ready"
    assert strangers(clone) == {}


def cleanly(clone) -> dict[str, dict]:
    """What one run leaves that nobody disturbs, with the same secrets."""
    aside = clone.folder / "aside"
    for name in SECRETS:
        shutil.copytree(clone.local / name, aside / name, symlinks=True)
    assert clone.destroy().returncode == 0
    for name in SECRETS:
        shutil.move(aside / name, clone.local)
    done = clone.up()
    assert done.returncode == 0, done.stdout
    return kept(clone)


# Eleven commands of the engine one after the other.
@pytest.mark.timeout(1800)
def test_an_update_that_is_killed_again_and_again_ends_as_one_that_nobody_disturbed(clone):
    between = []
    for point, kill in (
        (interruption.training, interruption.kill_engine),
        (interruption.triton, interruption.kill_all),
        (interruption.edge, interruption.kill_engine),
        (interruption.gateway, interruption.kill_all),
    ):
        interrupted(clone, point, kill)
        assert strangers(clone), "something is left to end"

        done = clone.recover()

        assert done.returncode == 0, done.stdout
        assert "removed the lock of an update that has ended" in done.stdout
        assert strangers(clone) == {}
        between.append(kept(clone))
    done = clone.up()
    assert done.returncode == 0, done.stdout
    assert_all_answer(clone)
    after = kept(clone)

    clean = cleanly(clone)

    assert after == clean
    for state in between:
        made = {urn: each for urn, each in state.items() if ":dynamic/" in urn}
        assert made
        assert made.items() <= clean.items()


def test_on_a_disk_that_gets_full_nothing_is_half_written_and_who_answers_goes_on(moving, disk):
    if disk is None:
        pytest.skip("only root may mount a small disk")
    before = kept(moving)
    filling = disk / "filling"

    def fill(_):
        with pytest.raises(OSError, match="No space left on device"):
            filling.write_bytes(bytes(shutil.disk_usage(disk).total))

    with traffic(moving.inside_port, moving.inside_port, callers=1) as seen:
        done, _ = interrupted(moving, interruption.noted_triton, fill)

        assert done.returncode != 0
        (line,) = errors(done)
        assert "No space left on device; make room there and run up again" in line
        assert strangers(moving) == {}
        assert kept(moving) == before
        assert list(moving.local.glob(f"triton-{moving.ports[0]}/models/*/*[0-9]*")) == []
        filling.unlink()
        done = moving.up()

    assert done.returncode == 0, done.stdout
    assert seen.failures == []
    assert_all_answer(moving)


def test_a_provider_that_is_killed_fails_the_update_in_one_line_and_the_next_one_ends_what_it_started(moving):
    with traffic(moving.inside_port, moving.inside_port, callers=1) as seen:
        done, started = interrupted(moving, interruption.noted_triton, interruption.kill_provider)

        assert done.returncode != 0
        (line,) = errors(done)
        # EOF, or a reset where it was sent something just then.
        assert line.startswith("error: error reading from server: ")
        assert f"(local-triton):\n    {line}" in done.stdout
        assert started in strangers(moving)
        done = moving.up()

    assert done.returncode == 0, done.stdout
    assert seen.failures == []
    assert_all_answer(moving)
