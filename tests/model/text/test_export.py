import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from model.artifact import GateError
from model.runtime import session
from model.text import export
from model.text.encoder import TextEncoder
from model.text.export import TEXT_FILES, copy_text, export_text
from model.text.reading import item_texts
from model.text.tokens import padded_tokens
from tests.model.text.items import ITEMS


@pytest.mark.slow
def test_the_files_of_a_release_give_queries_and_items_vectors_of_one_space(tiny_bert, tmp_path):
    encoder = TextEncoder.load(str(tiny_bert))
    out = tmp_path / "out"
    out.mkdir()

    assert export_text(encoder, ITEMS, out) > 0.98

    assert {path.name for path in out.iterdir()} == set(TEXT_FILES)
    tables = load_file(out / "text.safetensors")
    assert tables["rows"].tolist()[1] == tables["rows"].tolist()[3] != tables["rows"].tolist()[2]
    assert len(tables["vectors"]) == 3
    tokens = padded_tokens(Tokenizer.from_file(str(out / "tokenizer.json")), item_texts(ITEMS).tolist())
    asked = session(out / "encode.onnx").run(["vector"], {"token_ids": tokens})[0]
    kept = tables["vectors"][tables["rows"][1:]].astype(np.float32)
    # 8-bit ranges are those of a batch, so an answer shifts a little with its neighbours.
    assert (asked * kept).sum(1).min() > 0.98
    copy_text(out, tmp_path)
    assert (tmp_path / "encode.onnx").read_bytes() == (out / "encode.onnx").read_bytes()


@pytest.mark.slow
def test_an_encoder_that_loses_too_much_in_int8_leaves_nothing(tiny_bert, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MIN_COSINE", 1.1)

    with pytest.raises(GateError, match=r"^the text encoder in int8 keeps a cosine of .*below the gate"):
        export_text(TextEncoder.load(str(tiny_bert)), ITEMS, tmp_path)

    assert not list(tmp_path.iterdir())
