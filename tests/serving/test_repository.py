import errno
import os
import shutil
from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from model.artifact import sha256_of
from serving import repository
from serving.model_config import TargetConfig
from serving.repository import add_version, restore, served_configs
from tests.full_disk import no_file_larger_than
from tests.releases import tiny_release

EMBEDDED = TargetConfig.embedded(instances=1)
PRODUCTION = TargetConfig.production(device="cpu", instances=1)


def served_version(root: Path, model: str = "recommend") -> int:
    message = text_format.Parse((root / model / "config.pbtxt").read_text(), pb.ModelConfig())
    (version,) = message.version_policy.specific.versions
    return version


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): sha256_of(path) for path in root.rglob("*") if path.is_file()}


def test_a_version_holds_the_releases_graph_and_says_where_it_came_from(tmp_path, release):
    assert add_version(tmp_path, release, EMBEDDED) == 1

    for model in ("recommend", "predict"):
        folder = tmp_path / model / "1"
        assert sha256_of(folder / "model.onnx") == release.manifest.files[f"{model}.onnx"]
        assert f"sha256:{sha256_of(folder / 'manifest.json')}" == release.digest
        assert {path.name for path in folder.iterdir()} == {"model.onnx", "model.py", "manifest.json"}


def test_production_versions_hold_no_python(tmp_path, release):
    add_version(tmp_path, release, PRODUCTION)

    assert {path.name for path in (tmp_path / "recommend" / "1").iterdir()} == {"model.onnx", "manifest.json"}


def test_numbers_grow_and_earlier_versions_stay_as_they_are(tmp_path, release):
    add_version(tmp_path, release, EMBEDDED)
    before = {name: digest for name, digest in contents(tmp_path).items() if "/1/" in name}

    assert add_version(tmp_path, tiny_release(tmp_path / "b", seed=2), EMBEDDED) == 2
    assert served_version(tmp_path) == served_version(tmp_path, "predict") == 2
    assert before == {name: digest for name, digest in contents(tmp_path).items() if "/1/" in name}


def test_the_same_release_keeps_its_number(tmp_path, release):
    add_version(tmp_path, release, EMBEDDED)
    before = contents(tmp_path)

    assert add_version(tmp_path, release, EMBEDDED) == 1
    assert contents(tmp_path) == before


def test_going_back_to_an_earlier_release_serves_its_number_again(tmp_path, release):
    add_version(tmp_path, release, EMBEDDED)
    add_version(tmp_path, tiny_release(tmp_path / "b", seed=2), EMBEDDED)

    assert add_version(tmp_path, release, EMBEDDED) == 1
    assert served_version(tmp_path) == 1


def test_other_instances_change_the_configuration_and_not_the_version(tmp_path, release):
    add_version(tmp_path, release, EMBEDDED)

    assert add_version(tmp_path, release, TargetConfig.embedded(instances=3)) == 1
    assert "count: 3" in (tmp_path / "recommend" / "config.pbtxt").read_text()


def test_another_model_py_makes_another_version_of_the_same_release(tmp_path, release, monkeypatch):
    add_version(tmp_path / "models", release, EMBEDDED)
    changed = tmp_path / "model.py"
    changed.write_text("# another")
    monkeypatch.setattr(repository, "EMBEDDED_MODEL", changed)

    assert add_version(tmp_path / "models", release, EMBEDDED) == 2


def test_a_version_that_only_one_model_got_is_completed(tmp_path, release):
    add_version(tmp_path, release, EMBEDDED)
    shutil.rmtree(tmp_path / "predict")

    assert add_version(tmp_path, release, EMBEDDED) == 1
    assert (tmp_path / "predict" / "1" / "model.onnx").exists()


def test_what_a_killed_writer_left_is_removed(tmp_path, release):
    scratch = tmp_path / "recommend" / ".1.abc"
    scratch.mkdir(parents=True)
    (scratch / "model.onnx").write_bytes(b"half")

    assert add_version(tmp_path, release, EMBEDDED) == 1
    assert not scratch.exists()


def test_graphs_share_their_blocks_with_the_release(tmp_path, release):
    add_version(tmp_path, release, EMBEDDED)

    assert (tmp_path / "predict" / "1" / "model.onnx").samefile(release.file("predict.onnx"))


@pytest.mark.parametrize("limit", [100, 2000, 12_000])
def test_a_full_disk_leaves_nothing_of_the_new_version(tmp_path, release, monkeypatch, limit):
    other = tiny_release(tmp_path / "b", seed=2)
    root = tmp_path / "models"
    add_version(root, release, EMBEDDED)
    before = contents(root)

    def other_file_system(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_file_system)
    with no_file_larger_than(limit), pytest.raises(OSError, match="File too large"):
        add_version(root, other, EMBEDDED)

    assert contents(root) == before
    assert sorted(path.name for path in (root / "recommend").iterdir()) == ["1", "config.pbtxt", "warmup"]


def test_a_disk_that_fills_between_the_two_models_leaves_neither(tmp_path, release, monkeypatch):
    other = tiny_release(tmp_path / "b", seed=2)
    root = tmp_path / "models"
    add_version(root, release, EMBEDDED)
    before = contents(root)
    written = []

    def fills_up(source, target):
        written.append(target)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        shutil.copyfile(source, target)

    monkeypatch.setattr(repository, "_link", fills_up)
    with pytest.raises(OSError, match="No space left"):
        add_version(root, other, EMBEDDED)

    assert contents(root) == before


def test_restoring_names_the_former_version_and_forgets_models_that_were_not_there(tmp_path, release):
    empty = served_configs(tmp_path)
    add_version(tmp_path, release, EMBEDDED)
    first = served_configs(tmp_path)
    add_version(tmp_path, tiny_release(tmp_path / "b", seed=2), EMBEDDED)

    restore(tmp_path, first)
    assert served_version(tmp_path) == 1
    restore(tmp_path, empty)
    assert served_configs(tmp_path) == {}
