"""The OpenStack side of `dev` and `prod`, declared once for all tests that only look."""

import pytest

from tests.infra.openstack.estate import chosen, declare


def with_a_volume(stack):
    """What the stack chose, and a volume, of which the committed ones have none."""
    values = chosen(stack)
    values["storage"]["volumes"] = {"archive": {"size-gib": 10}}
    return values


@pytest.fixture(scope="session")
def prod():
    """What `prod` declares on OpenStack."""
    return declare(with_a_volume("prod"))


@pytest.fixture(scope="session")
def dev():
    """What `dev` declares on OpenStack."""
    return declare(with_a_volume("dev"), protect=False)


@pytest.fixture(params=["dev", "prod"])
def either(request):
    """What each of them declares."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def values():
    """The `openstack` group of `prod` as plain values, to be spoiled."""
    return with_a_volume("prod")
