from serving.gateway.limit import Limit


def test_it_shrinks_by_a_fifth_and_not_below_its_least():
    limit = Limit(least=3, most=10, settle_seconds=0)

    limit.bad()
    assert limit.value == 8
    for _ in range(20):
        limit.bad()
    assert limit.value == 3


def test_many_that_were_late_together_count_once():
    limit = Limit(least=1, most=10, settle_seconds=60)

    for _ in range(10):
        limit.bad()

    assert limit.value == 8


def test_it_grows_by_one_when_as_many_went_well_as_may_be_under_way():
    limit = Limit(least=1, most=10, settle_seconds=0)
    limit.value = 5

    for _ in range(5):
        limit.good()
    assert 5.9 < limit.value <= 6
    for _ in range(100):
        limit.good()
    assert limit.value == 10


def test_it_is_full_while_as_many_are_under_way_also_if_one_fails():
    limit = Limit(least=1, most=2, settle_seconds=0)

    with limit.one():
        assert not limit.full
        try:
            with limit.one():
                assert limit.full
                raise RuntimeError
        except RuntimeError:
            pass
        assert not limit.full
