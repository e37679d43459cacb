"""Columns of canonical tables, built without a Python loop over rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import Categorical, Index, Series

__all__ = ["codes_of", "text_ids"]


def text_ids(ids: Series) -> Categorical:
    """Ids as a categorical of text, its categories sorted; missing and empty ids stay missing."""
    codes, uniques = pd.factorize(ids)
    names = Index(uniques).astype("str").str.strip()
    names = names.where(names != "", None)
    # Two spellings of one id (" 7", "7") meet in one category.
    name_codes, categories = pd.factorize(names, sort=True)
    lookup = np.append(name_codes, -1)
    return Categorical.from_codes(lookup[codes], categories=Index(categories, dtype="str"))


def codes_of(keys: Series, table_keys: Series) -> npt.NDArray[np.int32]:
    """The row of `table_keys`, whose values are unique, that holds each of `keys`; -1 where none does."""
    codes, uniques = pd.factorize(keys)
    rows = Index(table_keys).get_indexer(Index(uniques))
    return np.append(rows, -1)[codes].astype("int32")
