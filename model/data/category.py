"""Category paths as numbers: "DEPT > CAT > TYPE" and its prefixes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas import Series

from model.category_path import PATH_SEPARATOR

__all__ = ["LEVELS", "codes", "prefixes"]

LEVELS = 3


def prefixes(paths: Series, level: int) -> Series:
    """The first `level` names of each path, as a path; "" where a path has fewer."""
    known = {path: _prefix(path, level) for path in paths.unique()}
    return paths.map(known)


def _prefix(path: str, level: int) -> str:
    names = path.split(PATH_SEPARATOR) if path else []
    return PATH_SEPARATOR.join(names[:level]) if len(names) >= level else ""


def codes(texts: Series) -> npt.NDArray[np.int32]:
    """1, 2, ... by alphabet; 0 for the empty text, which is unknown."""
    numbers, _ = pd.factorize(texts.where(texts != "", None), sort=True)
    return (numbers + 1).astype("int32")
