import json

import pytest

from model.artifact import Artifact, cache_folder, new_folder

ABOUT = {
    "model": "m",
    "version": "1",
    "precision": "int8",
    "data": "d",
    "recipe": "r",
    "seed": 0,
    "git_commit": "c",
    "catalogue": 3,
    "max_history": 4,
    "metrics": {"ndcg": 0.1},
}


@pytest.fixture
def artifact(tmp_path):
    with new_folder(tmp_path / "release") as scratch:
        (scratch / "graph.onnx").write_bytes(b"graph")
        Artifact.seal(scratch, **ABOUT)
    return Artifact.load(tmp_path / "release")


def test_a_sealed_folder_loads_with_the_digest_it_was_sealed_with(artifact):
    assert Artifact.load(artifact.folder).digest == artifact.digest
    assert artifact.digest.startswith("sha256:")
    assert artifact.file("graph.onnx").read_bytes() == b"graph"


def test_another_byte_or_another_figure_is_another_digest(tmp_path, artifact):
    with new_folder(tmp_path / "other") as scratch:
        (scratch / "graph.onnx").write_bytes(b"grapH")
        other = Artifact.seal(scratch, **ABOUT)
    with new_folder(tmp_path / "third") as scratch:
        (scratch / "graph.onnx").write_bytes(b"graph")
        third = Artifact.seal(scratch, **{**ABOUT, "seed": 1})

    assert len({artifact.digest, other.digest, third.digest}) == 3


@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_file_that_differs_or_is_missing_is_named(artifact, harm):
    path = artifact.folder / "graph.onnx"
    path.write_bytes(b"other") if harm == "change" else path.unlink()

    with pytest.raises(ValueError, match=r"graph\.onnx is missing or differs from its digest"):
        Artifact.load(artifact.folder)


def test_a_folder_without_a_manifest_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match=r"has no manifest\.json; build it with"):
        Artifact.load(tmp_path)


def test_a_file_that_the_manifest_does_not_list_is_not_part_of_it(artifact):
    (artifact.folder / "stray").write_text("x")

    with pytest.raises(KeyError, match=r"has no stray; it holds graph\.onnx"):
        artifact.file("stray")


def test_nothing_is_overwritten(artifact):
    with pytest.raises(FileExistsError, match="never overwritten"), new_folder(artifact.folder):
        pass
    assert json.loads((artifact.folder / "manifest.json").read_text())["files"]


def test_a_block_that_fails_leaves_nothing(tmp_path):
    def fail_half_way():
        with new_folder(tmp_path / "release") as scratch:
            (scratch / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_build_the_same_the_first_to_finish_stays(tmp_path):
    with new_folder(tmp_path / "release") as slow:
        (slow / "by").write_text("slow")
        with new_folder(tmp_path / "release") as quick:
            (quick / "by").write_text("quick")
    assert (tmp_path / "release" / "by").read_text() == "quick"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("RIALTO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "rialto"
