"""Items of which two have one text and one has none."""

import pandas as pd

ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c", "d"],
        "title": ["Frozen pizza", "Whole milk", "Frozen pizza", ""],
        "category": ["FROZEN > PIZZA", "DAIRY > MILK", "FROZEN > PIZZA", ""],
    }
)
