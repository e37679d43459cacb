"""Fixtures that more than one folder of tests uses."""

from pathlib import Path

import pytest
import yaml

from infra.settings import HybridSettings, LocalSettings, parse_settings
from tests.recording import record

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def declare():
    """Run the program under a recording mock: `declare(settings).only("some:type:Token").inputs`."""
    from infra import program

    def declare(settings, stack="local", computed=None):
        if isinstance(settings, HybridSettings):
            from tests.infra import hybrid

            hybrid.configure()
            computed = {**hybrid.COMPUTED, **(computed or {})}
        return record(lambda: program.deploy(settings), stack=stack, computed=computed or {})

    return declare


@pytest.fixture
def local_settings() -> LocalSettings:
    """The settings of the `local` stack as committed."""
    return _committed("local")


@pytest.fixture
def dev_settings() -> HybridSettings:
    """The settings of the `dev` stack as committed."""
    return _committed("dev")


@pytest.fixture
def prod_settings() -> HybridSettings:
    """The settings of the `prod` stack as committed."""
    return _committed("prod")


def _committed(stack):
    file = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return parse_settings(file["config"]["rialto:settings"])
