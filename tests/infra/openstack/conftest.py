"""The OpenStack side of `dev` and `prod`, declared once for all tests that only look."""

import pytest

from tests.infra.openstack.estate import chosen, declare


@pytest.fixture(scope="session")
def prod():
    """What `prod` declares on OpenStack."""
    return declare(chosen("prod"))


@pytest.fixture(scope="session")
def dev():
    """What `dev` declares on OpenStack."""
    return declare(chosen("dev"), protect=False)


@pytest.fixture(params=["dev", "prod"])
def either(request):
    """What each of them declares."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def values():
    """The `openstack` group of `prod` as plain values, to be spoiled."""
    return chosen("prod")
