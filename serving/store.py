"""Where published files lie: a folder (file://) or a bucket of any S3 (s3://). What is there is never overwritten.

Endpoint, region and credentials of S3 come from AWS's usual environment, on both clouds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

__all__ = ["BucketStore", "FolderStore", "Store", "StoreError", "open_store"]

CONNECT_SECONDS = 5
READ_SECONDS = 60
ATTEMPTS = 5
# 412: an object of that key is there (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
PRECONDITION_FAILED = 412
_CHUNK_BYTES = 1 << 20


class StoreError(OSError):
    """A store cannot be read or written; the message is one line with the store's address."""


class Store(Protocol):
    """A place of files by key; keys are relative paths with slashes."""

    @property
    def uri(self) -> str:
        """The store's address, without a slash at its end."""

    def below(self, path: str) -> Store:
        """The store of the keys that begin with `path`."""

    def add(self, key: str, file: Path) -> bool:
        """Copy `file` there whole; False, and nothing done, if something lies under `key`."""

    def fetch(self, key: str, file: Path) -> None:
        """Copy what lies under `key` to `file`; StoreError if there is none."""

    def listing(self) -> list[str]:
        """All keys, sorted."""


def open_store(uri: str) -> Store:
    """The store at `uri`; ValueError if it is neither file:///path nor s3://bucket/prefix."""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc and not parts.query and not parts.fragment:
        return BucketStore(parts.netloc, parts.path.strip("/"))
    raise ValueError(f'store is "{uri}"; name a folder as file:///path, or a bucket as s3://bucket/prefix')


@dataclass(frozen=True)
class FolderStore:
    """A folder on this machine."""

    folder: Path

    @property
    def uri(self) -> str:
        """file:///path."""
        return self.folder.as_uri()

    def below(self, path: str) -> Store:
        """A folder inside."""
        return FolderStore(self.folder / path)

    def add(self, key: str, file: Path) -> bool:
        """Copy aside, then link: a link never replaces anything, and a killed copy is never seen."""
        target = self.folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=".", dir=target.parent)
        os.close(handle)
        try:
            shutil.copyfile(file, aside)
            Path(aside).chmod(0o644)
            os.link(aside, target)
        except FileExistsError:
            return False
        finally:
            Path(aside).unlink()
        return True

    def fetch(self, key: str, file: Path) -> None:
        """Copy a file out of the folder."""
        try:
            shutil.copyfile(self.folder / key, file)
        except OSError as error:
            raise StoreError(f"{self.uri}/{key} cannot be read: {error.strerror}") from error

    def listing(self) -> list[str]:
        """The files, but those that a copy is still writing."""
        found = [path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.as_posix() for path in found if not path.name.startswith("."))


class BucketStore:
    """The objects of a bucket below a prefix."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            # Every file is held to its SHA-256 here; not every S3 knows the checksums that AWS added in 2025.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        with self._failures(""):
            self._client: Any = boto3.client("s3", config=config)

    @property
    def uri(self) -> str:
        """s3://bucket/prefix."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def below(self, path: str) -> Store:
        """The same bucket, with a longer prefix."""
        return BucketStore(self.bucket, self.prefix + path)

    def add(self, key: str, file: Path) -> bool:
        """Put an object on the condition that there is none; S3 shows it whole or not at all."""
        try:
            with self._failures(key), file.open("rb") as body:
                self._client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=body, IfNoneMatch="*")
        except StoreError as error:
            if _status(error.__cause__) == PRECONDITION_FAILED:
                return False
            raise
        return True

    def fetch(self, key: str, file: Path) -> None:
        """Write an object to a file."""
        with self._failures(key), file.open("wb") as target:
            answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)
            for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
                target.write(chunk)

    def listing(self) -> list[str]:
        """List the objects below the prefix."""
        with self._failures(""):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            found = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return sorted(key.removeprefix(self.prefix) for key in found if not key.endswith("/"))

    @contextmanager
    def _failures(self, key: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"{self.uri}/{key} failed: {error}".replace("\n", " ")) from error


def _status(error: BaseException | None) -> int | None:
    if not isinstance(error, ClientError):
        return None
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status
