"""Fixtures that more than one folder of tests uses."""

from pathlib import Path

import pytest
import yaml

from infra.settings import Settings
from tests.recording import record

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def declare():
    """Run the program under a recording mock: `declare(settings).only("some:type:Token").inputs`."""
    from infra import program

    def declare(settings, stack="local", computed=None):
        return record(lambda: program.deploy(settings), stack=stack, computed=computed or {})

    return declare


@pytest.fixture
def local_settings() -> Settings:
    """The settings of the `local` stack as committed."""
    stack = yaml.safe_load((PROJECT / "stacks" / "Pulumi.local.yaml").read_text())
    return Settings.model_validate(stack["config"]["rialto:settings"])
