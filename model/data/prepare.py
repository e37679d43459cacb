"""From a source to what a model trains on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import DataFrame, RangeIndex

from model.data.clean import clean
from model.data.config import DataConfig
from model.data.features import catalogue
from model.data.fingerprint import fingerprint
from model.data.interest import interests
from model.data.price import unbelievable
from model.data.refusal import REFUSED, REPAIRED, combined, refusals
from model.data.report import DataReport, PartSize
from model.data.schema import Tables
from model.data.source import read
from model.data.split import MIN_BASKETS, PARTS, split

__all__ = ["Prepared", "prepare"]

_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Prepared:
    """Data that is ready for training.

    `items`: the catalogue, RangeIndex 1..V "item_index", every item with a training event. Columns item_id,
    title, category, brand (text), price (median unit price), sales (units), price_band (0 unknown, 1..9),
    sales_band (0..9), category_1, category_2, category_3, brand_code (0 unknown), price_z, sales_z, and
    for sequences attributes; all fitted on training events.
    `events`: sorted by user and time; user_index, item_index (0: not in the catalogue), basket (running
    number within the user), day (since the first event of all), event, value, timestamp, part.
    `users`: RangeIndex "user_index"; user_id, interests.
    `refused`: rows kept aside: table, outcome (refused, repaired), reason, row (the original as JSON or text).
    """

    items: DataFrame
    events: DataFrame
    users: DataFrame
    fingerprint: str
    report: DataReport
    refused: DataFrame


def prepare(config: DataConfig) -> Prepared:
    """Read, clean, split and tag the configured data; ValueError names what is wrong with it."""
    tables = read(config)
    interactions, aside = clean(tables)
    aside = [tables.refused, *aside]
    _require_data(config, interactions, aside)
    rows = interactions.join(split(interactions, config.holdout))
    training = (rows["part"] == PARTS[0]).to_numpy()
    doubtful = unbelievable(rows["price"], tables.descriptions["category"], rows["description"], training)
    aside.append(
        refusals(
            "interactions", "price is far off its category: kept as unknown", interactions[doubtful], REPAIRED
        )
    )
    rows["price"] = rows["price"].mask(doubtful)
    items = catalogue(rows[training], tables.descriptions)
    events = _events(rows, items, merge=config.holdout == "basket")
    users = _users(rows, events, items)
    refused = combined(aside)
    return Prepared(
        items=items,
        events=events,
        users=users,
        fingerprint=fingerprint(
            {"interactions": interactions, "descriptions": tables.descriptions}, holdout=config.holdout
        ),
        report=_report(config, tables, rows, events, items, users, refused),
        refused=refused,
    )


def _require_data(config: DataConfig, interactions: DataFrame, aside: list[DataFrame]) -> None:
    where = f"source {config.source!r}" + (f", path {config.path!r}" if config.path else "")
    if interactions.empty:
        reasons = combined(aside).query("outcome == @REFUSED")["reason"].value_counts()
        why = ", ".join(f"{reason}: {count:,}" for reason, count in reasons.items()) or "it has no rows"
        raise ValueError(f"{where}: no row is usable ({why}); correct the file or its column mapping")
    for ids in ("user_id", "item_id"):
        if interactions[ids].nunique() < 2:
            raise ValueError(
                f"{where}: {ids} is {interactions[ids].iloc[0]!r} in every usable row; "
                "a recommender needs two users and two items at least, so check the column mapping or add data"
            )


def _events(rows: DataFrame, items: DataFrame, *, merge: bool) -> DataFrame:
    lookup = items.index[0] + pd.Index(items["item_id"]).get_indexer(rows["item_id"].cat.categories)
    events = DataFrame(
        {
            "user_index": rows["user_id"].cat.codes.astype("int32"),
            "item_index": lookup[rows["item_id"].cat.codes].astype("int32"),
            "basket": rows["basket"],
            "day": (rows["timestamp"] - rows["timestamp"].min()) / _DAY,
            "event": rows["event"],
            "value": rows["value"],
            "timestamp": rows["timestamp"],
            "part": rows["part"],
        }
    )
    return _merged(events, rows) if merge else events


def _merged(events: DataFrame, rows: DataFrame) -> DataFrame:
    """Repeated rows of one item within a basket as one event with the summed quantity."""
    keys = ["user_index", "basket", "event"]
    repeated = events[keys].assign(item=rows["item_id"].cat.codes).duplicated()
    if not repeated.any():
        return events
    group = (
        events[keys]
        .assign(item=rows["item_id"].cat.codes)
        .groupby([*keys, "item"], observed=True, sort=False)
        .ngroup()
    )
    totals: npt.NDArray[np.float64] = np.bincount(group, weights=events["value"])
    kept = ~repeated
    return events[kept].assign(value=totals[group[kept]]).reset_index(drop=True)


def _users(rows: DataFrame, events: DataFrame, items: DataFrame) -> DataFrame:
    names = rows["user_id"].cat.categories
    users = DataFrame({"user_id": names.astype("str")}, index=RangeIndex(len(names), name="user_index"))
    training = events[events["part"] == PARTS[0]]
    return users.assign(interests=interests(training, items, len(users)))


def _report(
    config: DataConfig,
    tables: Tables,
    rows: DataFrame,
    events: DataFrame,
    items: DataFrame,
    users: DataFrame,
    refused: DataFrame,
) -> DataReport:
    counts = {
        outcome: refused.loc[refused["outcome"] == outcome, "reason"].value_counts(sort=False).to_dict()
        for outcome in (REFUSED, REPAIRED)
    }
    parts = {part: events[events["part"] == part] for part in PARTS}
    return DataReport(
        source=config.source,
        holdout=config.holdout,
        read=tables.read,
        kept=len(rows),
        refused=counts[REFUSED],
        repaired=counts[REPAIRED],
        merged=len(rows) - len(events),
        users=len(users),
        items=len(items),
        first=str(rows["timestamp"].min().date()),
        last=str(rows["timestamp"].max().date()),
        parts={
            name: PartSize(
                events=len(part),
                users=part["user_index"].nunique(),
                unknown=int((part["item_index"] == 0).sum()),
            )
            for name, part in parts.items()
        },
    )
