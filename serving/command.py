"""`python -m serving.client`: recommendations and purchase chances of a real user, with names and prices."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from serving.catalogue import Catalogue, Item
from serving.client import Client
from serving.failure import ServerError
from serving.history import History
from serving.runtime.note import ProcessNote
from serving.runtime.port import LOOPBACK
from serving.transport import DEFAULT_URLS, Scheme

__all__ = ["main"]

# The local stack points this at the release that it serves (infra/local).
LOCAL_FOLDER = Path(__file__).parents[1] / ".rialto" / "local"
LOCAL_RELEASE = LOCAL_FOLDER / "release"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 1 if the request was wrong or could not be answered."""
    chosen = _parser().parse_args(arguments)
    try:
        _run(chosen, Console())
    except (ValueError, ServerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving.client", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    recommend = commands.add_parser("recommend", help="what the user is likely to buy next")
    recommend.add_argument("--k", type=int, default=10, help="how many items (10)")
    predict = commands.add_parser("predict", help="how likely the user is to buy certain items")
    predict.add_argument("--item", action="append", required=True, metavar="ID", help="may be repeated")
    for command in (recommend, predict):
        command.add_argument("--user", metavar="ID", help="as the data names them (whoever bought last)")
        command.add_argument("--protocol", choices=("grpc", "http"), default="grpc")
        command.add_argument("--url", metavar="HOST:PORT", help="the local stack's server")
        command.add_argument("--release", type=Path, default=LOCAL_RELEASE, help="the local stack's release")
        command.add_argument(
            "--at",
            type=_moment,
            metavar="WHEN",
            help="time of the request, ISO 8601 (the release's newest event: recorded data does not age)",
        )
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _run(chosen: argparse.Namespace, console: Console) -> None:
    catalogue = Catalogue.load(chosen.release)
    chosen.user = chosen.user or catalogue.newest_user()
    history = catalogue.history(chosen.user, chosen.at or catalogue.newest_event())
    with Client.open(chosen.protocol, chosen.url or _local_url(chosen.protocol)) as client:
        if client.release.digest != catalogue.digest:
            raise ValueError(
                f"the server answers with release {client.release.digest}, but --release {chosen.release} "
                f"is {catalogue.digest}; name the folder of the release that is served"
            )
        show = _show_recommendations if chosen.command == "recommend" else _show_predictions
        show(chosen, console, catalogue, client, history)


def _local_url(protocol: Scheme) -> str:
    # What runs on this machine asks the edge without a token, on loopback.
    note = ProcessNote.read(LOCAL_FOLDER / "edge")
    return DEFAULT_URLS[protocol] if note is None else f"{LOOPBACK}:{note.ports['inside-port']}"


def _show_recommendations(
    chosen: argparse.Namespace, console: Console, catalogue: Catalogue, client: Client, history: History
) -> None:
    if not len(history.ids):
        popular = catalogue.popular(chosen.k)
        console.print(f"User {chosen.user} has no history: these are the {chosen.k} items sold most.")
        console.print(_table("popular", [(item, "") for item in popular]))
        return
    answer = client.recommend(history, chosen.k)
    rows = [
        (catalogue.item(int(index)), f"{score:.2f}")
        for index, score in zip(answer.item_ids, answer.scores, strict=True)
    ]
    console.print(_table(f"recommended to user {chosen.user}, {len(history.ids)} events", rows, "score"))


def _show_predictions(
    chosen: argparse.Namespace, console: Console, catalogue: Catalogue, client: Client, history: History
) -> None:
    candidates = [catalogue.index_of(item_id) for item_id in chosen.item]
    if not len(history.ids):
        console.print(f"User {chosen.user} has no history: these are the chances for somebody new.")
    chances = client.predict(history, candidates)
    rows = [
        (catalogue.item(index), f"{chance:.2%}") for index, chance in zip(candidates, chances, strict=True)
    ]
    console.print(_table(f"in the next basket of user {chosen.user}", rows, "chance"))


def _table(title: str, rows: Sequence[tuple[Item, str]], measure: str | None = None) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("item", "name", "category"):
        table.add_column(heading, overflow="fold")
    table.add_column("price", justify="right")
    if measure:
        table.add_column(measure, justify="right")
    for item, value in rows:
        price = "" if math.isnan(item.price) else f"{item.price:.2f}"
        table.add_row(item.item_id, item.title, item.category, price, *([value] if measure else []))
    return table
