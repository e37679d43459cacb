"""What goes wrong between us and a server."""

from __future__ import annotations

__all__ = ["ServerError"]


class ServerError(RuntimeError):
    """A server cannot be reached or cannot do what it was asked; the message is one line and says which."""
