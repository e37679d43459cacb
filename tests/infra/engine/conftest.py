"""The real engine over stand-ins, and estates that come to be once for all tests of a module."""

import pytest

from scripts.review.trial import PULUMI
from scripts.standins.server import standins
from tests.infra.engine.estate import Estate


@pytest.fixture(scope="module")
def providers():
    assert PULUMI.exists(), "run scripts/setup first"
    with standins() as serving:
        yield serving


@pytest.fixture(scope="module")
def make(tmp_path_factory, providers):
    """An estate that was never up: `make("dev")`."""
    return lambda name: Estate.make(name, tmp_path_factory.mktemp("estate") / name, providers)
