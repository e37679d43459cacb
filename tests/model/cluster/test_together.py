import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from model.architecture import Recommender
from model.evaluate import eager_ranker
from model.progress import EpochReport
from model.sequence import requests
from model.train import train

pytestmark = [
    pytest.mark.slow,
    # Ray Data 2.60 sets its own deprecated defaults.
    pytest.mark.filterwarnings(r"ignore:`use_\w+` is deprecated:DeprecationWarning:ray\.data\.context"),
]
# Ray's processes end a moment after their cluster has.
LEAVE_SECONDS = 30


def below_us() -> dict[int, str]:
    """What this process has started, and they in turn, by number and title."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in table.stdout.splitlines()]
    found, parents = {}, {os.getpid()}
    while parents:
        below = {int(pid): title for pid, parent, title in rows if int(parent) in parents}
        found |= below
        parents = set(below)
    return found


def rays() -> list[str]:
    return [title for title in below_us().values() if "ray::" in title or "/ray/" in title]


@pytest.fixture(scope="module")
def config(small):
    # An even number of windows: what workers cannot share evenly is left out of an epoch.
    return replace(small, epochs=3, windows_per_epoch=64, batch_size=8)


@pytest.fixture(scope="module")
def cluster():
    # Here, so that only who runs this test waits for Ray to be imported.
    from model.cluster.joined import joined

    # Ray puts sockets into its folder: pytest's own have too long a path for that.
    with tempfile.TemporaryDirectory(prefix="ray") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RIALTO_CACHE", f"{folder}/cache")
        # How often Ray looks whether its workers are alive.
        patch.setenv("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.5")
        with joined("", 2) as there:
            yield there
        until = time.monotonic() + LEAVE_SECONDS
        while rays() and time.monotonic() < until:
            time.sleep(0.2)
        assert rays() == []


@dataclass
class Run:
    """Training on two workers, one of which is killed in the middle of the second epoch."""

    out: Path
    model: Recommender | None = None
    reports: list[EpochReport] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)

    def progress(self, report: EpochReport) -> None:
        if not self.reports:
            # Looked for before: when it is time, the run might be over before they are found.
            titles = below_us().items()
            self.workers = [pid for pid, title in titles if title.startswith("ray::RayTrainWorker")]
            assert len(self.workers) == 2
        self.reports.append(report)
        if report.epoch == 2 and self.workers:
            os.kill(self.workers[-1], signal.SIGKILL)
            self.workers = []


@pytest.fixture(scope="module")
def run(cluster, prepared, config):
    from model.cluster.together import train_together

    run = Run(Path(os.environ["RIALTO_CACHE"]) / "training" / "killed")
    run.model = train_together(cluster, prepared, config, 0, run.out, "", run.progress, run.said.append)
    return run


@pytest.fixture(scope="module")
def alone(prepared, config, tmp_path_factory):
    """One process's model, and the reports of its epochs' ends."""
    reports = []
    model = train(prepared, config, 0, tmp_path_factory.mktemp("alone"), reports.append)
    return model, [report for report in reports if report.ndcg is not None]


def test_two_workers_of_which_one_is_killed_reach_the_figures_of_one_process(run, alone):
    _, expected = alone
    # An epoch that was not kept before the kill is reported once more.
    ends = {report.epoch: report for report in run.reports if report.ndcg is not None}

    assert [ends[report.epoch].loss for report in expected] == pytest.approx(
        [report.loss for report in expected], rel=1e-4
    )
    assert [ends[report.epoch].ndcg for report in expected] == pytest.approx(
        [report.ndcg for report in expected], abs=1e-3
    )


def test_they_learn_the_weights_of_one_process(run, alone):
    model, _ = alone
    for name, tensor in model.state_dict().items():
        # Two halves of a batch are summed in another order; Adam makes steps of even the smallest gradient.
        torch.testing.assert_close(run.model.state_dict()[name], tensor, atol=2e-3, rtol=1e-2)


def test_after_a_kill_all_go_on_from_the_last_whole_epoch(run):
    epochs = [report.epoch for report in run.reports]

    assert len(run.said) == 1
    # Who waits for a dead worker fails as well, now and then a moment later.
    assert re.fullmatch(r"worker (0|1|0, 1) failed; all go on from the last whole epoch", run.said[0])
    assert epochs.count(1) == run.reports[0].steps + 1, "the first epoch was trained again"
    assert epochs.count(2) + epochs.count(3) > 2 * run.reports[0].steps + 2, "nothing was trained again"


def test_what_they_learnt_lies_where_train_goes_on_from_it(run, prepared, config):
    more = []
    train(prepared, config, 0, run.out, more.append)

    assert more == []
    assert sorted(file.name for file in run.out.iterdir()) == ["best.safetensors", "last.safetensors"]


def test_a_cluster_ranks_as_one_process_does(run, cluster, prepared, config):
    from model.cluster.ranking import cluster_ranker

    # More than one chunk, so that both workers have something to do.
    held_out = 5 * requests(prepared.events, "validation", config.model.max_history)
    spread = cluster_ranker(run.model, cluster)(held_out, 10, False)

    assert spread.tolist() == eager_ranker(run.model)(held_out, 10, False).tolist()


def test_more_workers_than_the_cluster_has_places_are_refused(cluster):
    from model.cluster.joined import _enough

    with pytest.raises(ValueError, match=rf"--workers is 5000, but the cluster has {cluster.size} .PUs"):
        _enough(5000)


def test_several_machines_need_a_storage(cluster, prepared, config, tmp_path):
    from model.cluster.together import train_together

    with pytest.raises(ValueError, match="--storage is empty, but the cluster has 2 machines"):
        train_together(replace(cluster, machines=2), prepared, config, 0, tmp_path)


def test_a_batch_that_workers_cannot_share_evenly_is_refused(cluster, prepared, config, tmp_path):
    from model.cluster.together import train_together

    with pytest.raises(ValueError, match="batch_size is 8, which 3 processes cannot share evenly"):
        train_together(replace(cluster, workers=3), prepared, config, 0, tmp_path)
