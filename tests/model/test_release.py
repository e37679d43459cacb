import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pandas as pd
import pytest

from model import release
from model.artifact import Artifact, GateError
from model.inputs import ReleaseConfig, inputs_key, release_inputs
from model.release import build_release
from tests.model.habits import habits

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path) -> ReleaseConfig:
    data = habits(tmp_path)
    return ReleaseConfig(recipe="smoke", source=data.source, path=data.path)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RIALTO_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_a_release_holds_what_serving_and_people_need_and_is_built_once(config, tmp_path):
    store = tmp_path / "store"
    built = build_release(config, store)

    assert set(built.manifest.files) == {
        "recommend.onnx",
        "predict.onnx",
        "items.parquet",
        "histories.parquet",
        "quality.md",
        "card.md",
        "model.safetensors",
    }
    items = pd.read_parquet(built.file("items.parquet"))
    assert items.index.tolist() == list(range(1, built.manifest.catalogue + 1))
    histories = pd.read_parquet(built.file("histories.parquet"))
    assert histories["item_index"].between(1, built.manifest.catalogue).all()
    assert str(histories["timestamp"].dtype).endswith("UTC]")
    quality = built.file("quality.md").read_text()
    for row in (
        "the release",
        "fp32",
        "popularity",
        "personal frequency",
        "windowed-Markov kNN",
        "uniform negatives",
    ):
        assert row in quality
    card = built.file("card.md").read_text()
    assert quality.partition("\n")[2] in card
    assert built.manifest.data in card
    assert "items new to the customer" in card

    said = []
    again = build_release(config, store, said.append)
    assert again.digest == built.digest
    assert said == [f"reusing the release in {built.folder.name}"]
    assert not (tmp_path / "cache" / "training").exists() or not list(
        (tmp_path / "cache" / "training").iterdir()
    )


@pytest.mark.slow
def test_a_release_that_fails_its_gate_leaves_the_store_as_it_was(config, tmp_path, monkeypatch):
    figures = iter([0.2, 0.1])
    monkeypatch.setattr(release, "ndcg", lambda *_: next(figures))
    store = tmp_path / "store"

    with pytest.raises(GateError, match="below the gate of 99%"):
        build_release(config, store)
    assert list(store.iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_done(config, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1 << 20))

    with pytest.raises(
        ValueError, match="has 1 MiB free, a build needs 1024; free some space or point RIALTO_CACHE"
    ):
        build_release(config, tmp_path / "store")


def test_a_recipe_that_does_not_exist_is_named_with_those_that_do(config):
    unknown = ReleaseConfig(recipe="deluxe", source=config.source, path=config.path)

    with pytest.raises(
        ValueError, match="recipe is 'deluxe', which does not exist; choose one of smoke, baseline"
    ):
        release_inputs(unknown)


def test_other_data_another_recipe_or_another_seed_is_another_release(config):
    keys = {
        inputs_key(ReleaseConfig(recipe=recipe, source=config.source, path=config.path, seed=seed))
        for recipe in ("smoke", "baseline")
        for seed in (0, 1)
    }
    csv = Path(config.path).parent / "events.csv"
    csv.write_text(csv.read_text().replace("u1,", "u2,", 1))

    assert len({*keys, inputs_key(config)}) == 5


@pytest.mark.slow
def test_a_build_that_is_killed_leaves_no_release_and_the_next_goes_on(config, tmp_path):
    command = [sys.executable, "-m", "model.release", "--recipe", "smoke"]
    command += ["--source", config.source, "--path", config.path]
    store, training = (tmp_path / "cache" / name for name in ("releases", "training"))
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    while not list(training.glob("*/last.safetensors")) and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not list(store.glob("smoke-*"))

    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "Quality of recipe smoke" in finished.stdout
    assert "epoch 1/2" not in finished.stdout
    assert Artifact.load(next(store.glob("smoke-*"))).manifest.recipe == "smoke"
    assert [path.name for path in store.iterdir() if not path.name.startswith(".")] == [
        next(store.glob("smoke-*")).name
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--recipe", "deluxe"], "error: recipe is 'deluxe'"),
        (["--source", "oracle"], "error: source is 'oracle'"),
        (["--source", "table", "--path", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_wrong_input_is_one_line_and_not_a_traceback(arguments, reason, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["release", *arguments])

    with pytest.raises(SystemExit) as stopped:
        release.main()

    assert reason in stopped.value.code
    assert len(stopped.value.code.splitlines()) == 1
