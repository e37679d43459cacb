import copy
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from model.artifact import Artifact
from model.calibrate import Calibration
from model.compress.factorise import factorise
from model.compress.network import TRAINED, networks
from model.compress.precision import int8_static
from model.compress.prune import magnitude, settle
from model.compress.retrain import Retraining
from model.compress.speed import speeds
from model.compress.variant import VARIANTS, RefusedError, Variant, compress
from model.compress.workshop import DENSE, Workshop, forms
from model.evaluate import eager_ranker
from model.sequence import Request, requests


def test_a_calibration_set_that_is_too_small_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(ValueError, match="holds 0 histories, static int8 needs 64; take more"):
        int8_static(tmp_path, tmp_path, [])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shop(prepared, small, fresh_model, with_collaborative_part, tmp_path_factory):
    """A model whose sequence part decides, asked for what it would recommend itself."""
    model = with_collaborative_part(fresh_model(repeats=False))
    asked = requests(prepared.events, "validation", model.config.max_history)
    best_RK = eager_ranker(model)(asked, 10, True)
    retraining = Retraining(
        prepared=prepared,
        config=replace(small, model=model.config),
        seed=0,
        exclude_seen=True,
        folder=tmp_path_factory.mktemp("checkpoints"),
    )
    return Workshop(
        folder=tmp_path_factory.mktemp("workshop"),
        networks=networks(retraining),
        forms=forms(seed=0),
        source=source(prepared, tmp_path_factory.mktemp("source")),
        model=model,
        calibrated=lambda network: Calibration(1.0, 0.0),
        validation=[replace(request, items=best[:3]) for request, best in zip(asked, best_RK, strict=True)],
        calibrating=(asked * 2)[:64],
        exclude_seen=True,
        reference_RK=best_RK,
    )


def source(prepared, folder):
    """A release that holds what the variants take over from it."""
    prepared.items[["item_id"]].to_parquet(folder / "items.parquet")
    events = prepared.events[prepared.events["item_index"] != 0]
    events[["user_index", "item_index", "timestamp"]].rename(columns={"user_index": "user_id"}).to_parquet(
        folder / "histories.parquet"
    )
    (folder / "card.md").write_text("---\nlicense: none\n---\n# Model Card for v\n")
    about = {"model": "m", "version": "v", "precision": "int8", "data": "d", "recipe": "smoke", "seed": 0}
    about |= {"git_commit": "c", "catalogue": len(prepared.items), "max_history": 64, "metrics": {}}
    return Artifact.seal(folder, **about)


@pytest.mark.slow
def test_every_variant_of_the_list_is_a_release_of_its_own(shop, tmp_path):
    for way in VARIANTS:
        # A model that was made to order learns its shop when it trains again: what it answers then is another thing.
        built = compress(shop, way, tmp_path, least=0.5 if way.network == TRAINED else 0.0)
        kept = built.manifest.metrics["kept"]

        assert built.manifest.precision == way.name
        assert {
            "recommend.onnx",
            "predict.onnx",
            "items.parquet",
            "histories.parquet",
            "card.md",
        } <= built.manifest.files.keys()
        assert kept["size"] == built.file("recommend.onnx").stat().st_size
        assert compress(shop, way, tmp_path).digest == built.digest
    exact = Artifact.load(tmp_path / f"{shop.source.manifest.version}-fp32")
    assert exact.manifest.metrics["kept"]["overlap"] > 0.99
    (taken,) = speeds([exact.folder], 64)
    assert 0 < taken.p50_1 <= taken.p99_1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.slow
def test_a_bad_calibration_is_refused_with_the_numbers_and_leaves_nothing(shop, tmp_path):
    way = next(way for way in VARIANTS if way.name == "int8-static")
    # Nobody has bought anything: activations seem to be nothing, and what goes beyond is cut off.
    empty = Request(0, 0.0, np.array([], np.int64), np.array([], np.float32), np.array([1]))
    bad = replace(shop, calibrating=[empty] * 64)

    with pytest.raises(RefusedError, match=r"int8-static: NDCG@10 on validation is .* below the gate of 97%"):
        compress(bad, way, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_that_was_compressed_too_far_is_refused(shop, tmp_path):
    too_far = replace(shop, forms={DENSE: shop.forms[DENSE], "one": lambda table: factorise(table, 1)})

    with pytest.raises(RefusedError, match="compress less or train longer") as refused:
        compress(too_far, Variant(name="rank-1", about="too far", form="one"), tmp_path, least=0.97)
    assert refused.value.kept.share < 0.97
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_that_was_pruned_too_far_is_refused(shop, tmp_path):
    # The layers of a fresh model say next to nothing, and could go without a loss: these speak up.
    model = copy.deepcopy(shop.model)
    with torch.no_grad():
        for block in model.blocks:
            block.mix.weight.mul_(64)
            block.feed[2].weight.mul_(64)
    best_RK = eager_ranker(model)(shop.validation, 10, True)
    too_far = replace(
        shop,
        networks={"bare": lambda model: settle(magnitude(model, 0.99))},
        made={},
        model=model,
        validation=[
            replace(asked, items=best[:3]) for asked, best in zip(shop.validation, best_RK, strict=True)
        ],
        reference_RK=best_RK,
    )

    with pytest.raises(RefusedError, match="compress less or train longer"):
        compress(too_far, Variant(name="bare", about="too far", network="bare"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_what_was_pruned_is_so_in_the_graph_that_is_shipped(shop, tmp_path):
    ways = {way.name: way for way in VARIANTS if way.name in {"fp32", "2-4", "half"}}
    built = {name: compress(shop, way, tmp_path, least=0.0) for name, way in ways.items()}
    grouped = [weight for weight in encoder_weights(built["2-4"]) if holds_two_of_four(weight)]
    sizes = {name: artifact.manifest.metrics["kept"] for name, artifact in built.items()}

    assert len(grouped) == 4 * shop.model.config.layers
    assert not [weight for weight in encoder_weights(built["fp32"]) if holds_two_of_four(weight)]
    assert sizes["half"]["size"] < sizes["fp32"]["size"]
    assert sizes["half"]["flops"] < sizes["fp32"]["flops"]
    assert sizes["2-4"]["flops"] == sizes["fp32"]["flops"]


def encoder_weights(built):
    """Matrices of the graph, each with its sum along the last axis."""
    graph = onnx.load(built.file("recommend.onnx")).graph
    return [
        onnx.numpy_helper.to_array(weight).T
        for weight in graph.initializer
        if len(weight.dims) == 2 and weight.data_type == onnx.TensorProto.FLOAT
    ]


def holds_two_of_four(weight):
    if weight.shape[1] % 4 or not (weight != 0).any():
        return False
    return bool(((weight.reshape(-1, 4) != 0).sum(1) <= 2).all())
