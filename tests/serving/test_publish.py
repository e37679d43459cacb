import json

import pytest

from model.artifact import sha256_of
from model.record import ReleaseRecord
from serving import publish as module
from serving.publish import main, publish, published_files
from serving.store import StoreError
from tests.releases import tiny_release
from tests.serving.s3 import BUCKET, served


@pytest.fixture
def s3(monkeypatch):
    yield from served(monkeypatch)


@pytest.fixture(params=["file", "s3"])
def store(request, tmp_path):
    """The address of an empty store, and how to look into it: names by key, text by key, write."""
    if request.param == "file":
        return FolderView(tmp_path / "our store")
    return BucketView(request.getfixturevalue("s3"))


class FolderView:
    def __init__(self, folder):
        self.folder, self.uri = folder, folder.as_uri()

    def listing(self):
        return sorted(
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
        )

    def get(self, key):
        return (self.folder / key).read_bytes()

    def put(self, key, body):
        (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / key).write_bytes(body)


class BucketView:
    def __init__(self, s3):
        self.s3, self.uri = s3, f"s3://{BUCKET}/releases"

    def listing(self):
        return sorted(key.removeprefix("releases/") for key in self.s3.listing())

    def get(self, key):
        return self.s3.get(f"releases/{key}")

    def put(self, key, body):
        self.s3.put(f"releases/{key}", body)


def place(release):
    return release.digest.replace(":", "/")


def test_the_address_ends_in_the_digest_and_leads_to_the_release(store, release):
    assert publish(release, store.uri) == f"{store.uri}/{place(release)}"

    assert store.get(f"{place(release)}/manifest.json") == release.manifest.as_json().encode()
    for name in ("recommend.onnx", "predict.onnx", "model.safetensors", "items.parquet", "quality.md"):
        assert store.get(f"{place(release)}/{name}") == release.file(name).read_bytes()


def test_no_household_leaves_the_machine(store, release):
    publish(release, store.uri)

    assert "histories.parquet" in release.manifest.files
    assert not [key for key in store.listing() if "histories" in key]


def test_publishing_twice_gives_the_same_address(store, release):
    first = publish(release, store.uri)
    keys = store.listing()

    assert publish(release, store.uri) == first
    assert store.listing() == keys


def test_differing_content_is_never_overwritten(store, release):
    publish(release, store.uri)
    store.put(f"{place(release)}/quality.md", b"better than it is")

    with pytest.raises(
        ValueError, match=r"quality\.md is not the file of this release, and is never overwritten"
    ):
        publish(release, store.uri)
    assert store.get(f"{place(release)}/quality.md") == b"better than it is"


def test_the_manifest_comes_last_and_a_release_cut_short_is_completed(store, release, monkeypatch):
    add = module._add

    def stops_at_the_fourth(where, name, file, digest):
        if name == sorted(published_files(release))[3]:
            raise OSError("connection lost")
        add(where, name, file, digest)

    monkeypatch.setattr(module, "_add", stops_at_the_fourth)
    with pytest.raises(OSError, match="connection lost"):
        publish(release, store.uri)
    assert len(store.listing()) == 3
    assert not [key for key in store.listing() if key.endswith("manifest.json")]

    monkeypatch.setattr(module, "_add", add)
    publish(release, store.uri)
    assert store.get(f"{place(release)}/manifest.json")


def test_a_release_that_was_damaged_is_not_published(tmp_path, store):
    damaged = tiny_release(tmp_path / "release")
    (damaged.folder / "recommend.onnx").write_bytes(b"")

    with pytest.raises(ValueError, match=r"recommend\.onnx is missing or differs"):
        publish(damaged, store.uri)
    assert store.listing() == []


@pytest.mark.parametrize(
    "store", ["http://bucket/releases", "/srv/releases", "file://host/releases", "", "s3://"]
)
def test_other_stores_are_refused_by_name(release, store):
    with pytest.raises(ValueError, match=f'store is "{store}"; name a folder as file:///path, or a bucket'):
        publish(release, store)


def test_a_bucket_that_is_not_there_is_named_in_one_line(s3, release):
    with pytest.raises(StoreError, match=r"^s3://nowhere/.* failed: .*NoSuchBucket.*$") as failure:
        publish(release, "s3://nowhere/releases")
    assert "\n" not in str(failure.value)


def test_the_command_prints_the_address_and_writes_the_record_that_a_preview_reads(tmp_path, release, capsys):
    store, records = (tmp_path / "store").as_uri(), tmp_path / "records"

    assert main([str(release.folder), store, "--record", str(records)]) == 0

    printed = capsys.readouterr()
    assert printed.out == f"{store}/{place(release)}\n"
    assert f"release.digest: {release.digest}" in printed.err
    record = ReleaseRecord.load(release.digest, records)
    assert record.manifest == release.manifest
    assert record.sizes["recommend.onnx"] == release.file("recommend.onnx").stat().st_size
    assert "histories.parquet" not in record.sizes


def test_a_copy_from_one_store_can_be_published_to_another(tmp_path, release):
    publish(release, (tmp_path / "one").as_uri())

    copy = str(tmp_path / "one" / place(release))
    assert main([copy, (tmp_path / "other").as_uri(), "--record", str(tmp_path / "records")]) == 0
    assert (tmp_path / "other" / place(release) / "manifest.json").is_file()
    assert ReleaseRecord.load(release.digest, tmp_path / "records").manifest == release.manifest


def test_a_record_of_another_release_is_refused(tmp_path, release):
    main([str(release.folder), (tmp_path / "store").as_uri(), "--record", str(tmp_path)])
    (file,) = tmp_path.glob("*.json")
    file.write_text(
        json.dumps(json.loads(file.read_text()) | {"manifest": vars(release.manifest) | {"seed": 9}})
    )

    with pytest.raises(ValueError, match=r"describes sha256:.*; publish the release again"):
        ReleaseRecord.load(release.digest, tmp_path)


def test_the_command_fails_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path), tmp_path.as_uri()]) == 1
    assert capsys.readouterr().err.startswith("error: release ")


def test_what_is_stored_is_readable_by_others(tmp_path, release):
    publish(release, tmp_path.as_uri())

    manifest = tmp_path / place(release) / "manifest.json"
    assert manifest.stat().st_mode & 0o044 == 0o044
    assert f"sha256:{sha256_of(manifest)}" == release.digest
