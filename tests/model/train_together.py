"""Started by `torchrun` in test_train.py: trains a small shop and writes the losses of its epochs."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import torch.distributed as dist

from model.data import prepare
from model.recipes import smoke
from model.train import train
from tests.model.habits import habits

folder = Path(sys.argv[1])
shop = folder / f"shop-{os.environ['RANK']}"
shop.mkdir()
prepared = prepare(habits(shop))
recipe = smoke()
model = replace(recipe.model, catalogue=len(prepared.items))
# An even number of windows: what processes cannot share evenly is left out of an epoch.
config = replace(recipe, model=model, negatives=32, epochs=3, windows_per_epoch=64)
reports = []
train(prepared, config, 0, folder / "run", reports.append)
if dist.get_rank() == 0:
    losses = [str(report.loss) for report in reports if report.ndcg is not None]
    (folder / "losses").write_text("\n".join(losses))
dist.destroy_process_group()
