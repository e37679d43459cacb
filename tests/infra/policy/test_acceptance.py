from datetime import date, timedelta

import pytest

from infra.policy.acceptance import Acceptance, accepted, load_acceptances
from infra.policy.catalogue import POLICIES, judge
from tests.infra.policy.case import image
from tests.infra.policy.example import TODAY, estate

ENTRY = Acceptance(
    policy="image-without-digest",
    stack="prod",
    where=("inference.triton.image",),
    why="not pushed yet",
    until=TODAY,
)


@pytest.fixture
def violation():
    (only,) = judge(estate(protect=True, inference=image("")))
    return only


def test_an_accepted_finding_is_covered_until_its_last_day(violation):
    assert accepted(violation, "prod", TODAY, [ENTRY]) == ENTRY
    assert accepted(violation, "prod", TODAY + timedelta(days=1), [ENTRY]) is None


def test_an_entry_covers_no_other_stack(violation):
    assert accepted(violation, "dev", TODAY, [ENTRY]) is None


def test_the_committed_file_names_policies_that_exist_and_ends():
    for each in load_acceptances():
        assert each.policy in {policy.id for policy in POLICIES}
        assert each.why
        assert isinstance(each.until, date)
