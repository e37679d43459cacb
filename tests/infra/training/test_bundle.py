import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.training.bundle import bundle

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path):
    """A small project with what a bundle takes."""
    for name in (
        "model/train.py",
        "model/data/table.py",
        "serving/__init__.py",
        "serving/publish.py",
        "serving/published.py",
        "serving/store.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


def names(packed, folder):
    with zipfile.ZipFile(packed.write(folder)) as archive:
        return archive.namelist()


def test_the_same_code_gives_the_same_bytes_whenever_and_wherever(root):
    before = bundle(root)
    os.utime(root / "model" / "train.py", (1, 1))
    (root / "model" / "train.py").chmod(0o755)

    assert bundle(root) == before


def test_a_changed_line_is_another_digest(root):
    before = bundle(root).digest
    (root / "model" / "data" / "table.py").write_text("# changed\n")

    assert bundle(root).digest != before


def test_caches_and_what_only_serves_stay_out(root, tmp_path_factory):
    (root / "model" / "__pycache__").mkdir()
    (root / "model" / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"")
    (root / "model" / "README.md").write_text("")
    (root / "serving" / "client.py").write_text("")

    packed = names(bundle(root), tmp_path_factory.mktemp("bundles"))
    assert packed == [
        "model/data/table.py",
        "model/train.py",
        "serving/__init__.py",
        "serving/publish.py",
        "serving/published.py",
        "serving/store.py",
    ]


def test_it_lies_under_its_digest_and_is_written_once(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    file = bundle(root).write(folder)
    written = file.stat().st_mtime_ns

    assert file.stem == bundle(root).hex
    assert bundle(root).write(folder).stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "command",
    [
        # PyTorch takes seconds to import.
        pytest.param("model.train", marks=pytest.mark.slow),
        pytest.param("model.release", marks=pytest.mark.slow),
        "serving.publish",
    ],
)
def test_what_a_run_calls_starts_from_the_bundle_alone(tmp_path, command):
    with zipfile.ZipFile(bundle(PROJECT).write(tmp_path)) as archive:
        archive.extractall(tmp_path / "code")
    # -P and -S would lose the environment's packages; an editable install of the project must not help.
    script = (
        "import sys; sys.meta_path = [each for each in sys.meta_path if 'editable' not in str(each).lower()];"
        f"sys.path = ['{tmp_path / 'code'}', *[each for each in sys.path if each != '{PROJECT}']];"
        f"sys.argv = ['{command}', '--help']; import runpy; runpy.run_module('{command}', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
