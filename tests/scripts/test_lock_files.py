import os
import re
import shutil
import subprocess

import pytest

from tests.scripts.conftest import PROJECT

PINS = PROJECT / "scripts" / "setup" / "locks"
LOCKS = [
    PROJECT / "requirements.lock",
    PROJECT / "serving" / "runtime" / "requirements.lock",
    PROJECT / "scripts" / "benchmarks" / "race" / "requirements.lock",
    *PINS.glob("*.lock"),
]


def entries(text):
    """The requirements of a lock, each with its continuation lines."""
    return re.findall(r"^[a-z0-9](?:.*\\\n)*.*$", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(PROJECT)))
def test_a_lock_names_a_hash_for_every_package_and_no_host_at_all(lock):
    text = lock.read_text()

    assert entries(text)
    assert [entry for entry in entries(text) if "--hash=sha256:" not in entry or "==" not in entry] == []
    assert not re.search(r"://|--(extra-)?index-url|--find-links|^/", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["uv", "pip", "go"])
def test_a_tools_lock_holds_exactly_its_pin(name):
    pinned = (PINS / f"{name}.in").read_text().split()[0]

    assert [entry.split()[0] for entry in entries((PINS / f"{name}.lock").read_text())] == [pinned]


def test_the_peer_in_training_computes_with_the_projects_own_pytorch():
    versions = [re.search(r"^torch==(\S+)", LOCKS[place].read_text(), re.MULTILINE)[1] for place in (0, 2)]

    assert versions[0] == versions[1]


def test_triton_runs_the_onnxruntime_that_the_project_quantizes_with():
    versions = [re.search(r"^onnxruntime==(\S+)", lock.read_text(), re.MULTILINE)[1] for lock in LOCKS[:2]]

    assert versions[0] == versions[1]
    assert "\nnumpy==1." in LOCKS[1].read_text()


def test_the_command_writes_every_lock_from_a_file_that_is_there(tmp_path):
    """With a stand-in of uv, which would ask the registries: it writes down what it is asked for."""
    tracked = subprocess.run(
        ["git", "ls-files", "pyproject.toml", "scripts/lock", "*.lock", "*.in", "*.excludes"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    for name in tracked:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    asked = tmp_path / "asked"
    uv = tmp_path / ".rialto" / "environments" / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(f'#!/bin/sh\nwhile [ "$1" != --output-file ]; do shift; done\necho "$2 $3" >> {asked}\n')
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").write_text("#!/bin/sh\n")
    for program in (uv, programs / "python3"):
        program.chmod(0o755)
    (programs / "bash").symlink_to("/bin/bash")
    for name in ("dirname", "sed"):
        (programs / name).symlink_to(shutil.which(name))
    (programs / "git").symlink_to(programs / "python3")

    subprocess.run([tmp_path / "scripts" / "lock"], env={**os.environ, "PATH": str(programs)}, check=True)

    written, sources = zip(*(line.split() for line in asked.read_text().splitlines()), strict=True)
    assert sorted(written) == [name for name in tracked if name.endswith(".lock")]
    assert all((tmp_path / source).is_file() for source in sources)
