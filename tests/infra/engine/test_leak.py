"""The search itself must find what it is to find."""

import base64
import json

import pytest

from tests.infra.engine.leak import leaks

SECRET = "standin-secret-0123456789abcdef"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user: "])
@pytest.mark.parametrize("after", ["", "z", "zz", "zzz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, bytes.hex, bytes])
def test_a_secret_is_found_in_every_form_and_place(before, after, encode):
    content = encode(f"{before}{SECRET}{after}".encode())
    content = content.encode() if isinstance(content, str) else content

    assert leaks([SECRET], {"state": json.dumps({"data": content.decode()}).encode()}) == [
        "state shows standin-secret-012345678..."
    ]


def test_what_does_not_show_it_is_no_leak():
    assert leaks([SECRET], {"state": b"standin-secret-fedcba", "log": b"[secret]"}) == []
