"""The pods' own commands, run by a real rclone between two stores, over a bridge that the test takes down."""

import os
import time
from contextlib import ExitStack

import pytest

from infra.bridge.rclone import MAX_MINUTES
from infra.inference.store_access import FILE
from model.artifact import MANIFEST
from tests.infra.bridge.stores import BUCKET, client, far_store, private_store, run
from tests.infra.bridge.syncs import sync
from tests.infra.bridge.wire import Wire
from tests.manifests import manifests, of_kind

pytestmark = pytest.mark.rclone

RELEASE = f"sha256/{'7' * 64}"
MIB = 1 << 20


class Estate:
    """Both clouds' stores, the bridge between them, and the sync's pods."""

    def __init__(self, folder, private, far, wire):
        self.folder, self.wire = folder, wire
        self.private, self.far = client(private), client(far)
        self._objects = manifests(sync(private, wire.endpoint))
        self._mounts = {}
        for secret in of_kind(self._objects, "Secret"):
            remote = secret["metadata"]["name"].removeprefix("sync-")
            place = self._mounts[f"/var/run/{remote}"] = folder.parent / remote
            place.mkdir()
            (place / FILE).write_text(secret["stringData"][FILE])

    def write(self, data_set, key, body, age_minutes=60):
        """Put an object into the private store, as old as said."""
        self.private.put_object(Bucket=f"rialto-prod-{data_set}", Key=key, Body=body)
        then = time.time() - age_minutes * 60
        os.utime(self.folder / f"rialto-prod-{data_set}" / key, (then, then))

    def copy(self, data_set):
        """Run one pod of a schedule: a step that fails ends it. The exit status and what was said."""
        (schedule,) = [
            each
            for each in of_kind(self._objects, "CronJob")
            if each["metadata"]["name"] == f"sync-{data_set}"
        ]
        pod = schedule["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for container in [*pod["initContainers"], *pod["containers"]]:
            done = run(container, self._mounts, self.wire.certificate)
            if done.returncode:
                break
        return done.returncode, done.stderr

    def there(self):
        """What AWS has, read on AWS's side."""
        listed = self.far.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            each["Key"]: self.far.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in listed
        }


@pytest.fixture
def estate(tmp_path):
    folder = tmp_path / "private-store"
    for name in ("histories", "releases"):
        (folder / f"rialto-prod-{name}").mkdir(parents=True)
    with ExitStack() as stack:
        private = stack.enter_context(private_store(folder))
        far = stack.enter_context(far_store())
        yield Estate(folder, private, far, stack.enter_context(Wire(far, tmp_path).running()))


def copied(estate, data_set):
    status, said = estate.copy(data_set)
    assert status == 0, said


def test_one_run_delivers_and_the_next_has_nothing_to_do(estate):
    estate.write("histories", "2026/shop.parquet", b"monday")
    copied(estate, "histories")
    written = estate.far.head_object(Bucket=BUCKET, Key="histories/2026/shop.parquet")["LastModified"]

    copied(estate, "histories")

    assert estate.there() == {"histories/2026/shop.parquet": b"monday"}
    assert estate.far.head_object(Bucket=BUCKET, Key="histories/2026/shop.parquet")["LastModified"] == written


def test_hot_data_that_was_written_again_is_copied_again(estate):
    estate.write("histories", "shop.parquet", b"monday")
    copied(estate, "histories")
    estate.write("histories", "shop.parquet", b"friday", age_minutes=1)

    copied(estate, "histories")

    assert estate.there() == {"histories/shop.parquet": b"friday"}


def take_down(wire, how):
    if how == "refused":
        wire.refuse()
    else:
        wire.hang()


@pytest.mark.parametrize("how", ["refused", "swallowed"])
def test_while_the_bridge_is_down_writes_go_on_and_afterwards_one_run_delivers_all(estate, how):
    estate.write("histories", "shop.parquet", b"monday")
    copied(estate, "histories")
    take_down(estate.wire, how)

    estate.write("histories", "shop.parquet", b"tuesday", age_minutes=2)
    estate.write("histories", "new.parquet", b"wednesday", age_minutes=1)
    began = time.monotonic()
    status, _ = estate.copy("histories")

    assert status != 0
    assert time.monotonic() - began < MAX_MINUTES * 60
    assert estate.there() == {"histories/shop.parquet": b"monday"}

    estate.wire.refuse()
    estate.wire.up()
    copied(estate, "histories")
    assert estate.there() == {"histories/shop.parquet": b"tuesday", "histories/new.parquet": b"wednesday"}


def test_a_bridge_that_dies_while_a_file_crosses_leaves_no_half_of_it(estate):
    body = os.urandom(8 * MIB)
    estate.write("histories", "large.parquet", body)
    estate.wire.hang(after=4 * MIB)

    status, _ = estate.copy("histories")

    assert status != 0
    assert estate.wire.carried > 4 * MIB
    assert estate.there() == {}

    estate.wire.refuse()
    estate.wire.up()
    copied(estate, "histories")
    assert estate.there() == {"histories/large.parquet": body}


def test_a_release_arrives_whole_or_has_no_manifest_yet(estate):
    estate.write("releases", f"{RELEASE}/model.onnx", b"weights")
    # Its manifest is so new that files beside it may have come after the copy of files began.
    estate.write("releases", f"{RELEASE}/{MANIFEST}", b"{}", age_minutes=0)

    copied(estate, "releases")
    assert estate.there() == {f"releases/{RELEASE}/model.onnx": b"weights"}

    estate.write("releases", f"{RELEASE}/{MANIFEST}", b"{}")
    copied(estate, "releases")
    assert estate.there() == {
        f"releases/{RELEASE}/model.onnx": b"weights",
        f"releases/{RELEASE}/{MANIFEST}": b"{}",
    }


def test_a_release_is_put_on_the_condition_that_there_is_none(estate):
    estate.write("releases", f"{RELEASE}/model.onnx", b"weights")

    copied(estate, "releases")

    put = estate.wire.said.partition(b"PUT /hot/releases/")[2].partition(b"\r\n\r\n")[0]
    assert b"\r\nif-none-match: *" in put.lower()


def test_a_release_is_never_overwritten(estate):
    estate.write("releases", f"{RELEASE}/model.onnx", b"weights")
    estate.far.put_object(Bucket=BUCKET, Key=f"releases/{RELEASE}/model.onnx", Body=b"other")

    status, said = estate.copy("releases")

    assert status != 0
    assert "immutable file modified" in said
    assert estate.there() == {f"releases/{RELEASE}/model.onnx": b"other"}
