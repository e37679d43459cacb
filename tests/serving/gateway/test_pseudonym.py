import hashlib
import hmac

import pytest

from serving.gateway.pseudonym import Pseudonyms


def test_a_pseudonym_is_the_keyed_hash_of_the_user_and_stays(tmp_path):
    key = tmp_path / "key"
    first = Pseudonyms.from_file(key).of("42")

    expected = hmac.new(key.read_bytes(), b"42", hashlib.sha256).hexdigest()[:32]
    assert first == Pseudonyms.from_file(key).of("42") == expected
    assert first != Pseudonyms.from_file(key).of("43")


def test_another_key_is_another_pseudonym(tmp_path):
    assert Pseudonyms.from_file(tmp_path / "a").of("42") != Pseudonyms.from_file(tmp_path / "b").of("42")


def test_a_new_key_is_for_its_owner_only(tmp_path):
    Pseudonyms.from_file(tmp_path / "key")

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_everybody_can_read_is_refused_with_the_remedy(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"k" * 64)
    key.chmod(0o644)

    with pytest.raises(ValueError, match=r"key has mode 644, open to everybody; chmod 600 it$"):
        Pseudonyms.from_file(key)


def test_a_short_key_is_refused(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"short")
    key.chmod(0o600)

    with pytest.raises(ValueError, match=r"^the pseudonym key has 5 bytes; it needs at least 32$"):
        Pseudonyms.from_file(key)
