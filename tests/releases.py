"""Tiny releases for tests: real ONNX graphs with the served signature, made in milliseconds.

The scorer counts: log popularity plus what was bought together, decayed by age. Another seed, another shop.

B = requests, T = events of history, C = candidates, V = items
"""

from pathlib import Path

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from model.artifact import Artifact
from model.signature import MASKED

CATALOGUE = 50
MAX_HISTORY = 64
USERS = 8
NEWEST = pd.Timestamp("2017-12-31T20:00:00Z")
# What onnxruntime 1.32 and the checker of onnx 1.23 both know.
OPSET = 21

NP_TYPES = {"INT64": TensorProto.INT64, "FP32": TensorProto.FLOAT, "BOOL": TensorProto.BOOL}


def tiny_release(folder: Path, seed: int = 0, *, text: bool = False) -> Artifact:
    """`CATALOGUE` items and `USERS` users, `household-1` and on; the last has a very long history.

    With `text` it has an encoder, to which a gadget is a thing.
    """
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    tables = _tables(random)
    onnx.save(_recommend(tables), folder / "recommend.onnx")
    onnx.save(_predict(tables), folder / "predict.onnx")
    save_file(tables, folder / "model.safetensors")
    _items(random).to_parquet(folder / "items.parquet")
    _histories(random).to_parquet(folder / "histories.parquet")
    if text:
        _add_text(random, folder)
    (folder / "quality.md").write_text("| model | NDCG@10 |\n| --- | --- |\n| counting | 0.1 |\n")
    return _seal(folder, seed)


def broken_release(folder: Path, seed: int = 0, graph: str = "recommend.onnx") -> Artifact:
    """A release whose manifest is right and whose `graph` no runtime can open."""
    tiny_release(folder, seed)
    (folder / graph).write_bytes(b"not a graph")
    return _seal(folder, seed)


def _seal(folder: Path, seed: int) -> Artifact:
    return Artifact.seal(
        folder,
        model="tiny",
        version="1",
        precision="fp32",
        data="0" * 64,
        recipe="tiny",
        seed=seed,
        git_commit="none",
        catalogue=CATALOGUE,
        max_history=MAX_HISTORY,
        metrics={},
    )


