"""The keys that tokens of this machine are signed with, and the tokens. Elsewhere an identity provider has both.

https://datatracker.ietf.org/doc/html/rfc9068 (what a token says), rfc7517 (key sets)
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from serving.edge.guard import MAX_LIFETIME_SECONDS
from serving.edge.scope import SCOPES

__all__ = ["AUDIENCE", "ISSUER", "KeyRing"]

ISSUER = "https://localhost/rialto"
AUDIENCE = "rialto"
# ES256: every library knows it, and a signature is checked in a tenth of a millisecond.
ALGORITHM, CURVE = "ES256", "P-256"
SECRET_MODE = 0o600


@dataclass(frozen=True)
class KeyRing:
    """The private keys of `folder`, newest first: two at most, so that tokens outlive a change of keys."""

    folder: Path

    @property
    def _secrets(self) -> Path:
        return self.folder / "signing-keys.json"

    @property
    def _believed(self) -> Path:
        return self.folder / "jwks.json"

    def jwks(self) -> str:
        """The public keys, for an edge to believe; a first key is made where there is none."""
        if not self._secrets.exists():
            self.rotate()
        return json.dumps(KeySet([*self._keys()]).as_dict(private=False), sort_keys=True)

    def rotate(self) -> None:
        """Add a key and forget the last but one. It signs as soon as an edge believes it."""
        new = ECKey.generate_key(CURVE, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
        keys = [new, *(self._keys()[:1] if self._secrets.exists() else [])]
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(self._secrets, json.dumps(KeySet([*keys]).as_dict(private=True)))

    def believed(self, jwks: str) -> None:
        """Note what the edge believes by now."""
        _replace(self._believed, jwks)

    def token(self, subject: str, scopes: Sequence[str], lifetime: timedelta) -> str:
        """A token; ValueError for scopes that no route asks for, or a lifetime that the edge does not take."""
        if unknown := set(scopes) - set(SCOPES):
            raise ValueError(f"scope is {', '.join(sorted(unknown))}; choose from {', '.join(SCOPES)}")
        if not 0 < lifetime.total_seconds() <= MAX_LIFETIME_SECONDS:
            hours = MAX_LIFETIME_SECONDS // 3600
            raise ValueError(f"lifetime is {lifetime}; the edge takes tokens of at most {hours} hours")
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
            "jti": uuid.uuid4().hex,
        }
        key = self._signing_key()
        return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key)

    def _signing_key(self) -> ECKey:
        """The newest key that the edge believes."""
        if not self._believed.exists():
            raise ValueError(f"no edge believes the keys in {self.folder} yet; start it with scripts/up")
        believed = {key["kid"] for key in json.loads(self._believed.read_text())["keys"]}
        key = next((key for key in self._keys() if key.kid in believed), None)
        if key is None:
            raise ValueError(f"the edge believes none of the keys in {self.folder}; run scripts/up")
        return key

    def _keys(self) -> list[ECKey]:
        found = KeySet.import_key_set(json.loads(self._secrets.read_text())).keys
        return [key for key in found if isinstance(key, ECKey)]


def _replace(file: Path, text: str) -> None:
    aside = file.with_name(f".{file.name}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE), "w") as out:
        out.write(text)
    aside.replace(file)
