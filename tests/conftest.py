"""Fixtures that more than one folder of tests uses, and what `--fast` means."""

import asyncio
import gc
import tomllib
from pathlib import Path

import hypothesis
import pytest
import yaml

from infra.settings import HybridSettings, LocalSettings, parse_settings
from tests.recording import record

PROJECT = Path(__file__).parents[1]
LOOP = pytest.StashKey[asyncio.AbstractEventLoop]()
# A loaded machine is no failure: examples have no time limit.
hypothesis.settings.register_profile("rialto", deadline=None)
hypothesis.settings.load_profile("rialto")
# What torch and the SDKs make lives until the end: to look through it for garbage all the time is a seventh of it.
gc.set_threshold(100_000)


def pytest_addoption(parser):
    parser.addoption("--fast", action="store_true", help="only what needs no real part and no long training")
    parser.addoption("--slow", action="store_true", help="only what --fast leaves out")


def pytest_collection_modifyitems(config, items):
    """Keep, as `--fast` or `--slow` asks, the tests without or with one of the project's own markers."""
    fast, slow = [], []
    needs = set(_own_markers())
    for item in items:
        (fast if needs.isdisjoint(mark.name for mark in item.iter_markers()) else slow).append(item)
    for option, kept, left in (("--fast", fast, slow), ("--slow", slow, fast)):
        if config.getoption(option):
            config.hook.pytest_deselected(items=left)
            items[:] = kept


def pytest_collection_finish():
    """What is there now stays: nobody needs to look through it again."""
    gc.freeze()


def pytest_unconfigure():
    """Bindings complain at the end of what was not looked through."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Give the thread an event loop: Pulumi's SDK takes it, and asyncio.run in an earlier test leaves none."""
    stash = item.session.stash
    if LOOP not in stash:
        stash[LOOP] = asyncio.new_event_loop()
    asyncio.set_event_loop(stash[LOOP])


def _own_markers():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    return [line.partition(":")[0] for line in project["tool"]["pytest"]["ini_options"]["markers"]]


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


@pytest.fixture(scope="session")
def _declared():
    return {}


@pytest.fixture
def declared_by(declare, _declared):
    """What a committed stack declares: `declared_by("prod")`. It takes seconds, so once a session: change nothing."""

    def declared_by(stack):
        if stack not in _declared:
            _declared[stack] = declare(_committed(stack), stack=stack)
        return _declared[stack]

    return declared_by


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
