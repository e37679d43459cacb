"""From a source to what a model trains on."""

from __future__ import annotations

from dataclasses import dataclass

from pandas import DataFrame, RangeIndex

from model.data.clean import clean
from model.data.config import DataConfig
from model.data.event import event_table
from model.data.features import catalogue
from model.data.fingerprint import fingerprint
from model.data.interest import interests
from model.data.price import unbelievable
from model.data.refusal import REFUSED, combined, repairs
from model.data.report import DataReport, data_report
from model.data.source import read
from model.data.split import MIN_BASKETS, TRAIN, split

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """Data that is ready for training.

    `items`: the catalogue, RangeIndex 1..V "item_index", every item with a training event. Columns item_id,
    title, category, brand (text), price (median unit price), sales (units), price_band (0 unknown, 1..9),
    sales_band (0..9), category_1, category_2, category_3, brand_code (0 unknown), price_z, sales_z, and
    for sequences attributes (tuples of int); all fitted on training events.
    `events`: sorted by user and time; user_index, item_index (0: not in the catalogue), basket (running
    number within the user), day (since the first event of all), event, value, timestamp, part.
    `users`: RangeIndex "user_index"; user_id, interests.
    `refused`: rows kept aside: table, outcome (refused, repaired), reason, row (as JSON or as it was read).
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
    interactions, refused = clean(tables)
    _require_enough(config, interactions, refused)
    rows = interactions.reset_index(drop=True)
    rows = rows.join(split(rows, config.holdout))
    _require_parts(config, rows)
    training = (rows["part"] == TRAIN).to_numpy()
    doubtful = unbelievable(rows["price"], tables.descriptions["category"], rows["description"], training)
    refused = combined(
        [refused, repairs("price is far off its category: kept as unknown", interactions[doubtful])]
    )
    rows["price"] = rows["price"].mask(doubtful)
    items = catalogue(rows[training], tables.descriptions)
    events = event_table(rows, items)
    canonical = {"interactions": interactions, "descriptions": tables.descriptions}
    return Prepared(
        items=items,
        events=events,
        users=_users(rows, events, items),
        fingerprint=fingerprint(canonical, holdout=config.holdout),
        report=data_report(config, tables.read, rows, items, events, refused),
        refused=refused,
    )


def _require_enough(config: DataConfig, interactions: DataFrame, refused: DataFrame) -> None:
    if interactions.empty:
        reasons = refused.loc[refused["outcome"] == REFUSED, "reason"].value_counts()
        why = ", ".join(f"{reason}: {count:,}" for reason, count in reasons.items()) or "it has no rows"
        raise ValueError(f"{_where(config)}: no row is usable ({why}); correct the file or its mapping")
    for ids in ("user_id", "item_id"):
        if interactions[ids].nunique() == 1:
            raise ValueError(
                f"{_where(config)}: {ids} is {interactions[ids].iloc[0]!r} in every usable row; "
                "a recommender needs two at least, so check the mapping or add data"
            )


def _require_parts(config: DataConfig, rows: DataFrame) -> None:
    if (rows["part"] == TRAIN).all():
        raise ValueError(
            f"{_where(config)}: no user has {MIN_BASKETS} {config.holdout}s, so none can be held out; "
            "add data over a longer time, or choose holdout item"
        )


def _where(config: DataConfig) -> str:
    return f"source {config.source!r}" + (f", path {config.path!r}" if config.path else "")


def _users(rows: DataFrame, events: DataFrame, items: DataFrame) -> DataFrame:
    names = rows["user_id"].cat.categories
    users = DataFrame({"user_id": names}, index=RangeIndex(len(names), name="user_index"))
    return users.assign(interests=interests(events[events["part"] == TRAIN], items, len(users)))
