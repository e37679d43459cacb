"""The real pretrained encoder, as a release brings it, in a real Triton."""

import contextlib

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from model.artifact import Artifact
from model.config import MINILM
from model.text.encoder import TextEncoder
from model.text.export import export_text
from model.text.tokens import padded_tokens
from serving.deploy import deploy
from serving.transport import connect
from tests.releases import tiny_release
from tests.serving.conftest import EMBEDDED

KINDS = ["BATH TISSUES", "ANALGESICS", "FROZEN PIZZA", "SOFT DRINKS", "INSECTICIDES"]
MEANT = {"toilet paper": 0, "headache pills": 1, "piza": 2, "soda": 3, "bug spray": 4}


@pytest.mark.triton
@pytest.mark.slow
def test_a_query_is_nearest_to_what_it_means(started, tmp_path):
    config, handle = started
    plain = tiny_release(tmp_path / "release")
    items = pd.read_parquet(plain.folder / "items.parquet")
    items["title"] = items["category"] = [KINDS[place % len(KINDS)] for place in range(len(items))]

    export_text(TextEncoder.load(MINILM), items, plain.folder)

    about = {name: value for name, value in vars(plain.manifest).items() if name != "files"}
    deploy(handle.control, config.repository, Artifact.seal(plain.folder, **about), EMBEDDED)
    tables = load_file(plain.folder / "text.safetensors")
    vectors = tables["vectors"].astype(np.float32)[tables["rows"][1 : 1 + len(KINDS)]]
    tokens = padded_tokens(Tokenizer.from_file(str(plain.folder / "tokenizer.json")), list(MEANT))
    with contextlib.closing(connect("grpc", f"127.0.0.1:{handle.ports.grpc}")) as transport:
        asked = transport.infer("encode", {"token_ids": tokens})["vector"]
    assert (asked @ vectors.T).argmax(1).tolist() == list(MEANT.values())
