"""Small shops written to disk, and the data sets that lie outside the project."""

from pathlib import Path

import pytest

from model.data import DataConfig, prepare

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """`shared_data("folder/file")`: a research file outside the project, or a skip that names it."""

    def file(name: str) -> Path:
        path = SHARED / name
        if not path.is_file():
            pytest.skip(f"needs {name} in ../shared/data: research data that the project may not carry")
        return path

    return file


@pytest.fixture(scope="session")
def journey():
    """A year of purchases, prepared once for all tests that look at it."""
    return prepare(DataConfig())
