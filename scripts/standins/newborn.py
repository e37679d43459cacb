"""A resource that is being created, and what is made up for it: the same for the same URN, every time."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

__all__ = ["SECRET_PREFIX", "Newborn"]

# Every secret that a stand-in makes up starts so: whoever finds it in plain text has found a leak.
SECRET_PREFIX = "standin-secret-"
# Addresses for documentation, which nobody answers at (https://www.rfc-editor.org/rfc/rfc5737).
_PUBLIC = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True, kw_only=True)
class Newborn:
    """What `Create` is asked for; `inputs` bear no marks, `account` and `region` are the provider's."""

    token: str
    name: str
    urn: str
    inputs: dict[str, Any]
    account: str
    region: str

    @property
    def kind(self) -> str:
        """The type without its package: `ec2/vpc:Vpc`."""
        return self.token.partition(":")[2]

    def digest(self, salt: str = "") -> str:
        """Hexadecimal digits that belong to this resource."""
        return hashlib.sha256(f"{self.urn} {salt}".encode()).hexdigest()

    def number(self, bound: int, salt: str = "") -> int:
        """A number below `bound` that belongs to this resource."""
        return int(self.digest(salt), 16) % bound

    def uuid(self, salt: str = "") -> str:
        """A UUID that belongs to this resource."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.urn} {salt}"))

    def secret(self, salt: str = "") -> str:
        """A secret that can be recognised wherever it should not be."""
        return f"{SECRET_PREFIX}{self.digest(salt)[:24]}"

    def public_address(self, salt: str = "") -> str:
        """An IPv4 address that is nobody's."""
        return f"{_PUBLIC[self.number(3, salt)]}.{self.number(254, salt) + 1}"
