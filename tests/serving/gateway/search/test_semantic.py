import asyncio
import json

import pytest

from model.artifact import Artifact, Manifest
from serving.catalogue import Catalogue
from serving.failure import ServerError
from serving.gateway.release import open_release
from serving.gateway.search.quality import main
from serving.gateway.search.retriever import Candidates, retrieve
from serving.gateway.search.semantic import MOST_FOUND, Semantic, SemanticIndex
from tests.releases import CATALOGUE, tiny_release


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A tiny release to whose encoder a gadget is a thing."""
    return tiny_release(tmp_path_factory.mktemp("text") / "release", text=True)


@pytest.fixture
def index(release):
    return SemanticIndex.of(release.folder, release.manifest, Catalogue.load(release.folder))


async def searched(shop, query):
    answer = await shop.ask.get("/search", params={"q": query, "user_id": "household-1"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_word_that_no_item_has_finds_what_it_means(in_shop):
    async def story(shop):
        answer = await searched(shop, "gadget")

        assert answer["matched"] == "meaning"
        assert answer["items"]
        assert all(item["title"].startswith("Thing") for item in answer["items"])
        assert not answer["fallback"]

    in_shop(story)


def test_the_item_that_is_meant_is_among_what_words_alone_would_not_find(in_shop):
    async def story(shop):
        assert "Thing 7" in [item["title"] for item in (await searched(shop, "gadget 7"))["items"]]

    in_shop(story)


def test_items_with_all_the_words_come_before_those_near_in_meaning(in_shop):
    async def story(shop):
        titles = [item["title"] for item in (await searched(shop, "thing 7"))["items"]]

        assert titles[0] == "Thing 7"
        assert len(titles) > 1

    in_shop(story)


def test_where_neither_words_nor_meaning_are_known_there_is_only_what_is_related(in_shop):
    async def story(shop):
        answer = await searched(shop, "xyzzy")

        assert (answer["matched"], answer["items"]) == ("nothing", [])
        assert answer["related"]

    in_shop(story)


def test_without_its_encoder_search_goes_by_words(in_shop):
    async def story(shop):
        del shop.tritons.sessions["encode"]

        answer = await searched(shop, "thing 7")

        assert (answer["matched"], answer["fallback"]) == ("all-words", False)
        assert (await searched(shop, "gadget"))["matched"] == "nothing"

    in_shop(story)


def test_an_encoder_that_hangs_costs_less_than_the_deadline(in_shop):
    async def story(shop):
        shop.tritons.delay = 60.0

        answer = await searched(shop, "thing 7")

        assert (answer["matched"], answer["fallback_reason"]) == ("all-words", "deadline")
        assert answer["items"]

    in_shop(story, deadline_seconds=0.4)


def test_a_vector_of_another_encoder_is_never_compared(in_shop, tmp_path, release):
    async def story(shop):
        asked = shop.service.releases.current
        other = tiny_release(tmp_path / "other", seed=0)
        assert other.manifest.files["items.parquet"] == release.manifest.files["items.parquet"]
        shop.tritons.version = 2
        shop.tritons.release = other
        (tmp_path / "release").unlink()
        (tmp_path / "release").symlink_to(other.folder)

        with pytest.raises(ServerError, match="another text encoder"):
            await shop.service.decider.models.encode(asked, asked.semantic.tokens("gadget"))

    in_shop(story)


def test_what_is_near_comes_nearest_first_and_what_is_not_never(index):
    vector = index.vectors_UD[4]

    found = index.near(vector, MOST_FOUND)

    assert found[0] == 5
    assert len(found) < CATALOGUE or min(index.vectors_UD @ vector) > 0
    assert index.near(0 * vector, 10) == []
    assert len(index.near(vector, 2)) == 2


def test_an_encoder_that_cannot_be_asked_leaves_the_words(index):
    async def gone(tokens_1T):
        raise ServerError("no server answers")

    class Words:
        async def candidates(self, query, count):
            return Candidates([3], "all-words")

    assert asyncio.run(retrieve([Words(), Semantic(index, gone)], "thing", 9)) == Candidates([3], "all-words")


def test_a_release_of_the_same_texts_keeps_their_vectors(release, tmp_path):
    first = open_release(release.folder)
    again = tiny_release(tmp_path / "again", text=True)
    (again.folder / "quality.md").write_text("trained once more")
    about = {name: value for name, value in vars(again.manifest).items() if name != "files"}
    retrained = Artifact.seal(again.folder, **about)

    second = open_release(retrained.folder, first)

    assert second.digest != first.digest
    assert second.semantic is first.semantic


def test_a_release_without_an_encoder_has_no_index(release, tmp_path):
    plain = tiny_release(tmp_path / "plain")
    manifest = Manifest(**json.loads((plain.folder / "manifest.json").read_text()))

    assert SemanticIndex.of(plain.folder, manifest, Catalogue.load(plain.folder)) is None


def test_quality_compares_words_meaning_and_both(release, capsys):
    assert main(["--release", str(release.folder)]) == 0

    printed = capsys.readouterr().out
    assert {"words", "meaning", "both"} <= set(printed.split())
