"""RecBole's SASRec for so many seconds: `python sasrec.py JOB` in the environment of `requirements.lock`.

JOB is a folder with `job.json` and `lists/lists.inter`; the answer is written there: `ranked.npz` and `course.json`.
Nothing of the project is importable here. RecBole's own classes load the data, train and look at validation, with the
settings that it documents for sequential data sets and the defaults that it has for SASRec.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

# RecBole 1.2.1 is of 2025: pandas and PyTorch warn of what they have renamed since.
warnings.filterwarnings("ignore", category=FutureWarning)

import torch  # noqa: E402
from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.data.dataloader import FullSortEvalDataLoader, TrainDataLoader  # noqa: E402
from recbole.data.dataset import SequentialDataset  # noqa: E402
from recbole.data.interaction import Interaction  # noqa: E402
from recbole.model.sequential_recommender.sasrec import SASRec  # noqa: E402
from recbole.trainer import Trainer  # noqa: E402

# https://man7.org/linux/man-pages/man2/prctl.2.html
PR_SET_PDEATHSIG = 1
SETTINGS = {
    "use_gpu": False,
    "state": "ERROR",
    "show_progress": False,
    "USER_ID_FIELD": "user_id",
    "ITEM_ID_FIELD": "item_id",
    "TIME_FIELD": "timestamp",
    "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
    "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full", "group_by": "user"},
    # The softmax over all items needs no drawn negatives.
    "train_neg_sample_args": None,
    "loss_type": "CE",
    "valid_metric": "NDCG@10",
}


class TimeUpError(Exception):
    """The seconds are over."""


class Clock:
    """Counts what is trained on, and ends training when the time is over."""

    def __init__(self, model: SASRec, seconds: float) -> None:
        self.model, self.seconds = model, seconds
        self.began = time.monotonic()
        self.positions = 0

    def loss(self, interaction: Interaction) -> torch.Tensor:
        """What RecBole's trainer calls once a batch."""
        if time.monotonic() - self.began > self.seconds:
            raise TimeUpError
        self.positions += len(interaction)
        return self.model.calculate_loss(interaction)


def main(folder: Path) -> None:
    """Train, keep the best state of validation, rank for every user's test item."""
    # Where the bench is killed, this ends with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    job = json.loads((folder / "job.json").read_text())
    torch.set_num_threads(job["threads"])
    given = {
        **SETTINGS,
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "seed": job["seed"],
        "MAX_ITEM_LIST_LENGTH": job["context"],
    }
    # RecBole reads the command line too.
    sys.argv = sys.argv[:1]
    config = Config(model="SASRec", dataset="lists", config_dict=given)
    dataset = create_dataset(config)
    training, validation, test = data_preparation(config, dataset)
    torch.manual_seed(job["seed"])
    model = SASRec(config, training.dataset)
    trainer = Trainer(config, model)
    say(event="ready", pairs=len(training.dataset))
    course = train(trainer, training, validation, Clock(model, job["seconds"]))
    users, items = rank(model, test, dataset, job["depth"])
    np.savez(folder / "ranked.npz", users=users, items=items)
    (folder / "course.json").write_text(json.dumps(course))


def train(
    trainer: Trainer, training: TrainDataLoader, validation: FullSortEvalDataLoader, clock: Clock
) -> dict[str, float]:
    """Epochs until the time is over, each looked at on validation; the model has the best state in the end."""
    epoch, stepping, best, state = 0, 0.0, -1.0, {}
    processor = time.process_time()
    over = False
    while not over:
        began = time.monotonic()
        try:
            trainer._train_epoch(training, epoch, loss_func=clock.loss)
        except TimeUpError:
            over = True
        stepping += time.monotonic() - began
        spent = {
            "seconds": time.monotonic() - clock.began,
            "processor_seconds": time.process_time() - processor,
        }
        # The state when time is over is looked at too, after the clock: half an epoch is better than none.
        score, _ = trainer._valid_epoch(validation)
        epoch += 1
        say(event="epoch", epoch=epoch, ndcg=score, positions=clock.positions, seconds=spent["seconds"])
        if score > best:
            best, state = score, {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.model.load_state_dict(state)
    return {
        "positions": clock.positions,
        "stepping_seconds": stepping,
        "epochs": epoch,
        "validation": best,
        **spent,
    }


def rank(
    model: SASRec, test: FullSortEvalDataLoader, dataset: SequentialDataset, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """Every test user and the first `depth` items, seen ones among them, by the numbers that the file has."""
    model.eval()
    users, items = [], []
    with torch.no_grad():
        for interaction, *_ in test:
            scores = model.full_sort_predict(interaction)
            scores[:, 0] = -torch.inf
            items.append(scores.topk(min(depth, scores.shape[1] - 1)).indices.numpy())
            users.append(interaction["user_id"].numpy())
    return (
        dataset.id2token("user_id", np.concatenate(users)).astype(np.int64),
        dataset.id2token("item_id", np.concatenate(items)).astype(np.int64),
    )


def say(**what: object) -> None:
    """One line of JSON for the bench."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
