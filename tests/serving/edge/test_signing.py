import json
import stat
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from serving.edge.scope import SCOPES
from serving.edge.signing import KeyRing
from serving.edge.token import main

HOUR = timedelta(hours=1)


@pytest.fixture
def ring(tmp_path):
    ring = KeyRing(tmp_path / "keys")
    ring.believed(ring.jwks())
    return ring


def read(ring, token):
    return jwt.decode(token, KeySet.import_key_set(json.loads(ring.jwks())), algorithms=["ES256"])


def test_a_token_says_who_for_what_and_how_long(ring):
    claims = read(ring, ring.token("shop", ["recommend", "events"], HOUR)).claims

    assert (claims["sub"], claims["scope"], claims["aud"]) == ("shop", "recommend events", "rialto")
    assert claims["exp"] - claims["iat"] == 3600


def test_the_public_keys_hold_nothing_private(ring):
    (key,) = json.loads(ring.jwks())["keys"]

    assert "d" not in key
    assert (key["alg"], key["use"]) == ("ES256", "sig")
    assert stat.S_IMODE((ring.folder / "signing-keys.json").stat().st_mode) == 0o600


def test_a_new_key_signs_once_the_edge_believes_it_and_the_old_one_is_kept_until_the_next(ring):
    def signer():
        return read(ring, ring.token("shop", ["recommend"], HOUR)).header["kid"]

    first = signer()
    ring.rotate()
    assert signer() == first
    ring.believed(ring.jwks())
    second = signer()
    assert second != first
    assert {key["kid"] for key in json.loads(ring.jwks())["keys"]} == {first, second}
    ring.rotate()
    assert first not in ring.jwks()
    assert signer() == second


def test_a_scope_that_no_route_asks_for_is_refused_with_those_that_there_are(ring):
    with pytest.raises(ValueError, match=r"^scope is everything; choose from recommend, predict, search, "):
        ring.token("shop", ["everything"], HOUR)


@pytest.mark.parametrize("lifetime", [timedelta(hours=25), timedelta(0), timedelta(hours=-1)])
def test_a_lifetime_that_the_edge_does_not_take_is_refused(ring, lifetime):
    with pytest.raises(ValueError, match="the edge takes tokens of at most 24 hours"):
        ring.token("shop", ["recommend"], lifetime)


def test_the_command_prints_a_token_and_nothing_else(ring, capsys):
    assert main(["--keys", str(ring.folder), "--subject", "me", "--scope", "recommend"]) == 0

    claims = read(ring, capsys.readouterr().out.strip()).claims
    assert (claims["sub"], claims["scope"]) == ("me", "recommend")


def test_without_scopes_a_token_is_good_for_all(ring, capsys):
    assert main(["--keys", str(ring.folder)]) == 0

    assert read(ring, capsys.readouterr().out.strip()).claims["scope"] == " ".join(SCOPES)


def test_where_no_edge_runs_the_command_says_what_to_do(tmp_path, capsys):
    assert main(["--keys", str(tmp_path)]) == 1

    assert capsys.readouterr().err == (
        f"error: no edge believes the keys in {tmp_path} yet; start it with scripts/up\n"
    )


def test_a_new_key_is_announced_with_the_next_step(ring, capsys):
    assert main(["--keys", str(ring.folder), "--rotate"]) == 0

    assert capsys.readouterr().out.startswith("next: scripts/up")
    assert len(json.loads(ring.jwks())["keys"]) == 2
