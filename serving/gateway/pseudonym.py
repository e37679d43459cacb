"""Users under another name: nothing that leaves the gateway names a person."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

__all__ = ["Pseudonyms"]

# HMAC-SHA-256 wants a key of at least its output's length (RFC 2104, section 3).
KEY_BYTES = 32
# 128 bits: two of a billion users meet with a chance of 1e-21.
PSEUDONYM_HEX_DIGITS = 32


class Pseudonyms:
    """Keyed hashes of user ids: the same user has the same pseudonym, and without the key nobody can tell whose."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"the pseudonym key has {len(key)} bytes; it needs at least {KEY_BYTES}")
        self._key = key

    @classmethod
    def from_file(cls, file: Path) -> Pseudonyms:
        """The key in `file`; a missing file is made with a new key, readable by this user only.

        ValueError if the key is short, or readable by everybody.
        """
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "wb") as new:
                new.write(secrets.token_hex(KEY_BYTES).encode())
        if (mode := file.stat().st_mode & 0o777) & 0o007:
            raise ValueError(f"the pseudonym key {file} has mode {mode:o}, open to everybody; chmod 600 it")
        return cls(file.read_bytes().strip())

    def of(self, user_id: str) -> str:
        """The pseudonym of a user, as hex."""
        return hmac.new(self._key, user_id.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_HEX_DIGITS]
