import pandas as pd
import pytest
import torch

from model.text.encoder import TextEncoder
from model.text.reading import Readings, item_texts
from model.text.tokens import padded_tokens
from tests.model.text.items import ITEMS


@pytest.fixture(scope="module")
def encoder(tiny_bert):
    return TextEncoder.load(str(tiny_bert))


def test_an_items_text_is_its_title_and_category():
    texts = item_texts(ITEMS).tolist()

    assert texts == ["Frozen pizza. FROZEN > PIZZA", "Whole milk. DAIRY > MILK", texts[0], ""]


@pytest.mark.slow
def test_what_was_read_up_to_the_last_layer_ends_in_the_encoders_own_vectors(encoder):
    texts = Readings.of(encoder, ITEMS).texts()
    with torch.no_grad():
        own = encoder.network(torch.from_numpy(padded_tokens(encoder.tokenizer, item_texts(ITEMS).tolist())))

    # The states between were kept in 16 bits.
    torch.testing.assert_close(texts.vectors[texts.rows[1:]], own, atol=2e-3, rtol=0)
    assert len(texts.vectors) == 3


def test_a_catalogue_of_which_nothing_is_said_is_refused_in_one_line():
    ids = ["7", "8"]
    bare = pd.DataFrame({"item_id": ids, "title": [f"item {each}" for each in ids], "category": ""})

    with pytest.raises(
        ValueError, match=r"^the data says nothing of its items .* such as baseline$"
    ) as raised:
        Readings.of(None, bare)

    assert "\n" not in str(raised.value)
