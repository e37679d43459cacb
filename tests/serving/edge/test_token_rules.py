"""Whom a real Envoy lets through, and with what token."""

import base64
import hmac
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from serving.edge.signing import AUDIENCE, ISSUER

pytestmark = pytest.mark.envoy

INFER = "/v2/models/recommend/infer"
HOUR = 3600


def claims(**changes):
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "shop", "scope": "recommend model:recommend"}
    return {key: value for key, value in {**good, "exp": now + HOUR, **changes}.items() if value is not None}


@pytest.fixture
def key(shared):
    return shared.edge.estate.ring._signing_key()


def ask(shared, token, path="/recommend"):
    return shared.client.get(path, headers={"authorization": f"Bearer {token}"} if token else {})


def signed(key, **changes):
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims(**changes), key)


def test_a_good_token_passes_and_ends_at_the_edge(shared, key):
    answer = ask(shared, signed(key))

    assert answer.status_code == 200
    heard = {name.lower(): value for name, value in answer.json()["headers"].items()}
    assert "authorization" not in heard
    assert heard["x-rialto-subject"] == "shop"
    assert heard["x-rialto-scope"] == "recommend model:recommend"


def test_without_a_token_the_answer_is_401_and_says_so(shared):
    answer = ask(shared, None)

    assert answer.status_code == 401
    assert answer.json()["error"] == "Jwt is missing"


@pytest.mark.parametrize(
    ("what", "claim", "seconds"),
    [
        ("expired", "exp", -HOUR),
        ("expired longer ago than clocks differ", "exp", -60),
        ("not valid yet", "nbf", HOUR),
        ("good for a week", "exp", 7 * 24 * HOUR),
    ],
)
def test_a_token_that_is_not_for_now_is_refused(shared, key, what, claim, seconds):
    assert ask(shared, signed(key, **{claim: int(time.time()) + seconds})).status_code == 401, what


@pytest.mark.parametrize(
    ("what", "changes", "status"),
    [
        ("without an end", {"exp": None}, 401),
        # Envoy's word for a good token that is for another service.
        ("for somebody else", {"aud": "another-service"}, 403),
        ("by somebody else", {"iss": "https://elsewhere"}, 401),
    ],
)
def test_a_token_that_is_not_for_us_or_for_ever_is_refused(shared, key, what, changes, status):
    assert ask(shared, signed(key, **changes)).status_code == status, what


def test_clocks_may_differ_by_some_seconds(shared, key):
    behind = signed(key, exp=int(time.time()) - 10)
    ahead = signed(key, nbf=int(time.time()) + 10)

    assert [ask(shared, token).status_code for token in (behind, ahead)] == [200, 200]


def unsigned(header):
    parts = [header, claims()]
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    )


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_alg_none_is_refused_however_it_is_written(shared, key, name):
    for header in ({"alg": name}, {"alg": name, "kid": key.kid}):
        for signature in ("", "AAAA"):
            assert ask(shared, f"{unsigned(header)}.{signature}").status_code == 401


def test_a_key_of_somebody_else_is_refused_also_under_our_name(shared, key):
    other = ECKey.generate_key("P-256", {"kid": key.kid}, private=True)

    assert ask(shared, signed(other)).status_code == 401


def test_the_public_key_is_no_shared_secret(shared, key):
    # By hand: the library refuses to do such a thing.
    text = unsigned({"alg": "HS256", "kid": key.kid})
    mac = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")

    assert ask(shared, f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}").status_code == 401


def test_a_changed_token_is_refused(shared, key):
    head, _, signature = signed(key).split(".")
    more = claims(scope="recommend predict search events model:predict")
    body = base64.urlsafe_b64encode(json.dumps(more).encode()).rstrip(b"=").decode()

    assert ask(shared, f"{head}.{body}.{signature}").status_code == 401


def test_a_token_in_the_query_does_not_count(shared, key):
    assert ask(shared, None, f"/recommend?access_token={signed(key)}").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/recommend", "recommend"),
        ("GET", "/predict", "predict"),
        ("GET", "/search", "search"),
        ("POST", "/events", "events"),
        ("POST", "/v2/models/recommend/infer", "model:recommend"),
        ("POST", "/v2/models/predict/infer", "model:predict"),
        ("GET", "/v2/models/predict/config", "model:predict"),
    ],
)
def test_each_route_takes_its_scope_and_no_other(shared, key, method, path, scope):
    every = {"recommend", "predict", "search", "events", "model:recommend", "model:predict"}

    def status(granted):
        token = signed(key, scope=granted)
        return shared.client.request(method, path, headers={"authorization": f"Bearer {token}"}).status_code

    assert status(scope) == 200
    assert status(" ".join(sorted(every))) == 200
    assert status(" ".join(sorted(every - {scope}))) == 403
    assert status("") == 403
    # A part of a name, or more than it, is another name.
    assert status(scope[:-1]) == status(f"{scope}s") == status(scope.upper()) == 403


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/page.js", "/storefront/session", "/openapi.json"])
def test_the_page_needs_no_token(shared, path):
    assert shared.client.get(path).status_code == 200


def test_nobody_can_say_of_himself_who_he_is(shared, key):
    forged = {"x-rialto-subject": "admin", "x-rialto-scope": "events", "authorization": "Basic c2VjcmV0"}

    heard = shared.client.get("/", headers=forged).json()["headers"]
    with_token = {**forged, "authorization": f"Bearer {signed(key)}"}
    known = shared.client.get("/recommend", headers=with_token).json()["headers"]

    assert not {name.lower() for name in heard} & {*forged}
    assert known["x-rialto-subject"] == "shop"


def test_a_refusal_is_in_the_log_with_its_reason_and_without_the_token(shared, key):
    token = signed(key, scope="search", sub="curious")

    assert ask(shared, token, "/recommend?user_id=household-7").status_code == 403

    def lines():
        return [line for line in shared.edge.log().splitlines() if '"subject":"curious"' in line]

    # The log is written once a second at most.
    deadline = time.monotonic() + 30
    while not lines() and time.monotonic() < deadline:
        time.sleep(0.1)
    entry = json.loads(lines()[-1])
    assert (entry["status"], entry["path"], entry["method"]) == (403, "/recommend", "GET")
    assert entry["reason"].startswith("rbac_access_denied")
    assert "household-7" not in shared.edge.log()
    assert token.split(".")[1] not in shared.edge.log()
