"""The secrets of a hybrid stack: their own config keys, marked secret from the first line, never inside settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import pulumi

__all__ = ["Secrets"]


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What the program needs and nobody may read in a file, a log or the state."""

    pseudonym_key: pulumi.Output[str]
    """The key of the hash that turns a customer's id into a pseudonym; it never leaves the private cloud."""
    pager_key: pulumi.Output[str]
    """The key of the pager's service (PagerDuty, Events API v2) that pages go to."""
    slack_url: pulumi.Output[str]
    """The address of Slack's incoming webhook; who has it may write there."""
    mail_password: pulumi.Output[str]
    """The password of the account that tickets are mailed with."""

    @classmethod
    def load(cls) -> Self:
        """Read all of them; pulumi.RunError names every one that is missing."""
        config = pulumi.Config()
        found = {field.name: config.get_secret(_key(field.name)) for field in fields(cls)}
        missing = [_key(name) for name, value in found.items() if value is None]
        if missing:
            stack = pulumi.get_stack()
            raise pulumi.RunError(
                "\n".join(
                    f"secret rialto:{key} is missing; set it: pulumi config set --secret --stack {stack} rialto:{key}"
                    for key in missing
                )
            )
        return cls(**{name: value for name, value in found.items() if value is not None})


def _key(name: str) -> str:
    return name.replace("_", "-")
