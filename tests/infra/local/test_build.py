import os
import subprocess
import sys
import time

import pytest

from infra.local import build as module
from model.artifact import release_store
from model.inputs import ReleaseConfig
from serving.runtime.process import ProcessRef
from tests.releases import tiny_release

CONFIG = ReleaseConfig(recipe="smoke")


@pytest.fixture
def run_instead(monkeypatch):
    """Have a few lines of Python run where the build would."""

    def run_instead(script):
        command = [sys.executable, "-uc", script]
        monkeypatch.setattr(
            module,
            "_started",
            lambda config: subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ),
        )

    return run_instead


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build with a log and a store of this test's own; returns what was shown beside the release."""
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "inputs_key", lambda config: "smoke-1")
    shown = []

    def build(show=shown.append):
        return module.build(CONFIG, tmp_path / "local" / "release.log", show), shown

    return build


def test_every_line_up_to_the_report_is_shown_and_every_line_is_logged(run_instead, build, tmp_path):
    release = tiny_release(tmp_path / "made")
    store = f"import shutil; shutil.copytree({str(release.folder)!r}, {str(release_store() / 'smoke-1')!r})"
    run_instead(
        f"print('preparing'); print(); print('epoch 1/2'); print('## Quality'); print('good'); {store}"
    )

    built, shown = build()

    assert built.digest == release.digest
    assert shown == ["preparing", "epoch 1/2", "the release is in the store"]
    assert (tmp_path / "local" / "release.log").read_text() == ("preparing\nepoch 1/2\n## Quality\ngood\n")


def test_a_release_in_the_store_is_taken_without_a_build(run_instead, build):
    run_instead("raise AssertionError('there was nothing to build')")
    release = tiny_release(release_store() / "smoke-1")

    built, shown = build()

    assert built == release
    assert shown == ["reusing the release in smoke-1"]


def test_a_refusal_is_passed_on_in_the_builds_own_words(run_instead, build):
    run_instead("import sys; print('epoch 1/2'); sys.exit('error: int8 NDCG@10 is 0.1, fp32 0.2')")

    with pytest.raises(ValueError, match=r"^int8 NDCG@10 is 0\.1, fp32 0\.2$"):
        build()


def test_a_crash_names_its_last_line_and_the_log(run_instead, build, tmp_path):
    run_instead("raise RuntimeError('bad alloc')")

    with pytest.raises(ValueError, match=r"^the build failed: RuntimeError: bad alloc; all it printed is in"):
        build()

    assert "Traceback" in (tmp_path / "local" / "release.log").read_text()


def test_a_build_that_the_kernel_ended_says_so(run_instead, build):
    run_instead("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    with pytest.raises(ValueError, match="ended by SIGKILL, as when memory runs out"):
        build()


def test_nobody_trains_on_when_nobody_listens(run_instead, build):
    run_instead("import os, time; print(os.getpid()); time.sleep(600)")
    started = []

    def hang_up(line):
        started.append(ProcessRef.of(int(line)))
        raise ConnectionError("the engine has gone")

    before = time.monotonic()
    with pytest.raises(ConnectionError):
        build(hang_up)

    assert time.monotonic() - before < 60
    assert not started[0].alive()


def test_the_build_is_the_one_that_people_can_run_by_hand(monkeypatch):
    seen = {}
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: seen.update(options, command=command))

    module._started(ReleaseConfig(recipe="smoke", source="table", path="a b.toml", seed=7))

    assert seen["command"][1:] == [
        *(
            "-m",
            "model.release",
            "--recipe",
            "smoke",
            "--source",
            "table",
            "--path",
            "a b.toml",
            "--seed",
            "7",
        )
    ]
    assert seen["cwd"] == module.PROJECT
    assert seen["env"].items() >= {key: os.environ[key] for key in ("PATH", "HOME")}.items()
