"""Which of our repositories holds the copy of a public image."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["repository_of", "version_of"]


def repository_of(image: str, images: Mapping[str, str], *, key: str = "image") -> str:
    """Return the name of the repository whose source is `image`; ValueError, beginning with `key`, if none is."""
    source = image.removesuffix(version_of(image))
    for name, upstream in images.items():
        if upstream == source:
            return name
    raise ValueError(
        f"{key} is {image}, which nodes on AWS cannot pull: no copy of {source} is kept; "
        f"add <name>: {source} to aws.images, or choose of {', '.join(images.values())}"
    )


def version_of(image: str) -> str:
    """Return what follows an image's name: `:tag`, `@digest`, both or nothing."""
    name = image.partition("@")[0]
    # A colon before the last slash is a registry's port.
    tag = name.rpartition("/")[2].find(":")
    cut = len(name) - len(name.rpartition("/")[2]) + tag if tag >= 0 else len(name)
    return image[cut:]
