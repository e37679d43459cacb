"""Gives every machine of a run the file that the first one has; machines share no folder."""

from __future__ import annotations

import os
from pathlib import Path

import torch
import torch.distributed as dist

__all__ = ["share"]


def share(file: Path) -> None:
    """Copy rank 0's `file` to the same path on all other machines of the group, or remove it there if it has none.

    Every process of the group must call it; alone, it does nothing.
    """
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return
    content = _broadcast(file.read_bytes() if dist.get_rank() == 0 and file.is_file() else b"")
    # One process of each machine writes; those beside rank 0 already see its file.
    if os.environ["GROUP_RANK"] != "0" and os.environ["LOCAL_RANK"] == "0":
        if content:
            file.parent.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(".partial")
            aside.write_bytes(content)
            aside.rename(file)
        else:
            file.unlink(missing_ok=True)
    dist.barrier()


def _broadcast(content: bytes) -> bytes:
    """Rank 0's `content`, on every rank; NCCL carries what is on a card only."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = torch.tensor([len(content)], device=device)
    dist.broadcast(size, 0)
    if not int(size):
        return b""
    if dist.get_rank() == 0:
        data = torch.frombuffer(bytearray(content), dtype=torch.uint8).to(device)
    else:
        data = torch.empty(int(size), dtype=torch.uint8, device=device)
    dist.broadcast(data, 0)
    return data.cpu().numpy().tobytes()
