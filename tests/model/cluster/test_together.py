import os
import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.cluster.joined import joined
from model.cluster.ranking import cluster_ranker
from model.cluster.together import train_together
from model.evaluate import eager_ranker
from model.sequence import requests
from model.train import train

pytestmark = [
    pytest.mark.slow,
    # Ray Data 2.60 sets its own deprecated defaults.
    pytest.mark.filterwarnings(r"ignore:`use_\w+` is deprecated:DeprecationWarning:ray\.data\.context"),
]


def descendants(process: int) -> dict[int, str]:
    """What runs below `process`, by number and title."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in table.stdout.splitlines()]
    found, parents = {}, {process}
    while parents:
        below = {int(pid): title for pid, parent, title in rows if int(parent) in parents}
        found |= below
        parents = set(below)
    return found


def train_workers() -> list[int]:
    return [pid for pid, title in descendants(os.getpid()).items() if title.startswith("ray::RayTrainWorker")]


@pytest.fixture(scope="module")
def config(small):
    # An even number of windows: what workers cannot share evenly is left out of an epoch.
    return replace(small, epochs=3, windows_per_epoch=64, batch_size=8)


@pytest.fixture(scope="module")
def cluster():
    # Ray puts sockets into its folder: pytest's own have too long a path for that.
    with tempfile.TemporaryDirectory(prefix="ray") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RIALTO_CACHE", f"{folder}/cache")
        # How often Ray looks whether its workers are alive.
        patch.setenv("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")
        with joined("", 2) as there:
            yield there


@pytest.fixture(scope="module")
def run(cluster, prepared, config):
    """`run(name)`: the model of two workers, the reports of their epochs and what was said."""

    def start(name, progress=lambda report: None):
        reports, said = [], []

        def watch(report):
            progress(report)
            if report.ndcg is not None:
                reports.append(report)

        out = Path(os.environ["RIALTO_CACHE"]) / "training" / name
        model = train_together(cluster, prepared, config, 0, out, "", watch, said.append)
        return model, reports, said

    return start


@pytest.fixture(scope="module")
def undisturbed(run):
    return run("undisturbed")


def test_two_workers_reach_the_figures_of_one_process(undisturbed, prepared, config, tmp_path):
    alone = []
    train(prepared, config, 0, tmp_path, alone.append)
    alone = [report for report in alone if report.ndcg is not None]
    _, together, _ = undisturbed

    assert [report.loss for report in together] == pytest.approx([r.loss for r in alone], rel=1e-4)
    assert [report.ndcg for report in together] == pytest.approx([r.ndcg for r in alone], abs=1e-3)


def test_a_worker_that_is_killed_changes_nothing_of_what_all_learn(undisturbed, run):
    killed = []

    def kill_in_epoch_two(report):
        if report.epoch == 2 and not killed:
            killed.append(train_workers()[-1])
            os.kill(killed[0], signal.SIGKILL)

    model, reports, said = run("killed", kill_in_epoch_two)

    expected, undisturbed_reports, nothing_said = undisturbed
    assert nothing_said == []
    assert len(said) == 1
    assert "go on from the last whole epoch" in said[0]
    assert {report.epoch: report for report in reports} == {
        report.epoch: report for report in undisturbed_reports
    }
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor)


def test_a_cluster_ranks_as_one_process_does(undisturbed, cluster, prepared, config):
    model, _, _ = undisturbed
    held_out = requests(prepared.events, "validation", config.model.max_history)

    spread = cluster_ranker(model, cluster)(held_out, 10, False)

    assert spread.tolist() == eager_ranker(model)(held_out, 10, False).tolist()
