"""The ways to make a release smaller, and the stage that goes one of them, behind its gate."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from model.artifact import Artifact, GateError, new_folder
from model.card import CARD, compressed_card
from model.compress.network import STUDENT, TRAINED
from model.compress.precision import copy, half, int8_dynamic, int8_encoder, int8_static
from model.compress.workshop import DENSE, Kept, Workshop
from model.sequence import Request
from model.text.export import copy_text

__all__ = ["MIN_SHARE", "VARIANTS", "RefusedError", "Variant", "compress"]

# Of fp32's NDCG@10 on validation: below it no compression is worth its gain.
MIN_SHARE = 0.97
_TABLES = ("items.parquet", "histories.parquet")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way: another network, a form of its item table, then narrower numbers; each is as trained by default."""

    name: str
    about: str
    network: str = TRAINED
    form: str = DENSE
    narrow: Callable[[Path, Path, Sequence[Request]], None] = copy


class RefusedError(GateError):
    """A variant that loses too much; `kept` has its figures, for the report."""

    def __init__(self, name: str, kept: Kept, least: float) -> None:
        super().__init__(
            f"{name}: NDCG@10 on validation is {kept.ndcg:.4f}, {kept.share:.1%} of fp32's, below the gate of "
            f"{least:.0%}; nothing was kept, so compress less or train longer"
        )
        self.kept = kept


VARIANTS = (
    Variant(name="fp32", about="as trained"),
    Variant(name="fp16", about="16-bit floats", narrow=half),
    Variant(name="int8", about="dynamic, weights per channel", narrow=int8_dynamic),
    Variant(name="int8-encoder", about="dynamic, without the item table", narrow=int8_encoder),
    Variant(name="int8-static", about="calibrated, QDQ", narrow=int8_static),
    Variant(name="low-rank", about="three quarters of the item table's rank", form="low-rank"),
    Variant(name="low-rank-int8", about="the same, dynamic int8", form="low-rank", narrow=int8_dynamic),
    Variant(name="product", about="one byte for two numbers of an item vector", form="product"),
    Variant(name="product-int8", about="the same, dynamic int8", form="product", narrow=int8_dynamic),
    Variant(name="sparse", about="half of the encoder's weights zero: nothing on a CPU", network="sparse"),
    Variant(name="2-4", about="two of four weights zero: for GPUs, nothing on a CPU", network="2-4"),
    Variant(name="half", about="half the heads and channels taken out", network="half"),
    Variant(name="half-int8", about="the same, dynamic int8", network="half", narrow=int8_dynamic),
    Variant(name="student", about="half as wide and deep, taught by fp32", network=STUDENT),
    Variant(name="student-int8", about="the same, dynamic int8", network=STUDENT, narrow=int8_dynamic),
    Variant(
        name="student-product-int8",
        about="the same, product quantization too",
        network=STUDENT,
        form="product",
        narrow=int8_dynamic,
    ),
)


def compress(shop: Workshop, variant: Variant, store: Path, least: float = MIN_SHARE) -> Artifact:
    """Build the variant of the workshop's release in `store`, or return it if it is there already.

    Raises RefusedError when it keeps less than `least` of fp32's NDCG@10 on validation; `store` then holds what it
    held before.
    """
    about = shop.source.manifest
    target = store / f"{about.version}-{variant.name}"
    if target.is_dir():
        return Artifact.load(target)
    with new_folder(target) as scratch:
        variant.narrow(shop.graphs(variant.network, variant.form), scratch, shop.calibrating)
        kept = shop.kept(scratch, shop.flops(variant.network, variant.form))
        if kept.share < least:
            raise RefusedError(variant.name, kept, least)
        for name in _TABLES:
            shutil.copy2(shop.source.file(name), scratch / name)
        copy_text(shop.source.folder, scratch)
        card = compressed_card(shop.source.file(CARD).read_text(), variant.about, asdict(kept))
        (scratch / CARD).write_text(card)
        fields = {name: value for name, value in vars(about).items() if name != "files"}
        Artifact.seal(
            scratch,
            **fields | {"precision": variant.name, "version": target.name, "metrics": {"kept": asdict(kept)}},
        )
    return Artifact.load(target)
