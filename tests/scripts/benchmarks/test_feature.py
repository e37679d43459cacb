import pandas as pd
import pytest

from model.data import prepare
from scripts.benchmarks.quality import discount
from scripts.benchmarks.quality.feature import DISCOUNTS, WHOLE, rows, table
from tests.model.data.shops import events_of, row, shop
from tests.model.habits import habits
from tests.scripts.benchmarks.toys import rows_of


def test_a_feature_that_helps_is_one_whose_lack_costs_on_validation():
    found = {
        WHOLE: [{"validation": 0.20, "test": 0.2}, {"validation": 0.22, "test": 0.2}],
        "without brand": [{"validation": 0.20, "test": 0.3}, {"validation": 0.20, "test": 0.3}],
        "without times": [{"validation": 0.22, "test": 0.1}, {"validation": 0.22, "test": 0.1}],
    }
    verdicts = {row.name: row.met for row in rows(found)}

    assert verdicts["without brand, validation: NDCG@10"]
    assert not verdicts["without times, validation: NDCG@10"]
    assert verdicts["without brand, test: NDCG@10"] is None
    assert "| without brand | 0.2000 | 0.3000 |" in table(found)


def test_a_feature_that_is_added_helps_if_it_lifts_validation():
    found = {
        WHOLE: [{"validation": 0.20, "test": 0.2}],
        DISCOUNTS: [{"validation": 0.21, "test": 0.1}],
    }

    assert {row.name: row.met for row in rows(found)}[f"{DISCOUNTS}, validation: NDCG@10"]


def test_an_item_is_in_the_band_of_what_its_buyers_were_spared_in_training(tmp_path, monkeypatch):
    # i0 at half price, i1 a little off, the others never; the held-out basket has i4 for nearly nothing.
    taken_off = {"i0": 2.0, "i1": 0.5}
    rows = [row(user, f"i{day % 5}", day) for user in "uv" for day in range(11)] + [row("u", "i4", 20)]
    prepared = prepare(shop(tmp_path, rows))
    purchases = pd.DataFrame(
        {
            "household_id": [user for user, *_ in rows],
            "product_id": [item for _, item, *_ in rows],
            "transaction_timestamp": pd.to_datetime([when for _, _, when, *_ in rows]),
            "retail_disc": [taken_off.get(item, 0.0) for _, item, *_ in rows[:-1]] + [900.0],
            "sales_value": 2.0,
        }
    )
    monkeypatch.setattr(discount, "read_parquet", lambda file, columns: purchases[columns])

    items = discount.with_discounts(prepared).items

    assert events_of(prepared, "u")["part"].iloc[-1] != "train"
    bands = dict(zip(items["item_id"], (band for (band,) in items["attributes"]), strict=True))
    assert bands["i0"] == discount.BANDS
    assert bands["i0"] > bands["i1"] > bands["i2"] == bands["i3"] == bands["i4"]


@pytest.mark.slow
def test_the_short_feature_benchmark_runs_on_any_data_and_writes_every_row(tmp_path):
    data = habits(tmp_path)
    chosen = ("--features", "--short", "--seeds", "1", "--source", data.source, "--path", data.path)

    written = rows_of("model", "features", tmp_path / "cache", *chosen)

    for name in ("all features", "without category", "without price", "without times"):
        assert written[f"{name}, validation: NDCG@10"]["measured"] > 0
