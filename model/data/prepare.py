"""From a source to what a model trains on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame, RangeIndex, Series

from model.data.config import DataConfig
from model.data.event import DAY, Events, event_table
from model.data.features import catalogue
from model.data.fingerprint import fingerprint
from model.data.interactions import Interactions, sorted_interactions
from model.data.interest import interests
from model.data.price import PriceJudge
from model.data.refusal import REFUSED, repairs
from model.data.report import DataReport, data_report
from model.data.split import MIN_BASKETS, TRAIN, split
from model.data.training import Points

__all__ = ["Prepared", "prepare"]

# So many of REES46's rows take about 350 MiB while they are read, cleaned and sorted; twice as many are no faster.
ROWS_AT_A_TIME = 1 << 19
_DOUBTFUL = "price is far off its category: kept as unknown"


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


def prepare(
    config: DataConfig, *, at_a_time: int = ROWS_AT_A_TIME, say: Callable[[str], None] = lambda line: None
) -> Prepared:
    """Read, clean, split and tag the configured data; ValueError names what is wrong with it.

    So many rows are held `at_a_time`, beside the result itself; what comes out does not depend on it.
    """
    with sorted_interactions(config, at_a_time, say) as interactions:
        _require_enough(config, interactions)
        points = _training_points(config, interactions)
        judge = PriceJudge.of(points, interactions.descriptions["category"])
        doubtful = judge.unbelievable(points["price"], points["description"])
        believed = points.assign(price=points["price"].mask(doubtful))
        items = catalogue(believed, interactions.item_ids, interactions.descriptions)
        today = (pd.Timestamp(points["newest"].max(), unit="us", tz="UTC") - interactions.first) / DAY
        events, interests_of_users = _events(config, interactions, judge, items, today, say)
        refused = interactions.aside.table()
        return Prepared(
            items=items,
            events=events,
            users=DataFrame(
                {"user_id": interactions.user_ids, "interests": interests_of_users},
                index=RangeIndex(len(interactions.user_ids), name="user_index"),
            ),
            fingerprint=fingerprint(
                interactions.descriptions,
                interactions.columns(),
                interactions.kept,
                holdout=config.holdout,
            ),
            report=data_report(config, interactions.read, interactions.kept, items, events, refused),
            refused=refused,
        )


def _training_points(config: DataConfig, interactions: Interactions) -> DataFrame:
    points = Points()
    held_out = False
    for block in interactions.blocks():
        training = (split(block.rows, config.holdout)["part"] == TRAIN).to_numpy()
        held_out |= not training.all()
        points.add(block.rows[training])
    if not held_out:
        raise ValueError(
            f"{_where(config)}: no user has {MIN_BASKETS} {config.holdout}s, so none can be held out; "
            "add data over a longer time, or choose holdout item"
        )
    return points.table()


def _events(
    config: DataConfig,
    interactions: Interactions,
    judge: PriceJudge,
    items: DataFrame,
    today: float,
    say: Callable[[str], None],
) -> tuple[DataFrame, Series]:
    """The events of all users, and the users' interests; prices that are not believed are put aside on the way."""
    index_of_item = Series(items.index, items["item_id"]).reindex(interactions.item_ids, fill_value=0)
    events = Events(interactions.kept)
    tags = []
    for block in interactions.blocks():
        rows = block.rows
        doubtful = judge.unbelievable(rows["price"], rows["description"])
        interactions.aside.add({_DOUBTFUL: repairs(_DOUBTFUL, rows[doubtful])})
        rows = rows.join(split(rows, config.holdout))
        some = event_table(rows, block.first_user, index_of_item.to_numpy("int32"), interactions.first)
        users = range(block.first_user, block.first_user + block.users)
        tags.append(interests(some[some["part"] == TRAIN], items, users, today))
        events.add(some)
        say(f"{interactions.kept:,} rows to events, {users.stop:,} of {len(interactions.user_ids):,} users")
    return events.table(), pd.concat(tags)


def _require_enough(config: DataConfig, interactions: Interactions) -> None:
    if not interactions.kept:
        refused = interactions.aside.table()
        reasons = refused.loc[refused["outcome"] == REFUSED, "reason"].value_counts()
        why = ", ".join(f"{reason}: {count:,}" for reason, count in reasons.items()) or "it has no rows"
        raise ValueError(f"{_where(config)}: no row is usable ({why}); correct the file or its mapping")
    for name, ids in {"user_id": interactions.user_ids, "item_id": interactions.item_ids}.items():
        if len(ids) == 1:
            raise ValueError(
                f"{_where(config)}: {name} is {ids[0]!r} in every usable row; "
                "a recommender needs two at least, so check the mapping or add data"
            )


def _where(config: DataConfig) -> str:
    return f"source {config.source!r}" + (f", path {config.path!r}" if config.path else "")
