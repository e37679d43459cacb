"""What every compression of one release needs, made once: the model, histories to measure and to calibrate with.

R = requests, K = items ranked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model.architecture import Recommender
from model.artifact import Artifact, new_folder
from model.calibrate import Calibration, calibrate
from model.compress.factorise import factorise
from model.compress.product import product_quantize
from model.data import Prepared, prepare
from model.evaluate import CUTOFF, eager_ranker, gains
from model.export import export
from model.inputs import ReleaseConfig
from model.item_table import DenseTable, ItemTable
from model.restore import restore
from model.runtime import onnx_ranker
from model.sequence import Histories, Request, requests

__all__ = ["DENSE", "Form", "Kept", "Workshop", "forms"]

# The item table as it was trained.
DENSE = "dense"
_CALIBRATING = 256

Form = Callable[[DenseTable], ItemTable]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a smaller model keeps: NDCG@10 on validation, its share of fp32's, the part of fp32's top 10 that it
    names too, and the bytes of `recommend.onnx`.
    """

    ndcg: float
    share: float
    overlap: float
    size: int


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A release taken apart.

    `folder` takes full-precision graphs with the item table in each of `forms`; `reference_RK` is what the
    full-precision model answers to `validation`.
    """

    folder: Path
    forms: Mapping[str, Form]
    source: Artifact
    model: Recommender
    calibration: Calibration
    validation: Sequence[Request]
    calibrating: Sequence[Request]
    exclude_seen: bool
    reference_RK: NDArray[np.int64]

    @classmethod
    def of(cls, config: ReleaseConfig, source: Artifact, folder: Path) -> Self:
        """Take `source`, the release that `config` describes, apart; `folder` is empty and goes with the workshop."""
        prepared = prepare(config.data)
        model = restore(source.folder)
        longest = model.config.max_history
        validation = requests(prepared.events, "validation", longest)
        train = prepared.events[prepared.events["part"] == "train"]
        popularity_V = Histories.of(train).popularity(len(prepared.items))
        return cls(
            folder=folder,
            forms=forms(model.config.width, config.seed),
            source=source,
            model=model,
            calibration=calibrate(model, validation, popularity_V, config.seed),
            validation=validation,
            calibrating=_calibrating(prepared, longest),
            exclude_seen=config.exclude_seen,
            reference_RK=eager_ranker(model)(validation, CUTOFF, config.exclude_seen),
        )

    def table(self, form: str) -> ItemTable:
        """The item vectors in that form."""
        return self.forms[form](self.model.table())

    def graphs(self, form: str) -> Path:
        """Full-precision graphs with the item table in that form, exported once."""
        target = self.folder / form
        if not target.is_dir():
            with new_folder(target) as scratch:
                export(self.model, self.calibration, scratch, self.table(form))
        return target

    def kept(self, folder: Path) -> Kept:
        """What the graphs in `folder` keep."""
        ranked_RK = onnx_ranker(folder)(self.validation, CUTOFF, self.exclude_seen)
        ndcg, reference = self._ndcg(ranked_RK), self._ndcg(self.reference_RK)
        both = [
            len(np.intersect1d(ours, theirs))
            for ours, theirs in zip(ranked_RK, self.reference_RK, strict=True)
        ]
        return Kept(
            ndcg=ndcg,
            share=ndcg / max(reference, 1e-12),
            overlap=float(np.mean(both)) / self.reference_RK.shape[1],
            size=(folder / "recommend.onnx").stat().st_size,
        )

    def _ndcg(self, ranked_RK: NDArray[np.int64]) -> float:
        return float(gains(ranked_RK, [request.items for request in self.validation])[0].mean())


def forms(width: int, seed: int) -> dict[str, Form]:
    """What an item table with vectors of that width can become."""
    return {
        DENSE: lambda table: table,
        "low-rank": lambda table: factorise(table, 3 * width // 4),
        "product": lambda table: product_quantize(table, width // 2, seed),
    }


def _calibrating(prepared: Prepared, max_history: int) -> list[Request]:
    """Histories before the last training basket of some users: nothing here is held out for choices or figures."""
    train = prepared.events[prepared.events["part"] == "train"]
    last = train.groupby("user_index")["basket"].transform("max") == train["basket"]
    part = train["part"].mask(last, "validation")
    found = [
        asked
        for asked in requests(train.assign(part=part), "validation", max_history)
        if len(asked.history_ids)
    ]
    return found[:: max(1, len(found) // _CALIBRATING)][:_CALIBRATING]
