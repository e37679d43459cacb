"""What the provider of random passwords would answer: one that can be recognised."""

from __future__ import annotations

from typing import Any

from scripts.standins.newborn import Newborn

__all__ = ["computed", "identity"]


def identity(_: Newborn) -> str:
    """The provider's own: a password is no thing elsewhere (https://github.com/hashicorp/terraform-provider-random)."""
    return "none"


def computed(born: Newborn, _: str) -> dict[str, Any]:
    """Outputs by dotted path."""
    return {"result": born.secret(), "bcryptHash": born.secret("hash")}
