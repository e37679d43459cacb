"""Parity: proof that exported graphs answer as the eager model does.

B = requests, T = events of history, C = candidates, K = items asked for
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from model.architecture import Recommender
from model.calibrate import Calibration
from model.item_table import ItemTable
from model.runtime import session

__all__ = ["check_parity"]

# Logits are about 10 wide and sums of a hundred float32 products: the order of addition moves the fourth digit.
LOGIT_TOLERANCE = 2e-3
_ROUNDS = 4


def check_parity(model: Recommender, table: ItemTable, calibration: Calibration, folder: Path) -> None:
    """Compare both graphs in `folder` with the eager model over `table`, on random histories of many lengths."""
    generator = np.random.default_rng(0)
    recommend, predict = session(folder / "recommend.onnx"), session(folder / "predict.onnx")
    V = model.config.catalogue
    for _ in range(_ROUNDS):
        B, T, C = (int(generator.integers(1, most)) for most in (4, model.config.max_history, 9))
        ids = generator.integers(1, V + 1, (B, T))
        ages = -np.sort(-generator.uniform(0, 300, (B, T)).astype(np.float32), axis=1)
        candidates = generator.integers(1, V + 1, (B, C))
        candidates[:, 0] = ids[:, 0]
        history = {"history_ids": ids, "history_ages": ages}
        k = np.full((B, 1), min(10, V))
        got_ids, got_scores = recommend.run(
            ["item_ids", "scores"], {**history, "exclude_seen": np.zeros((B, 1), bool), "k": k}
        )
        got = predict.run(None, {**history, "candidate_ids": candidates})[0]
        with torch.no_grad():
            eager = model.catalogue_logits(torch.from_numpy(ids), torch.from_numpy(ages), table)
            logits = model.candidate_logits(
                torch.from_numpy(ids), torch.from_numpy(ages), torch.from_numpy(candidates), table
            )
        torch.testing.assert_close(
            torch.from_numpy(got_scores), eager.topk(int(k[0, 0])).values, atol=LOGIT_TOLERANCE, rtol=1e-3
        )
        torch.testing.assert_close(
            torch.from_numpy(got_scores),
            eager.gather(1, torch.from_numpy(got_ids)),
            atol=LOGIT_TOLERANCE,
            rtol=1e-3,
        )
        chance = torch.sigmoid(calibration.slope * logits + calibration.intercept)
        torch.testing.assert_close(torch.from_numpy(got), chance, atol=1e-3, rtol=1e-2)
