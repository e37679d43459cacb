import re

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
