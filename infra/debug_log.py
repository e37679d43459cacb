"""The SDK's debug messages: not for the engine's log, since they show secrets."""

from __future__ import annotations

import pulumi

__all__ = ["keep_secrets_out_of_the_log"]


def keep_secrets_out_of_the_log() -> None:
    """Send no debug messages.

    The SDK puts what components register into them, secrets in plain text, and the engine writes them to an event log
    even where nobody asked for debug output (pulumi 3.259.0, runtime/resource.py, register_resource_outputs).
    """
    pulumi.log.debug = _nothing


def _nothing(
    msg: str,
    resource: pulumi.Resource | None = None,
    stream_id: int | None = None,
    ephemeral: bool | None = None,
) -> None:
    """Take what `pulumi.log.debug` takes."""
