"""Brings the recorded histories of a release into a store, so that its users are known from the start.

`python -m serving.gateway.seed --release <folder> --state <folder> [--histories redis://...] [--as-if-now]`
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serving.catalogue import Catalogue
from serving.gateway.event import Event
from serving.gateway.pseudonym import Pseudonyms
from serving.gateway.store import HistoryStore, HistoryStoreError
from serving.gateway.store_address import open_histories

__all__ = ["recent_shoppers", "seed"]

SHOPPERS = 24
# In a second.
MICROSECONDS = 1e6


async def seed(
    histories: HistoryStore, catalogue: Catalogue, pseudonyms: Pseudonyms, *, as_if_now: bool
) -> int:
    """Add every recorded user that the store does not know and return how many; nothing the second time.

    `as_if_now` moves the whole recording in time so that it ends now: the ages of its events, which the model reads,
    are then those of the day it was recorded.
    """
    if not catalogue.histories:
        return 0
    shift = time.time() - catalogue.newest_event().timestamp() if as_if_now else 0.0
    users = {
        pseudonyms.of(user): [
            Event(catalogue.item(index).item_id, "purchase", at / MICROSECONDS + shift)
            for index, at in zip(recorded.items.tolist(), recorded.at.astype(np.int64).tolist(), strict=True)
        ]
        for user, recorded in catalogue.histories.items()
    }
    return await histories.seed(catalogue.digest, users)


def recent_shoppers(catalogue: Catalogue) -> Sequence[tuple[str, int]]:
    """The users of the recording whose last event is newest, and how many events each has."""
    newest = sorted(catalogue.histories.items(), key=lambda each: each[1].at[-1], reverse=True)
    return [(user, len(recorded.items)) for user, recorded in newest[:SHOPPERS]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if the store is as it was, or only begun."""
    parser = argparse.ArgumentParser(prog="python -m serving.gateway.seed", description=__doc__)
    parser.add_argument(
        "--release", type=Path, required=True, help="a release's folder with histories.parquet"
    )
    parser.add_argument("--state", type=Path, required=True, help="the gateway's folder, which holds the key")
    parser.add_argument("--histories", metavar="URL", help="a Valkey or Redis (the SQLite file in --state)")
    parser.add_argument("--as-if-now", action="store_true", help="move the recording so that it ends now")
    chosen = parser.parse_args(arguments)
    try:
        added = asyncio.run(_run(chosen))
    except (ValueError, OSError, HistoryStoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{added} users added")
    return 0


async def _run(chosen: argparse.Namespace) -> int:
    catalogue = Catalogue.load(chosen.release)
    pseudonyms = Pseudonyms.from_file(chosen.state / "pseudonym.key")
    histories = open_histories(chosen.histories, chosen.state)
    try:
        return await seed(histories, catalogue, pseudonyms, as_if_now=chosen.as_if_now)
    finally:
        await histories.close()


if __name__ == "__main__":
    sys.exit(main())
