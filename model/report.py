"""The quality table of a release, as Markdown that also reads well in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["ALONE", "RANKING", "RELEASED", "TWIN", "quality_report"]

# What the ranking table calls the shipped graphs and their full-precision twin.
RELEASED = "transformer int8 (the release)"
TWIN = "transformer fp32"
ALONE = "transformer fp32 without its collaborative part"

RANKING = {
    "ndcg": "NDCG@10",
    "recall": "Recall@10",
    "hr": "HR@10",
    "mrr": "MRR",
    "coverage": "coverage",
    "repeat_ndcg": "NDCG@10 repeats",
    "new_ndcg": "NDCG@10 new",
}
_PAIRS = {
    "accuracy": "accuracy",
    "recall": "recall",
    "precision": "precision",
    "f1": "F1",
    "auc": "AUC",
    "threshold": "threshold",
}
# As wide as 0.1234, so that columns line up in a terminal too.
_NUMBER_WIDTH = 6


def quality_report(recipe: str, metrics: Mapping[str, Any]) -> str:
    """Two tables: ranking over the full catalogue beside the baselines, and the purchase probability."""
    requests = metrics["test_requests"]
    kept = metrics["validation"]["int8 ndcg"] / max(metrics["validation"]["fp32 ndcg"], 1e-12)
    return "\n".join(
        [
            f"## Quality of recipe {recipe}: last basket of {requests:,} users, full catalogue\n",
            _table("next items", metrics["ranking"], RANKING),
            f"\nint8 keeps {kept:.1%} of fp32's NDCG@10 on validation.\n",
            _table("will this item be bought?", metrics["pairs"], _PAIRS),
            f"\nOne negative a positive, threshold chosen on validation. Probabilities of items bought before are "
            f"off by {metrics['calibration_error']:.4f} on average (expected calibration error).\n",
        ]
    )


def _table(corner: str, rows: Mapping[str, Mapping[str, float]], columns: Mapping[str, str]) -> str:
    width = max(len(corner), *(len(name) for name in rows))
    titles = [f"{title:>{_NUMBER_WIDTH}}" for title in columns.values()]
    lines = [
        f"| {corner:<{width}} | " + " | ".join(titles) + " |",
        f"| {'-' * width} | " + " | ".join("-" * (len(title) - 1) + ":" for title in titles) + " |",
    ]
    for name, figures in rows.items():
        cells = [f"{_number(figures[key]):>{len(title)}}" for key, title in zip(columns, titles, strict=True)]
        lines.append(f"| {name:<{width}} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"
