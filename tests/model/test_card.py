import pytest

from model.card import compressed_card, model_card
from model.data.source import SOURCES
from model.inputs import ReleaseConfig
from model.recipes import smoke
from tests.model.test_report import METRICS

ABOUT = {
    "version": "smoke-1",
    "catalogue": 40,
    "recipe": "smoke",
    "seed": 3,
    "git_commit": "abc",
    "data": "f" * 64,
}
ABOUT |= {"metrics": METRICS | {"groups": {"items new to the customer": {"requests": 1200, "ndcg": 0.0187}}}}


@pytest.fixture
def card():
    return model_card(ReleaseConfig(recipe="smoke"), smoke(), ABOUT)


def test_a_card_has_the_sections_that_readers_of_cards_look_for(card):
    sections = [line for line in card.splitlines() if line.startswith("## ")]

    assert sections[:2] == ["## Model Details", "## Uses"]
    assert {"## Bias, Risks, and Limitations", "## Training Details", "## Evaluation"} <= set(sections)
    assert card.startswith("---\nlicense: apache-2.0\n")


def test_a_card_says_what_the_model_was_made_of_and_how_good_it_is_for_whom(card):
    assert "# Model Card for smoke-1" in card
    assert "smoke, 3, abc" in card
    assert f"`{'f' * 64}`" in card
    assert "kept 99.5% of fp32's NDCG@10" in card
    assert "| popularity " in card
    assert "| items new to the customer | 1,200 | 0.0187 |" in card


def test_every_source_of_data_has_a_word_of_its_own_on_its_terms():
    cards = {model_card(ReleaseConfig(source=source, path="x"), smoke(), ABOUT) for source in SOURCES}

    assert len(cards) == len(SOURCES)


def test_the_card_of_a_smaller_variant_says_first_what_it_lost(card):
    kept = {"share": 0.981, "ndcg": 0.1962, "overlap": 0.87}
    text = compressed_card(card, "half the heads", kept)

    assert text.startswith("**This is a smaller variant: half the heads.** It keeps 98.1% of fp32's NDCG@10")
    assert text.count("# Model Card for smoke-1") == 1
    assert "license:" not in text
