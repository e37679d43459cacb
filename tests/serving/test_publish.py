import pytest

from model.artifact import Artifact
from serving.publish import publish
from tests.releases import tiny_release


def test_the_address_ends_in_the_digest_and_leads_to_the_release(tmp_path, release):
    uri = publish(release, tmp_path.as_uri())

    assert uri.endswith(release.digest.replace(":", "/"))
    assert Artifact.load(tmp_path / "sha256" / release.digest.partition(":")[2]).digest == release.digest


def test_publishing_twice_gives_the_same_address(tmp_path, release):
    assert publish(release, tmp_path.as_uri()) == publish(release, tmp_path.as_uri())


def test_a_store_whose_path_has_a_space_is_written_where_it_says(tmp_path, release):
    store = tmp_path / "our store"

    publish(release, store.as_uri())

    assert (store / "sha256").is_dir()


def test_differing_content_is_never_overwritten(tmp_path, release):
    publish(release, tmp_path.as_uri())
    published = tmp_path / "sha256" / release.digest.partition(":")[2]
    (published / "quality.md").write_text("better than it is")

    with pytest.raises(ValueError, match=r"quality\.md is missing or differs"):
        publish(release, tmp_path.as_uri())
    assert (published / "quality.md").read_text() == "better than it is"


def test_a_release_that_was_damaged_is_not_published(tmp_path):
    damaged = tiny_release(tmp_path / "release")
    (damaged.folder / "recommend.onnx").write_bytes(b"")

    with pytest.raises(ValueError, match=r"recommend\.onnx is missing or differs"):
        publish(damaged, (tmp_path / "store").as_uri())
    assert list((tmp_path / "store").rglob("*.onnx")) == []


@pytest.mark.parametrize("store", ["s3://bucket/releases", "/srv/releases", "file://host/releases", ""])
def test_other_stores_are_refused_by_name(release, store):
    with pytest.raises(ValueError, match=f'store is "{store}"; name a folder as file:///path'):
        publish(release, store)
