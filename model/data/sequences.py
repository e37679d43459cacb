"""Sequences: S3-Rec's text format, "user item item ..." a line, oldest first, with optional item attributes.

The format has an order and no clock. Its events get one day each from a fixed date on; days and ages that
follow from them count positions and say nothing about time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from model.data.column import constant_event, text_ids
from model.data.delimited import check_malformed
from model.data.file import existing
from model.data.refusal import refused_lines
from model.data.schema import TIMESTAMP_DTYPE, Tables

__all__ = ["START", "inputs", "read"]

# The day of everybody's first event; any date would do.
START = pd.Timestamp("2000-01-01", tz="UTC")
_DAY = pd.Timedelta(days=1)
_ATTRIBUTES = "_item2attributes.json"


def inputs(path: str) -> list[Path]:
    """The sequences, and the attributes where there are any: `<stem>_item2attributes.json` beside them."""
    file = Path(path)
    attributes = file.with_name(file.stem + _ATTRIBUTES)
    return [file, attributes] if attributes.is_file() else [file]


def read(path: str, rows: int) -> Iterator[Tables]:
    """Every position as a purchase of one unit without a price; a user on two lines continues.

    Files of research are small: one piece, whatever `rows` says.
    """
    file, *attributes = inputs(path)
    lines = _lines(existing(file))
    users, items, refused = _parsed(file, lines)
    user_id = text_ids(users)
    item_id = text_ids(items)
    position = users.groupby(user_id.codes).cumcount()
    interactions = DataFrame(
        {
            "user_id": user_id,
            "item_id": item_id,
            "event": constant_event("purchase", len(users)),
            "value": 1.0,
            "price": np.nan,
            "timestamp": (START + position * _DAY).astype(TIMESTAMP_DTYPE),
            "description": item_id.codes.astype("int32"),
        }
    )
    yield Tables(
        interactions=interactions,
        descriptions=_descriptions(item_id.categories, attributes),
        refused=refused,
        read=len(users) + len(refused),
        priced=False,
    )


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file} is not UTF-8 text at byte {error.start}; give S3-Rec's .txt file"
        ) from error


def _parsed(file: Path, lines: list[str]) -> tuple[Series, Series, DataFrame]:
    """The user and the item of each position, and the lines that have no items."""
    split = [line.split() for line in lines]
    short = [number for number, fields in enumerate(split, start=1) if len(fields) == 1]
    filled = [fields for fields in split if len(fields) > 1]
    if short:
        check_malformed(file, short[0], "a user and no item", len(short), len(short) + len(filled))
    users = np.repeat([fields[0] for fields in filled], [len(fields) - 1 for fields in filled])
    items = [item for fields in filled for item in fields[1:]]
    refused = refused_lines("line is malformed", [f"line {number}: {lines[number - 1]}" for number in short])
    return Series(users, dtype="str"), Series(items, dtype="str"), refused


def _descriptions(item_ids: pd.Index, attributes: list[Path]) -> DataFrame:
    descriptions = DataFrame(
        {"title": "", "category": "", "brand": ""}, index=range(len(item_ids)), dtype="str"
    )
    if not attributes:
        return descriptions
    of_item = _attributes(attributes[0])
    return descriptions.assign(
        attributes=Series([of_item.get(item, ()) for item in item_ids], dtype="object")
    )


def _attributes(file: Path) -> dict[str, tuple[int, ...]]:
    remedy = 'it must be one JSON object of item to list of numbers, as {"4": [1, 2]}'
    try:
        loaded = json.loads(existing(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is not JSON ({str(error).splitlines()[0]}); {remedy}") from error
    if not isinstance(loaded, dict):
        raise ValueError(f"{file} holds a {type(loaded).__name__}; {remedy}")
    for item, numbers in loaded.items():
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise ValueError(f"{file}: item {item} has {str(numbers)[:40]}; {remedy}")
    return {item: tuple(numbers) for item, numbers in loaded.items()}
