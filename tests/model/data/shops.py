"""Tables of made-up shops, as files that the readers read."""

from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, Phase, settings

from model.data import DataConfig

# Each example writes and reads files: minutes of shrinking would hide a failure that shows in a second.
FILES = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
COLUMNS = ["customer", "sku", "when", "kind", "units", "paid", "name", "shelf", "maker"]
MAPPING = """
file = "{file}"

[columns]
user = "customer"
item = "sku"
timestamp = "when"
event = "kind"
value = "units"
price = "paid"
title = "name"
category = "shelf"
brand = "maker"

[events]
buy = "purchase"
look = "view"
"""


def row(user, item, day, kind="buy", units=1, paid=2.0, name="", shelf="Food > Tea > Green", maker="Ours"):
    """One purchase on a day of 2024."""
    when = (pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)).isoformat()
    return [user, item, when, kind, units, paid, name or f"thing {item}", shelf, maker]


def plain_rows(users=3, days=4):
    """Every user buys one item a day, each day another one."""
    return [row(f"u{user}", f"i{(user + day) % 5}", day) for user in range(users) for day in range(days)]


def shop(folder: Path, rows, columns=COLUMNS, mapping=MAPPING, holdout="basket") -> DataConfig:
    """The rows as a CSV and its mapping; the configuration that reads them."""
    pd.DataFrame(rows, columns=columns).to_csv(folder / "events.csv", index=False)
    (folder / "shop.toml").write_text(mapping.format(file="events.csv"))
    return DataConfig(source="table", path=str(folder / "shop.toml"), holdout=holdout)


def events_of(prepared, user_id):
    """The events of one user."""
    index = prepared.users.index[prepared.users["user_id"] == user_id]
    return prepared.events[prepared.events["user_index"].isin(index)]


def reasons(prepared, outcome="refused"):
    """How many rows were put aside, by reason."""
    counts = getattr(prepared.report, outcome)
    return dict(counts)
