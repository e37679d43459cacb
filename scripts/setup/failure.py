"""What set-up says when it cannot go on: one line that names the trouble and the remedy."""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["SetupError", "explanation", "os_explanation"]

# As uv, pip, Go and apt-get word them, in lower case.
_NO_SPACE_SIGNS = ("no space left on device", "os error 28", "disk quota exceeded")
_NO_NETWORK_SIGNS = (
    "dns error",
    "error sending request",
    "temporary failure",
    "name or service not known",
    "no such host",
    "network is unreachable",
    "newconnectionerror",
    "connection refused",
    "connection timed out",
    "i/o timeout",
    "could not connect",
)
_ERROR_PREFIXES = ("error", "e:", "fatal", "go:")


class SetupError(ValueError):
    """Set-up cannot go on; the message is the one line that a person needs."""


def explanation(what: str, output: str, log: Path) -> str:
    """The one line for a failed command: what was done, why it failed as far as it said, and the remedy."""
    lowered = output.lower()
    if any(sign in lowered for sign in _NO_SPACE_SIGNS):
        return _no_space(what)
    if any(sign in lowered for sign in _NO_NETWORK_SIGNS):
        return (
            f"no network: {what} could not reach its registry; connect, or name your mirror (PIP_INDEX_URL, "
            f"UV_DEFAULT_INDEX, GOPROXY), and run this again; details: {log}"
        )
    return f"{what} failed: {_telling_line(output)}; details: {log}"


def os_explanation(error: OSError) -> str:
    """The one line for a failed file operation of our own."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(f"writing {error.filename or 'a file'}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{error.filename} cannot be written ({error.strerror}); run this as the user who owns it, "
            "or set RIALTO_CACHE to a folder of yours"
        )
    return str(error)


def _no_space(what: str) -> str:
    return (
        f"no disk space: {what} filled the disk; free some, or set RIALTO_CACHE and UV_CACHE_DIR to folders "
        "on a larger one, and run this again"
    )


def _telling_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(_ERROR_PREFIXES)]
    return (errors or lines or ["it said nothing"])[-1]
