"""Checkpoints of a training run: safetensors, written aside and renamed, so that a kill leaves the last one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

__all__ = ["Checkpoint"]


class Checkpoint:
    """The newest and the best state of one run, told apart from other runs by `identity`."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.identity = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self.last = folder / "last.safetensors"
        self.top = folder / "best.safetensors"

    def save(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int, best: float, is_best: bool
    ) -> None:
        """Keep the state after `epoch` epochs; also as the best when `is_best`."""
        self.last.parent.mkdir(parents=True, exist_ok=True)
        weights = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        note = {"identity": self.identity, "epoch": str(epoch), "best": repr(best)}
        if is_best:
            _write(weights, note, self.top)
        _write(weights | _flat(optimizer), note, self.last)

    def resume(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
        """Load the newest state; returns the epochs done and the best score, 0 and -1 for a new run."""
        if not self.last.is_file():
            return 0, -1.0
        with safe_open(self.last, "pt") as file:
            note = file.metadata()
            if note["identity"] != self.identity:
                return 0, -1.0
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        _load(model, tensors)
        _unflatten(optimizer, tensors)
        return int(note["epoch"]), float(note["best"])

    def load_best(self, model: nn.Module) -> None:
        """Put the best epoch's weights into `model`."""
        with safe_open(self.top, "pt") as file:
            _load(model, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a dict


def _write(tensors: dict[str, torch.Tensor], note: dict[str, str], path: Path) -> None:
    aside = path.with_suffix(".partial")
    save_file({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, aside, note)
    aside.rename(path)


def _load(model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    prefix = "model."
    model.load_state_dict(
        {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    )


def _flat(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{parameter}.{name}": torch.as_tensor(value)
        for parameter, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def _unflatten(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, parameter, name = key.split(".", 2)
            state.setdefault(int(parameter), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
