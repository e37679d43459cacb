"""Where a text that nobody may read can be read, also if it was encoded on the way."""

import base64
from collections.abc import Iterable
from pathlib import Path


def forms(text: str) -> set[bytes]:
    """A text as it is, and inside whatever may have been encoded as base64 with other bytes before it."""
    found = {text.encode(), text.encode().hex().encode()}
    for shift in range(3):
        # The first and the last characters depend on the neighbours too.
        inner = base64.b64encode(bytes(shift) + text.encode())[4 if shift else 0 : -4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def leaks(secrets: Iterable[str], places: dict[str, bytes]) -> list[str]:
    """The places that show a secret, with its first characters."""
    return sorted(
        f"{place} shows {secret[:24]}..."
        for secret in secrets
        for place, content in places.items()
        if any(form in content for form in forms(secret))
    )


def files(folder: Path) -> dict[str, bytes]:
    """Everything that lies below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
