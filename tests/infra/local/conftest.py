"""One running `local` stack of a throw-away clone, shared by the tests of a module."""

import random

import pytest

from infra.local.folder import ENVIRONMENT
from tests.infra.clone import Clone, free_ports, free_triton_ports

USERS, ITEMS, EVENTS = 80, 40, 12


def small_shop() -> str:
    """Purchases in S3-Rec's text format: users who walk along the shelves."""
    draw = random.Random(0)
    lines = []
    for user in range(1, USERS + 1):
        steps = [draw.randint(1, ITEMS)] + [draw.choice([1, 1, 1, 2, 3]) for _ in range(EVENTS - 1)]
        lines.append(" ".join(str(sum(steps[: n + 1]) % ITEMS + 1) for n in range(EVENTS)))
        lines[-1] = f"{user} {lines[-1]}"
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone with free ports, a shop that trains in seconds and a stack that was never up.

    The gate is open, since a model of seconds has no quality to lose. A process or port left in the end fails.
    """
    clone = Clone.make(tmp_path_factory.mktemp("project") / "clone", tmp_path_factory.mktemp("cache"))
    clone.edit("model/compress/quantize.py", "MIN_KEPT_SHARE = 0.99", "MIN_KEPT_SHARE = 0.0")
    (clone.folder / "shop.txt").write_text(small_shop())
    port, inside, metrics, gateway = others = free_ports(4)
    clone.choose(
        release={"recipe": "smoke", "source": "sequences", "path": "shop.txt"},
        triton={**free_triton_ports(2, beside=others), "instances": 1},
        edge={"port": port, "inside-port": inside, "metrics-port": metrics},
        gateway={"port": gateway},
    )
    done = clone.pulumi("stack", "select", "--create", "local")
    assert done.returncode == 0, done.stdout
    yield clone
    assert clone.end_all() == []


@pytest.fixture
def stack(clone):
    """The clone with its stack up."""
    assert (ENVIRONMENT / "bin" / "tritonserver").exists(), "run scripts/setup first"
    if not (clone.server and clone.server.alive()):
        done = clone.up()
        assert done.returncode == 0, done.stdout
    return clone
