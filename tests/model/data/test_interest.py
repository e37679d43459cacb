import pytest

from model.data import prepare
from model.data.interest import HALF_LIFE_DAYS, TOP
from tests.model.data.shops import plain_rows, row, shop


def interests_of(prepared, user):
    return prepared.users.set_index("user_id").loc[user, "interests"]


def test_an_event_of_a_half_life_ago_counts_half(tmp_path):
    visits = [
        row("ann", "i7", -HALF_LIFE_DAYS, shelf="Toys > Balls"),
        row("ann", "i8", 0, shelf="Food > Tea"),
        row("ann", "i1", 1, shelf="Shoes > Boots"),
        row("ann", "i2", 2, shelf="Shoes > Boots"),
    ]

    prepared = prepare(shop(tmp_path, [*plain_rows(), *visits]))

    assert interests_of(prepared, "ann") == "Food > Tea 67%, Toys > Balls 33%"


def test_quantity_does_not_make_an_interest(tmp_path):
    visits = [row("ann", "i7", 0, units=12, shelf="Toys > Balls"), row("ann", "i8", 0, shelf="Food > Tea")]

    prepared = prepare(shop(tmp_path, [*plain_rows(), *visits]))

    assert interests_of(prepared, "ann") == "Food > Tea 50%, Toys > Balls 50%"


def test_at_most_so_many_interests_are_named_best_first(tmp_path):
    visits = [
        row("ann", f"n{shelf}", day, shelf=f"S{shelf} > x") for shelf in range(8) for day in range(shelf + 1)
    ]

    prepared = prepare(shop(tmp_path, [*plain_rows(), *visits, row("ann", "i1", 50), row("ann", "i1", 51)]))

    named = interests_of(prepared, "ann").split(", ")
    assert len(named) == TOP
    assert [name.split(" > ")[0] for name in named] == ["S7", "S6", "S5", "S4", "S3"]


def test_without_categories_there_are_no_interests(tmp_path):
    rows = [row(f"u{user}", f"i{day}", day, shelf="") for user in range(3) for day in range(4)]

    assert set(prepare(shop(tmp_path, rows)).users["interests"]) == {""}


@pytest.mark.slow
def test_every_household_of_the_year_has_interests(journey):
    users = journey.users

    assert (users["interests"] != "").all()
    shares = users["interests"].str.extractall(r" (\d+)%").astype(int)[0].groupby(level=0)
    assert shares.sum().max() <= 100 + TOP
    assert shares.size().max() == TOP
    assert (shares.first() == shares.max()).all()
