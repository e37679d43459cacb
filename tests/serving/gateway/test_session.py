"""The page's token, from the keys that the local edge believes."""

import json

from joserfc import jwt
from joserfc.jwk import KeySet

from serving.edge.signing import KeyRing


def test_the_pages_token_is_for_the_domain_api_only_and_soon_ends(in_shop, tmp_path):
    ring = KeyRing(tmp_path / "keys")
    ring.believed(ring.jwks())

    async def story(shop):
        answer = await shop.ask.get("/storefront/session")
        claims = jwt.decode(answer.json()["token"], KeySet.import_key_set(json.loads(ring.jwks()))).claims

        assert answer.headers["cache-control"] == "no-store"
        assert claims["sub"] == "storefront"
        assert claims["scope"].split() == ["recommend", "predict", "search", "events"]
        assert claims["exp"] - claims["iat"] == 600

    in_shop(story, session_keys=tmp_path / "keys")


def test_without_an_edge_that_believes_keys_there_is_no_token(in_shop, tmp_path):
    async def story(shop):
        assert (await shop.ask.get("/storefront/session")).json() == {"token": None}

    in_shop(story, session_keys=tmp_path / "keys")


def test_elsewhere_than_in_local_there_is_neither_page_nor_token(in_shop):
    async def story(shop):
        for path in ("/", "/static/app.js", "/storefront/session", "/storefront/shoppers"):
            assert (await shop.ask.get(path)).status_code == 404

    in_shop(story, local=False)
