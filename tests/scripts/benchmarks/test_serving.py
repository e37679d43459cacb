"""The whole benchmark with real servers, for a moment; its figures mean nothing."""

import json
import socket
import subprocess
import sys
import time
from io import StringIO

import pytest
from rich.console import Console

from scripts.benchmarks import serving
from scripts.benchmarks.contest.contender import NAMES, running
from scripts.benchmarks.course import alone
from scripts.benchmarks.serving import bench
from serving.runtime.process import mentioning
from serving.runtime.server import ServerHandle
from tests.scripts.benchmarks.found import MOMENT

STUB_GRACE_SECONDS = 15


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def left_over(contenders, release, folder) -> list[object]:
    """What of a run still listens or runs once Triton's stubs, which look for their parent, have had their time."""
    ports = [port for key in ("graph", "eager") for port in contenders.targets[key].ports]
    handle = ServerHandle.read(folder / "triton")
    deadline = time.monotonic() + STUB_GRACE_SECONDS
    while True:
        left = [port for port in [*ports, *handle.ports.by_key().values()] if answers(port)]
        left += [*mentioning(handle.region), *mentioning(str(release.folder))]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


@pytest.fixture
def seen(monkeypatch):
    """The contenders of the run that follows."""
    kept = []

    def keeping(*about):
        class Keeping:
            def __enter__(self):
                self.inner = running(*about)
                kept.append(self.inner.__enter__())
                return kept[-1]

            def __exit__(self, *error):
                return self.inner.__exit__(*error)

        return Keeping()

    monkeypatch.setattr(serving, "running", keeping)
    return kept


@pytest.mark.triton
def test_one_run_measures_all_four_says_so_and_leaves_nothing_behind(real_release, tmp_path, seen):
    said = StringIO()

    result = bench(real_release, MOMENT, tmp_path / "run", Console(file=said, width=200))

    assert left_over(seen[0], real_release, tmp_path / "run") == []
    file = json.loads(result.write(tmp_path).read_text())
    rows = {row["name"]: row for row in file["rows"]}
    for name in NAMES.values():
        assert rows[f"{name}: throughput at p99 <= 50 ms"]["measured"] > 0
        assert rows[f"{name}: share of bare onnxruntime's top ten"]["measured"] > 0.9
    # A moment is too short for a p99, and the verdict says so.
    assert rows["requests behind each p99 at Poisson load"]["met"] is False
    assert file["machine"]["versions"]["triton"] == "2.51.0"
    assert file["machine"]["release"] == real_release.digest
    said = said.getvalue()
    assert said.startswith("serving: 1 rounds, at most about 0 min ")
    assert "which they share with the servers" in said
    assert "\nTriton loses " in said


@pytest.mark.triton
def test_an_interrupted_run_stops_every_server(real_release, tmp_path, seen, monkeypatch):
    def interrupted(*about):
        raise KeyboardInterrupt

    monkeypatch.setattr(serving, "measure", interrupted)

    with pytest.raises(KeyboardInterrupt):
        bench(real_release, MOMENT, tmp_path, Console(file=StringIO()))

    assert left_over(seen[0], real_release, tmp_path) == []


def test_two_benchmarks_at_once_are_refused(tmp_path, weighty_release):
    with alone(tmp_path), pytest.raises(ValueError, match=r"^another benchmark holds .*; wait"):
        bench(weighty_release, MOMENT, tmp_path, Console(file=StringIO()))


def test_a_release_that_is_damaged_is_one_line_and_no_json(tmp_path):
    (tmp_path / "release").symlink_to(tmp_path / "gone")
    program = f"""
from pathlib import Path
from scripts.benchmarks import course, serving
course.LOCAL_RELEASE = Path({str(tmp_path / "release")!r})
course.FOLDER = Path({str(tmp_path / "bench")!r})
serving.main()
"""
    done = subprocess.run([sys.executable, "-c", program, "--short"], capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("error: release ")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("bench/*.json"))
