import pytest
import torch

from model.config import MINILM
from model.recipes import baseline
from model.text.encoder import TextEncoder
from model.text.tokens import LENGTH_STEP, MOST_TOKENS, padded_tokens


@pytest.fixture(scope="module")
def encoder(tiny_bert):
    return TextEncoder.load(str(tiny_bert))


def vectors(encoder, texts):
    with torch.no_grad():
        return encoder.network(torch.from_numpy(padded_tokens(encoder.tokenizer, texts)))


@pytest.mark.slow
def test_a_text_is_a_vector_of_length_one(encoder):
    found = vectors(encoder, ["frozen pizza", "whole milk"])

    assert found.shape == (2, 32)
    assert found.norm(dim=1).tolist() == pytest.approx([1, 1])


@pytest.mark.slow
def test_a_text_has_one_vector_whatever_stands_beside_it(encoder):
    alone = vectors(encoder, ["milk"])
    beside = vectors(encoder, ["milk", "frozen pizzas whole milk dairy frozen pizza milk whole milk"])

    torch.testing.assert_close(alone[0], beside[0])


@pytest.mark.slow
def test_no_text_and_numbers_that_are_no_token_are_finite(encoder):
    with torch.no_grad():
        assert encoder.network(torch.tensor([[0, 0], [-1, 1 << 40]])).isfinite().all()


@pytest.mark.slow
def test_a_long_text_is_cut_and_lengths_are_multiples_of_eight(encoder):
    assert padded_tokens(encoder.tokenizer, ["milk"]).shape == (1, LENGTH_STEP)
    assert padded_tokens(encoder.tokenizer, [""]).shape == (1, LENGTH_STEP)
    assert padded_tokens(encoder.tokenizer, ["milk " * 17]).shape == (1, 24)
    assert padded_tokens(encoder.tokenizer, ["milk " * 500]).shape == (1, MOST_TOKENS)


@pytest.mark.parametrize("content", [None, "not json", '{"model_type": "unheard-of"}'])
def test_an_encoder_that_cannot_be_found_is_one_clear_line(tmp_path, content, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "encoder"
    if content:
        folder.mkdir()
        (folder / "config.json").write_text(content)

    with pytest.raises(
        ValueError, match=r"^text encoder '.*encoder' cannot be loaded .*name gt-all"
    ) as raised:
        TextEncoder.load(str(folder))

    assert "\n" not in str(raised.value)


def test_an_encoder_of_another_class_is_refused(tmp_path):
    from transformers import DistilBertConfig, DistilBertModel

    small = DistilBertConfig(vocab_size=9, dim=8, hidden_dim=8, n_layers=1, n_heads=1)
    DistilBertModel(small).save_pretrained(tmp_path)

    with pytest.raises(ValueError, match="text encoder"):
        TextEncoder.load(str(tmp_path))


def test_what_scripts_up_trains_has_the_encoder_that_is_installed():
    assert baseline().text_encoder == MINILM
