import asyncio
from dataclasses import replace

import numpy as np
import pytest

from serving.catalogue import Catalogue, Items
from serving.gateway.search.lexical import LexicalIndex
from serving.gateway.search.quality import DerivedQuery, derived_queries, main, measure
from serving.gateway.search.retriever import Candidates, fused, retrieve

TITLES = {
    1: ("Frozen pizza cheese", "FROZEN > PIZZA", 5),
    2: ("Frozen pizza salami", "FROZEN > PIZZA", 9),
    3: ("Whole milk", "DAIRY > MILK", 50),
    4: ("Chocolate milk drink", "DAIRY > DRINKS", 7),
    5: ("Tomatoes on the vine", "PRODUCE > TOMATOES", 30),
    6: ("Pizza cutter", "KITCHEN > TOOLS", 1),
}


@pytest.fixture(scope="module")
def index(release):
    catalogue = Catalogue.load(release.folder)
    title, category, sales = zip(*TITLES.values(), strict=True)
    items = Items(
        index=np.array(list(TITLES)),
        item_id=[str(index) for index in TITLES],
        title=title,
        category=category,
        brand=["own"] * len(TITLES),
        price=np.full(len(TITLES), np.nan),
        sales=np.array(sales),
    )
    return LexicalIndex.of(replace(catalogue, items=items))


@pytest.mark.parametrize(
    ("query", "found", "matched"),
    [
        ("pizza", {1, 2, 6}, "all-words"),
        ("frozen pizza", {1, 2}, "all-words"),
        ("PIZZA, frozen!", {1, 2}, "all-words"),
        ("tomato", {5}, "all-words"),
        ("choco", {4}, "all-words"),
        ("milk pizza", {1, 2, 3, 4, 6}, "some-words"),
        ("kitchen", {6}, "all-words"),
        ("pizza own", {1, 2, 6}, "all-words"),
    ],
)
def test_items_are_found_by_the_words_of_title_category_and_brand(index, query, found, matched):
    answer = index.find(query, 10)

    assert (set(answer.items), answer.matched, answer.corrected) == (found, matched, None)


@pytest.mark.parametrize(
    ("query", "meant"),
    [("piza", "pizza"), ("mlik", "milk"), ("tomatos", "tomatoes"), ("forzen piza", "frozen pizza")],
)
def test_a_slip_is_corrected_and_told(index, query, meant):
    answer = index.find(query, 10)

    assert answer.corrected == meant
    assert list(answer.items) == list(index.find(meant, 10).items)


def test_a_known_word_is_worth_more_than_a_guess_at_an_unknown_one(index):
    answer = index.find("milk lager", 10)

    assert (set(answer.items), answer.matched, answer.corrected) == ({3, 4}, "some-words", None)


@pytest.mark.parametrize("query", ["xyzzy", "!!", '"', "' OR 1=1 --", "*", "a" * 200, "NEAR(", "\0", "日本"])
def test_what_matches_nothing_or_is_no_word_finds_nothing(index, query):
    assert index.find(query, 10) == Candidates([], "nothing")


@pytest.mark.parametrize("query", ["AND", "OR pizza", "NOT milk", "title:milk", "milk^2", "{title}: milk"])
def test_the_index_own_language_means_nothing_in_a_query(index, query):
    assert index.find(query, 10).matched in {"all-words", "some-words", "nothing"}


def test_of_equals_what_sells_comes_first(index):
    assert list(index.find("frozen pizza", 10).items) == [2, 1]


def test_a_word_that_too_many_items_have_is_answered_by_what_sells(index, monkeypatch):
    monkeypatch.setattr("serving.gateway.search.lexical.BROAD", 2)

    assert list(index.find("own", 3).items) == [3, 5, 2]


def test_rankings_are_fused_by_reciprocal_rank():
    assert fused([[1, 2, 3], [3, 1, 4]], 3) == [1, 3, 2]
    assert fused([[5, 4]], 10) == [5, 4]


def test_another_retriever_joins_by_what_it_finds(index):
    class Encoder:
        async def candidates(self, query, count):
            return Candidates([6, 3], "some-words")

    found = asyncio.run(retrieve([index, Encoder()], "frozen pizza", 10))

    assert (found.matched, set(found.items)) == ("all-words", {1, 2, 3, 6})


def test_figures_are_the_share_of_the_first_ten_and_the_first_rank():
    answers = {"a": [9, 1, 2], "b": [], "c": list(range(20))}
    queries = [
        DerivedQuery("x", "a", frozenset({1, 2, 3})),
        DerivedQuery("x", "b", frozenset({1})),
        DerivedQuery("y", "c", frozenset(range(20))),
    ]

    figures = measure(answers.__getitem__, queries)

    assert (figures["x"].queries, figures["x"].recall, figures["x"].reciprocal_rank) == (2, 1 / 3, 1 / 4)
    assert figures["x"].ndcg == pytest.approx((1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3) + 1 / 2) / 2)
    assert (figures["y"].recall, figures["y"].ndcg, figures["y"].reciprocal_rank) == (1, 1, 1)


def test_queries_derived_from_a_catalogue_find_their_items(release, capsys):
    catalogue = Catalogue.load(release.folder)
    index = LexicalIndex.of(catalogue)

    figures = measure(lambda text: index.find(text, 50).items, derived_queries(catalogue, 20))

    changes = ("", " with a slip", " less a word", " in one word")
    assert set(figures) == {f"{name}{change}" for name in ("title", "type") for change in changes}
    assert figures["title"].reciprocal_rank == 1
    assert figures["title with a slip"].reciprocal_rank == 1
    assert main(["--release", str(release.folder)]) == 0
    assert "recall@10" in capsys.readouterr().out
