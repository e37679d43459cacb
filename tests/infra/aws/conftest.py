"""The AWS side of `dev` and `prod`, declared once for all tests that only look."""

import pytest

from tests.infra.aws.estate import chosen, declare


@pytest.fixture(scope="session")
def prod():
    """What `prod` declares on AWS."""
    return declare(chosen("prod"))


@pytest.fixture(scope="session")
def dev():
    """What `dev` declares on AWS."""
    return declare(chosen("dev"), protect=False)


@pytest.fixture
def values():
    """The `aws` and `bridge` groups of `prod` as plain values, to be spoiled."""
    return chosen("prod")
