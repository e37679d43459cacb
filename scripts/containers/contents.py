"""What is in an image: its files as a container sees them, grouped by who brought them."""

from __future__ import annotations

import csv
import io
import json
import posixpath
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Contents", "contents"]

# https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
REMOVED, EMPTIED = ".wh.", ".wh..wh..opq"
SHELLS = {"ash", "bash", "busybox", "dash", "sh", "zsh"}
RIGHTS = 0o6000
CHUNK = 1 << 20
# As deep as a folder that is nobody's distribution is named.
DEPTH = 3


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Bytes on disk, and gzipped as a registry sends them; `parts` are bytes by Python distribution or folder."""

    disk: int
    sent: int
    files: int
    shells: tuple[str, ...]
    privileged: tuple[str, ...]
    parts: dict[str, int]


def contents(archive: Path) -> Contents:
    """Of an image as `podman save` wrote it, without a runtime; ValueError if it is none."""
    files: dict[str, tarfile.TarInfo] = {}
    owners: dict[str, str] = {}
    sent = 0
    with tarfile.open(archive) as image:
        for layer in _layers(image, archive):
            stream = image.extractfile(layer)
            assert stream is not None
            sent += _gzipped(stream)
            stream.seek(0)
            with tarfile.open(fileobj=stream) as root:
                _apply(root, files, owners)
    parts: Counter[str] = Counter()
    for path, file in files.items():
        parts[owners.get(path) or _folder(path)] += file.size
    return Contents(
        disk=sum(file.size for file in files.values()),
        sent=sent,
        files=len(files),
        shells=tuple(sorted(path for path in files if posixpath.basename(path) in SHELLS)),
        privileged=tuple(sorted(path for path, file in files.items() if file.mode & RIGHTS)),
        parts=dict(parts.most_common()),
    )


def _layers(image: tarfile.TarFile, archive: Path) -> list[str]:
    try:
        manifest = image.extractfile("manifest.json")
        assert manifest is not None
        (described,) = json.load(manifest)
        return list(described["Layers"])
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{archive} is no image of `podman save` ({error}); save it as docker-archive"
        ) from error


def _apply(root: tarfile.TarFile, files: dict[str, tarfile.TarInfo], owners: dict[str, str]) -> None:
    """Put a layer over those below."""
    for member in root:
        path = posixpath.normpath(member.name)
        folder, name = posixpath.split(path)
        if name == EMPTIED:
            _remove(files, folder)
        elif name.startswith(REMOVED):
            _remove(files, posixpath.join(folder, name.removeprefix(REMOVED)))
        elif member.isfile():
            files[path] = member
            if name == "RECORD" and folder.endswith(".dist-info"):
                record = root.extractfile(member)
                assert record is not None
                owners.update(_recorded(record.read().decode(), folder))
        elif not member.isdir():
            files.pop(path, None)


def _remove(files: dict[str, tarfile.TarInfo], path: str) -> None:
    for below in [each for each in files if each == path or each.startswith(f"{path}/")]:
        del files[below]


def _recorded(record: str, folder: str) -> Iterator[tuple[str, str]]:
    """The files of a distribution, and their bytecode (https://packaging.python.org/en/latest/specifications/)."""
    name = posixpath.basename(folder).partition("-")[0]
    for row in csv.reader(io.StringIO(record)):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(folder), row[0]))
        yield path, name
        if path.endswith(".py"):
            place, module = posixpath.split(path)
            for version in ("311", "312", "313"):
                compiled = f"{place}/__pycache__/{module.removesuffix('.py')}.cpython-{version}.pyc"
                yield compiled, name


def _folder(path: str) -> str:
    return "/" + "/".join(path.split("/")[:-1][:DEPTH])


def _gzipped(stream: IO[bytes]) -> int:
    packer = zlib.compressobj(wbits=31)
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(packer.compress(chunk))
    return size + len(packer.flush())
