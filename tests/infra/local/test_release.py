import shutil

import pytest

from infra.local import release as module
from infra.local.folder import PROJECT
from model.artifact import release_store
from tests.releases import tiny_release

CHOSEN = {"recipe": "smoke", "source": "completejourney", "path": "", "seed": 0.0, "folder": ".rialto/local"}
STATE = {**CHOSEN, "data": "d", "model": "m", "digest": "sha256:1", "build": "b"}


@pytest.fixture
def provider():
    return module._ReleaseProvider()


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A release in the store of this test, and its state."""
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path))
    artifact = tiny_release(release_store() / "b")
    return {**STATE, "digest": artifact.digest}


def test_check_adds_what_the_release_is_made_from(provider, monkeypatch):
    seen = []
    answer = {"data": "d1", "recipe": "smoke", "seed": "0", "model": "m1"}
    monkeypatch.setattr(module, "release_inputs", lambda config: seen.append(config) or answer)

    result = provider.check({}, CHOSEN)

    assert result.failures == []
    assert result.inputs == {**CHOSEN, "data": "d1", "model": "m1"}
    assert repr(seen[0].seed) == "0"


def test_a_file_is_named_from_the_root_of_the_project(provider, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "release_inputs", lambda config: seen.append(config) or {})

    provider.check({}, {**CHOSEN, "source": "table", "path": "data/shop.toml"})
    provider.check({}, {**CHOSEN, "source": "table", "path": "/elsewhere/shop.toml"})

    assert [config.path for config in seen] == [f"{PROJECT}/data/shop.toml", "/elsewhere/shop.toml"]


def test_what_the_pipeline_refuses_fails_the_preview_in_its_words(provider):
    result = provider.check({}, {**CHOSEN, "recipe": "bigger"})

    (failure,) = result.failures
    assert "bigger" in failure.reason
    assert "\n" not in failure.reason


@pytest.mark.parametrize("key", ["data", "recipe", "seed", "model"])
def test_another_input_is_another_release_made_before_the_old_one_goes(provider, key):
    diff = provider.diff("id", STATE, {**STATE, key: "other"})

    assert (diff.changes, diff.replaces, diff.delete_before_replace) == (True, [key], False)


@pytest.mark.parametrize("key", ["source", "path", "folder"])
def test_the_same_data_from_elsewhere_is_the_same_release(provider, key):
    diff = provider.diff("id", STATE, {**STATE, key: "other"})

    assert (diff.changes, diff.replaces) == (False, [])


def test_a_release_in_the_store_is_still_there_after_refresh(provider, built):
    result = provider.read(built["digest"], built)

    assert (result.id, result.outs) == (built["digest"], built)


def test_a_release_that_left_the_store_is_gone_after_refresh(provider, built):
    shutil.rmtree(release_store() / "b")

    assert provider.read(built["digest"], built).id is None


def test_a_damaged_release_is_gone_after_refresh(provider, built):
    (release_store() / "b" / "recommend.onnx").write_bytes(b"")

    assert provider.read(built["digest"], built).id is None


def test_another_release_under_the_same_name_is_not_this_one(provider, built):
    assert provider.read("sha256:another", built).id is None


def test_delete_keeps_the_release_for_whoever_asks_for_it_again(provider, built):
    provider.delete(built["digest"], built)

    assert provider.read(built["digest"], built).id == built["digest"]
