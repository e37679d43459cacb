import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
IMAGES = PROJECT / "serving" / "images"
FILES = sorted(IMAGES.glob("*.Containerfile"))


def instructions(file):
    """The lines of a Containerfile as (instruction, arguments)."""
    text = re.sub(r"\\\n", " ", file.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def lock_of(file):
    """The lock that a Containerfile installs, and the one that the tests run with the same packages."""
    (copied,) = [words for words in map(str.split, _copies(file)) if words[-1] == f"/tmp/{file.stem}.lock"]
    lock = PROJECT / copied[0]
    return lock, PROJECT / "requirements.lock" if lock.parent == IMAGES else lock


def _copies(file):
    return [arguments for instruction, arguments in instructions(file) if instruction == "COPY"]


def versions(lock):
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_image_runs_as_nobody(file):
    users = [arguments for instruction, arguments in instructions(file) if instruction == "USER"]

    assert users == ["1000:1000"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_image_installs_what_its_lock_says_by_hash(file):
    (install,) = [arguments for _, arguments in instructions(file) if "pip install" in arguments]

    assert "--require-hashes" in install
    assert f"/tmp/{file.stem}.lock" in install
    text = lock_of(file)[0].read_text()
    entries = re.findall(r"^[a-z0-9](?:.*\\\n)*.*$", text, re.MULTILINE)
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_image_has_the_versions_that_the_tests_run(file):
    ours, tested = map(versions, lock_of(file))

    assert {name: ours[name] for name in ours if ours[name] != tested.get(name)} == {}


@pytest.mark.parametrize("command", ["serving.fetch", "serving.fetch_release", "serving.stage"])
def test_the_files_that_the_fetch_image_copies_are_enough(tmp_path, command):
    for instruction, arguments in instructions(IMAGES / "fetch.Containerfile"):
        words = shlex.split(arguments)
        if instruction == "COPY" and words[-1].startswith("/app/"):
            target = tmp_path / words[-1].removeprefix("/")
            target.mkdir(parents=True, exist_ok=True)
            for name in words[:-1]:
                shutil.copy(PROJECT / name, target)
    script = (
        "import sys, runpy; sys.meta_path = [each for each in sys.meta_path if 'editable' not in str(each).lower()];"
        f"sys.path = ['{tmp_path / 'app'}', *[each for each in sys.path if each != '{PROJECT}']];"
        f"sys.argv = ['{command}', '--help']; runpy.run_module('{command}', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert f"usage: python -m {command}" in done.stdout
