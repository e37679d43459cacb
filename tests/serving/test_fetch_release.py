import pytest

from model.artifact import MANIFEST
from serving.catalogue import Catalogue
from serving.fetch_release import fetch_release, main
from serving.publish import publish


@pytest.fixture
def store(tmp_path, release):
    folder = tmp_path / "store"
    publish(release, folder.as_uri())
    return folder


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "volume"
    made.mkdir()
    return made


def test_a_fetched_release_is_one_that_a_gateway_reads_and_has_no_household_in_it(store, release, folder):
    fetched = fetch_release(store.as_uri(), release.digest, folder)

    catalogue = Catalogue.load(fetched)
    assert catalogue.digest == release.digest
    assert len(catalogue.histories) == 0
    assert [path.name for path in folder.iterdir()] == ["release"]


def test_a_step_that_is_repeated_brings_it_anew(store, release, folder):
    (fetch_release(store.as_uri(), release.digest, folder) / "items.parquet").write_bytes(b"half")

    assert Catalogue.load(fetch_release(store.as_uri(), release.digest, folder)).digest == release.digest


@pytest.mark.parametrize("name", ["items.parquet", "recommend.onnx", MANIFEST])
def test_a_tampered_file_is_refused_in_one_line_and_nothing_is_left(store, release, folder, capsys, name):
    (store / release.digest.replace(":", "/") / name).write_bytes(b"{}")

    assert main([store.as_uri(), release.digest, str(folder)]) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert line.endswith("do not serve it")
    assert list(folder.iterdir()) == []
