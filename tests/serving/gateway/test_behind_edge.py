"""The gateway behind a real edge: tokens, who asked, and the storefront in a real Chromium."""

import asyncio
import json
from dataclasses import dataclass

import httpx
import pytest

from serving.edge.config import GatewayUpstream
from serving.shop import AsyncShop, Shop
from serving.shop_call import ShopError
from tests.serving.edge.estate import Edge, Estate, running, tritons
from tests.serving.gateway.conftest import LOCAL, Running, running_gateway, until

pytestmark = pytest.mark.triton

USER = "household-1"


@dataclass(frozen=True)
class Behind:
    """An edge, and the gateway behind it."""

    edge: Edge
    gateway: Running

    def token(self, *scopes):
        return self.edge.bearer(*scopes)["authorization"].removeprefix("Bearer ")

    def last_record(self):
        (file,) = (self.gateway.state / "audit").glob("*.jsonl")
        return json.loads(file.read_text().splitlines()[-1])


@pytest.fixture(scope="module")
def behind(tmp_path_factory, served, release):
    # The gateway's state lies beside the keys, as in the local stack.
    estate = Estate.make(tmp_path_factory.mktemp("behind") / "estate")
    address = f"127.0.0.1:{served.ports.grpc}"
    with running_gateway(estate.root, address, release.folder, *LOCAL) as gateway:
        upstream = GatewayUpstream(host="127.0.0.1", port=gateway.port)
        with running(estate, estate.config(tritons(served.ports.http), upstream)) as edge:
            yield Behind(edge, gateway)


def test_a_caller_with_a_token_is_answered_and_named_in_the_audit(behind):
    token = behind.token("recommend", "search", "predict", "events")
    with Shop(behind.edge.url, token=token, ca=behind.edge.estate.ca) as shop:
        answer = shop.recommend(USER, k=3)
        record = behind.last_record()
        told = shop.happened("through the edge", answer.items[0].item_id, "cart")
        found = shop.search("thnig", USER)

    assert not answer.fallback
    assert (record["subject"], len(record["answer"])) == ("shop", 3)
    assert told.recorded
    assert found.corrected_query == "thing"


def test_the_same_for_an_event_loop(behind):
    async def story():
        token = behind.token("predict")
        async with AsyncShop(behind.edge.url, token=token, ca=behind.edge.estate.ca) as shop:
            answer = await shop.predict(USER, "900001", explain=True)
            with pytest.raises(ShopError, match="404: item none is not in the release's catalogue"):
                await shop.predict(USER, "none")
            return answer

    assert 0 < asyncio.run(story()).probability < 1


def test_who_asks_cannot_be_made_up(behind):
    headers = {**behind.edge.bearer("recommend", subject="honest"), "x-rialto-subject": "somebody-else"}
    with behind.edge.client(headers=headers) as ask:
        assert ask.get("/recommend", params={"user_id": USER, "k": 1}).status_code == 200

    assert behind.last_record()["subject"] == "honest"


@pytest.mark.parametrize(
    "path", ["/recommend?user_id=1", "/storefront/history?user_id=1", "/storefront/shoppers"]
)
def test_what_says_something_of_users_wants_a_token(behind, path):
    with behind.edge.client() as ask:
        assert ask.get(path).status_code == 401
        token = ask.get("/storefront/session").json()["token"]
        assert ask.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_pages_token_asks_no_model_directly(behind):
    with behind.edge.client() as ask:
        token = ask.get("/storefront/session").json()["token"]
        answer = ask.get("/v2/models/recommend", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 403


@pytest.mark.browser
def test_the_page_works_through_the_edge(behind, browser):
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    refused = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.goto(f"{behind.edge.url}/#user=page-through-the-edge")

    page.locator("#items .card .buy").first.click()
    page.locator("#said", has_text="Bought:").wait_for()
    page.get_by_role("searchbox").fill("thing")
    page.locator("#found-items .card").first.wait_for()

    context.close()
    assert refused == []
    assert behind.last_record()["subject"] == "storefront"


def test_the_edge_finds_it_well(behind):
    def checks():
        return behind.edge.handle.admin.counters(r"^cluster\.gateway\.health_check\.(success|failure)$")

    until(lambda: checks()["cluster.gateway.health_check.success"] > 0)
    assert checks()["cluster.gateway.health_check.failure"] == 0


def test_metrics_and_the_gateways_other_paths_stay_inside(behind):
    with behind.edge.client(headers=behind.edge.bearer("recommend")) as ask:
        assert ask.get("/metrics").status_code == 404
    with httpx.Client(trust_env=False) as inside:
        assert inside.get(f"http://127.0.0.1:{behind.gateway.port}/metrics").status_code == 200
