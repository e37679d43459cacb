"""What more than one test of data looks at."""

import pytest

from model.data import DataConfig, prepare


@pytest.fixture(scope="session")
def journey():
    """A year of purchases, prepared once for all tests that look at it."""
    return prepare(DataConfig())