def _tables(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Log popularity [V+1] and co-purchases [V+1, V+1]; index 0 is the padding and never recommended."""
    popularity = np.log(random.dirichlet(np.ones(CATALOGUE + 1))).astype(np.float32)
    popularity[0] = MASKED
    together = random.gamma(0.3, size=(CATALOGUE + 1, CATALOGUE + 1)).astype(np.float32)
    together[0] = together[:, 0] = 0
    return {"popularity": popularity, "together": together}


def _items(random: np.random.Generator) -> pd.DataFrame:
    number = np.arange(1, CATALOGUE + 1)
    return pd.DataFrame(
        {
            "item_id": [str(900_000 + n) for n in number],
            "title": [f"Thing {n}" for n in number],
            "category": [f"GROCERY > SHELF {n % 5} > KIND {n % 7}" for n in number],
            "brand": [f"brand {n % 3}" for n in number],
            "price": random.uniform(0.5, 20, CATALOGUE).round(2),
            "sales": random.permutation(CATALOGUE) + 1,
        },
        index=pd.RangeIndex(1, CATALOGUE + 1, name="item_index"),
    )


def _histories(random: np.random.Generator) -> pd.DataFrame:
    lengths = [*random.integers(1, 40, USERS - 1), 3 * MAX_HISTORY]
    rows = [
        (f"household-{user}", item, NEWEST - pd.Timedelta(days=float(age)))
        for user, length in enumerate(lengths, start=1)
        for item, age in zip(
            random.integers(1, CATALOGUE + 1, length),
            np.sort(random.uniform(0, 300, length))[::-1],
            strict=True,
        )
    ]
    rows[0] = (*rows[0][:2], NEWEST)
    frame = pd.DataFrame(rows, columns=["user_id", "item_index", "timestamp"])
    return frame.astype({"item_index": "int32"}).sort_values(["user_id", "timestamp"], ignore_index=True)


def _add_text(random: np.random.Generator, folder: Path) -> None:
    """A text's vector is the mean of its words' vectors; a word that nobody knows has none."""
    words = ["[PAD]", "[UNK]", "thing", "gadget", *map(str, range(1, CATALOGUE + 1))]
    table = random.normal(size=(len(words), 16)).astype(np.float32)
    table[:2], table[3] = 0, table[2]
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    onnx.save(_encode(table), folder / "encode.onnx")
    sums = table[2] + table[4:]
    vectors = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float16)
    rows = np.arange(-1, CATALOGUE, dtype=np.int32).clip(0)
    save_file({"vectors": vectors, "rows": rows}, folder / "text.safetensors")


class _Graph:
    """Collects nodes and constants under names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def __call__(self, kind: str, output: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def model(self, name: str, inputs: dict[str, str], outputs: dict[str, str]) -> onnx.ModelProto:
        """A checked model; `inputs` and `outputs` say "DTYPE dim dim" for each name."""
        graph = helper.make_graph(
            self.nodes, name, _infos(inputs), _infos(outputs), initializer=self.constants
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        return model


def _infos(tensors: dict[str, str]) -> list[onnx.ValueInfoProto]:
    infos = []
    for name, text in tensors.items():
        dtype, *dims = text.split()
        shape = [int(dim) if dim.isdecimal() else dim for dim in dims]
        infos.append(helper.make_tensor_value_info(name, NP_TYPES[dtype], shape))
    return infos


HISTORY = {"history_ids": "INT64 B T", "history_ages": "FP32 B T"}


def _scores(g: _Graph, tables: dict[str, np.ndarray]) -> None:
    """Name `scores_BV` and `seen_BV` from the history, of which only the newest MAX_HISTORY events count."""
    for name, value in {"zero": 0, "one": 1, "items": CATALOGUE, "depth": CATALOGUE + 1}.items():
        g.constant(name, np.array(value, np.int64))
    g.constant("newest", np.array([-MAX_HISTORY], np.int64))
    g.constant("end", np.array([np.iinfo(np.int64).max], np.int64))
    g.constant("axis_1", np.array([1], np.int64))
    g.constant("month", np.array(-30, np.float32))
    g.constant("off_on", np.array([0, 1], np.float32))
    g("Slice", "ids", "history_ids", "newest", "end", "axis_1")
    g("Slice", "ages", "history_ages", "newest", "end", "axis_1")
    g("And", "known", g("GreaterOrEqual", "low", "ids", "one"), g("LessOrEqual", "high", "ids", "items"))
    g("Where", "known_ids", "known", "ids", "zero")
    g("Cast", "known_float", "known", to=TensorProto.FLOAT)
    g("Mul", "weights", g("Exp", "decay", g("Div", "months", "ages", "month")), "known_float")
    g("OneHot", "events", "known_ids", "depth", "off_on")
    g("Unsqueeze", "weights_B1T", "weights", "axis_1")
    g("Unsqueeze", "known_B1T", "known_float", "axis_1")
    g("Squeeze", "profile", g("MatMul", "profile_B1V", "weights_B1T", "events"), "axis_1")
    g("Squeeze", "counts", g("MatMul", "counts_B1V", "known_B1T", "events"), "axis_1")
    g("Greater", "seen_BV", "counts", g.constant("none", np.array(0, np.float32)))
    g("MatMul", "bought_with", "profile", g.constant("together", tables["together"]))
    g("Add", "scores_BV", "bought_with", g.constant("popularity", tables["popularity"]))


def _recommend(tables: dict[str, np.ndarray]) -> onnx.ModelProto:
    g = _Graph()
    _scores(g, tables)
    g("And", "left_out", "seen_BV", "exclude_seen")
    g("Where", "ranked", "left_out", g.constant("last", np.array(MASKED, np.float32)), "scores_BV")
    g("Clip", "k_held", g("ReduceMax", "k_most", "k", keepdims=0), "one", "items")
    g("Reshape", "k_1", "k_held", "axis_1")
    g.nodes.append(helper.make_node("TopK", ["ranked", "k_1"], ["scores", "item_ids"], axis=1))
    inputs = {**HISTORY, "exclude_seen": "BOOL B 1", "k": "INT64 B 1"}
    return g.model("recommend", inputs, {"item_ids": "INT64 B K", "scores": "FP32 B K"})


def _predict(tables: dict[str, np.ndarray]) -> onnx.ModelProto:
    g = _Graph()
    _scores(g, tables)
    ids = "candidate_ids"
    g("And", "real", g("GreaterOrEqual", "c_low", ids, "one"), g("LessOrEqual", "c_high", ids, "items"))
    g("GatherElements", "logits", "scores_BV", g("Where", "real_ids", "real", ids, "zero"), axis=1)
    g("Cast", "real_float", "real", to=TensorProto.FLOAT)
    g("Mul", "probabilities", g("Sigmoid", "chances", "logits"), "real_float")
    return g.model("predict", {**HISTORY, ids: "INT64 B C"}, {"probabilities": "FP32 B C"})


def _encode(table: np.ndarray) -> onnx.ModelProto:
    g = _Graph()
    g.constant("axis_1", np.array([1], np.int64))
    g("Gather", "words", g.constant("table", table), "token_ids")
    g("ReduceSum", "sum", "words", "axis_1", keepdims=0)
    g("ReduceL2", "length", "sum", "axis_1")
    g("Div", "vector", "sum", g("Max", "some", "length", g.constant("least", np.array(1e-6, np.float32))))
    return g.model("encode", {"token_ids": "INT64 B T"}, {"vector": "FP32 B D"})
