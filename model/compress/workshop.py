"""What every compression of one release needs, made once: the model, histories to measure and to calibrate with.

R = requests, K = items ranked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from model.architecture import Recommender
from model.artifact import Artifact, cache_folder, new_folder
from model.calibrate import Calibration, calibrate
from model.compress.factorise import factorise
from model.compress.network import TRAINED, Network, networks
from model.compress.product import product_quantize
from model.compress.retrain import Retraining
from model.data import Prepared, prepare
from model.evaluate import CUTOFF, eager_ranker, gains
from model.export import export
from model.inputs import ReleaseConfig
from model.item_table import DenseTable, ItemTable
from model.progress import EpochReport
from model.restore import restore
from model.runtime import onnx_ranker
from model.sequence import Histories, Request, requests

__all__ = ["DENSE", "FLOPS_EVENTS", "Form", "Kept", "Workshop", "forms"]

# The item table as it was trained.
DENSE = "dense"
_CALIBRATING = 256
# What a request of the FLOPs figure has read.
FLOPS_EVENTS = 50

Form = Callable[[DenseTable], ItemTable]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a smaller model keeps: NDCG@10 on validation, its share of fp32's, the part of fp32's top 10 that it
    names too, the bytes of `recommend.onnx`, and the FLOPs of the matrix products of one answer to a history of
    `FLOPS_EVENTS` events.
    """

    ndcg: float
    share: float
    overlap: float
    size: int
    flops: int


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A release taken apart.

    `folder` takes full-precision graphs of each of `networks` with the item table in each of `forms`;
    `reference_RK` is what the full-precision model answers to `validation`.
    """

    folder: Path
    networks: Mapping[str, Network]
    forms: Mapping[str, Form]
    source: Artifact
    model: Recommender
    calibrated: Callable[[Recommender], Calibration]
    validation: Sequence[Request]
    calibrating: Sequence[Request]
    exclude_seen: bool
    reference_RK: NDArray[np.int64]
    made: dict[str, Recommender] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        config: ReleaseConfig,
        source: Artifact,
        folder: Path,
        progress: Callable[[EpochReport], None] = lambda report: None,
    ) -> Self:
        """Take `source`, the release that `config` describes, apart; `folder` is empty and goes with the workshop."""
        prepared = prepare(config.data)
        model = restore(source.folder)
        longest = model.config.max_history
        validation = requests(prepared.events, "validation", longest)
        train = prepared.events[prepared.events["part"] == "train"]
        popularity_V = Histories.of(train).popularity(len(prepared.items))
        retraining = Retraining(
            prepared=prepared,
            config=config.train_config(len(prepared.items)),
            seed=config.seed,
            exclude_seen=config.exclude_seen,
            folder=cache_folder() / "training" / f"{source.manifest.version}-smaller",
            progress=progress,
        )
        return cls(
            folder=folder,
            networks=networks(retraining),
            forms=forms(config.seed),
            source=source,
            model=model,
            calibrated=lambda network: calibrate(network, validation, popularity_V, config.seed),
            validation=validation,
            calibrating=_calibrating(prepared, longest),
            exclude_seen=config.exclude_seen,
            reference_RK=eager_ranker(model)(validation, CUTOFF, config.exclude_seen),
        )

    def network(self, name: str) -> Recommender:
        """The network of that name, made once."""
        if name not in self.made:
            self.made[name] = self.networks[name](self.model).eval()
        return self.made[name]

    def quality(self, network: str) -> float:
        """NDCG@10 on validation of that network, before its graphs are written."""
        return self._ndcg(eager_ranker(self.network(network))(self.validation, CUTOFF, self.exclude_seen))

    def table(self, network: str, form: str) -> ItemTable:
        """That network's item vectors in that form."""
        return self.forms[form](self.network(network).table())

    def graphs(self, network: str = TRAINED, form: str = DENSE) -> Path:
        """Full-precision graphs of that network with the item table in that form, exported once."""
        target = self.folder / f"{network}-{form}"
        if not target.is_dir():
            model = self.network(network)
            with new_folder(target) as scratch:
                export(model, self.calibrated(model), scratch, self.table(network, form))
        return target

    def flops(self, network: str, form: str) -> int:
        """FLOPs of the matrix products of one answer; what is zero is multiplied as well."""
        ids, ages = torch.ones(1, FLOPS_EVENTS, dtype=torch.int64), torch.ones(1, FLOPS_EVENTS)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            self.network(network).catalogue_logits(ids, ages, self.table(network, form))
        return int(counter.get_total_flops())

    def kept(self, folder: Path, flops: int) -> Kept:
        """What the graphs in `folder` keep, of which an answer takes `flops`."""
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
            flops=flops,
        )

    def _ndcg(self, ranked_RK: NDArray[np.int64]) -> float:
        return float(gains(ranked_RK, [request.items for request in self.validation])[0].mean())


def forms(seed: int) -> dict[str, Form]:
    """What an item table can become."""
    return {
        DENSE: lambda table: table,
        "low-rank": lambda table: factorise(table, 3 * table.table_VD.shape[1] // 4),
        "product": lambda table: product_quantize(table, table.table_VD.shape[1] // 2, seed),
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
