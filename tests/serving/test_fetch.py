import subprocess
import sys

import pytest

from serving.fetch import fetch, main
from serving.model_config import TargetConfig
from serving.publish import publish
from serving.repository import add_version
from tests.releases import tiny_release
from tests.serving.s3 import BUCKET, served

TARGET = TargetConfig.production(device="gpu", instances=2)
STORE = f"s3://{BUCKET}/releases"


@pytest.fixture
def s3(monkeypatch):
    yield from served(monkeypatch)


@pytest.fixture
def published(s3, release):
    publish(release, STORE)
    return s3


def key(release, name):
    return f"releases/{release.digest.replace(':', '/')}/{name}"


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_fetched_release_is_what_packing_it_here_gives(tmp_path, published, release):
    assert fetch(STORE, release.digest, tmp_path / "fetched", TARGET) == 1

    add_version(tmp_path / "packed", release, TARGET)
    assert contents(tmp_path / "fetched") == contents(tmp_path / "packed")


def test_a_release_comes_from_a_folder_too(tmp_path, release):
    publish(release, (tmp_path / "store").as_uri())

    assert fetch((tmp_path / "store").as_uri(), release.digest, tmp_path / "models", TARGET) == 1


def test_tables_and_weights_stay_in_the_store(tmp_path, published, release):
    fetch(STORE, release.digest, tmp_path, TARGET)

    assert not [
        name for name in contents(tmp_path) if name.endswith((".parquet", ".safetensors", ".py", ".md"))
    ]


@pytest.mark.parametrize("name", ["recommend.onnx", "predict.onnx"])
def test_a_tampered_file_is_refused_and_nothing_is_written(tmp_path, published, release, name):
    published.put(key(release, name), b"another graph")

    with pytest.raises(ValueError, match=rf"{name} has the digest sha256:.*do not serve it"):
        fetch(STORE, release.digest, tmp_path / "models", TARGET)
    assert not (tmp_path / "models").exists()


def test_a_tampered_manifest_is_refused_and_nothing_is_written(tmp_path, published, release):
    other = tiny_release(tmp_path / "other", seed=5)
    for name in ("manifest.json", "recommend.onnx", "predict.onnx"):
        published.put(key(release, name), (other.folder / name).read_bytes())

    with pytest.raises(ValueError, match=rf"has the digest {other.digest}, not the one it lies under"):
        fetch(STORE, release.digest, tmp_path / "models", TARGET)
    assert not (tmp_path / "models").exists()


def test_a_served_repository_stays_as_it_is_when_the_next_release_is_bad(tmp_path, published, release):
    fetch(STORE, release.digest, tmp_path / "models", TARGET)
    before = contents(tmp_path / "models")
    other = tiny_release(tmp_path / "other", seed=5)
    publish(other, STORE)
    published.put(key(other, "predict.onnx"), b"")

    with pytest.raises(ValueError, match="do not serve it"):
        fetch(STORE, other.digest, tmp_path / "models", TARGET)
    assert contents(tmp_path / "models") == before


def test_a_digest_that_was_never_published_is_named_in_one_line(tmp_path, s3, capsys):
    digest = f"sha256:{'0' * 64}"

    status = main([STORE, digest, str(tmp_path), "--device", "cpu", "--instances", "1"])

    printed = capsys.readouterr()
    assert (status, printed.out) == (1, "")
    assert printed.err.startswith(f"error: {STORE}/sha256/{'0' * 64}/manifest.json failed: ")
    assert printed.err.count("\n") == 1


def test_what_is_no_digest_is_refused(tmp_path, capsys):
    assert main([STORE, "latest", str(tmp_path), "--device", "cpu", "--instances", "1"]) == 1
    assert 'digest is "latest"; it must be sha256: and 64 hexadecimal digits' in capsys.readouterr().err


def test_the_command_says_what_it_placed(tmp_path, published, release, capsys):
    arguments = [
        STORE,
        release.digest,
        str(tmp_path),
        "--device",
        "cpu",
        "--instances",
        "3",
        "--threads",
        "2",
    ]

    assert main(arguments) == 0
    assert f"{release.digest} is version 1 of recommend, predict" in capsys.readouterr().out
    config = (tmp_path / "recommend" / "config.pbtxt").read_text()
    assert "count: 3" in config
    assert "KIND_CPU" in config


def test_the_init_container_needs_neither_torch_nor_pandas_nor_pulumi():
    script = "import sys, serving.fetch, serving.stage; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"torch", "pandas", "pulumi", "onnx", "onnxruntime"} & set(loaded)
