import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.train import train

PROJECT = Path(__file__).parents[2]


def losses(prepared, config, folder, seed=0):
    reports = []
    model = train(prepared, config, seed, folder, reports.append)
    return model, [report.loss for report in reports if report.ndcg is not None]


def test_training_lowers_the_loss(prepared, small, tmp_path):
    _, by_epoch = losses(prepared, replace(small, epochs=8, learning_rate=1e-2), tmp_path)

    assert by_epoch[-1] < 0.97 * by_epoch[0]


def test_stochastic_gradient_descent_is_a_choice_of_the_recipe(prepared, small, tmp_path):
    config = replace(small, optimizer="sgd", learning_rate=0.02, epochs=4)
    _, by_epoch = losses(prepared, config, tmp_path)

    assert by_epoch[-1] < by_epoch[0]


def test_the_same_seed_trains_the_same_model_and_another_seed_another(prepared, small, tmp_path):
    first, _ = losses(prepared, small, tmp_path / "a")
    again, _ = losses(prepared, small, tmp_path / "b")
    other, _ = losses(prepared, small, tmp_path / "c", seed=1)

    assert torch.equal(first.item.weight, again.item.weight)
    assert not torch.equal(first.item.weight, other.item.weight)


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(prepared, small, tmp_path):
    config = replace(small, epochs=3, model=replace(small.model, dropout=0.1))
    whole, _ = losses(prepared, config, tmp_path / "whole")

    def die_in_epoch_two(report):
        if report.epoch == 2 and report.ndcg is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(prepared, config, 0, tmp_path / "killed", die_in_epoch_two)
    seen = []
    resumed = train(prepared, config, 0, tmp_path / "killed", seen.append)

    assert {report.epoch for report in seen} == {2, 3}
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor)


def test_a_checkpoint_of_another_recipe_is_not_resumed(prepared, small, tmp_path):
    losses(prepared, small, tmp_path)
    seen = []
    train(prepared, replace(small, learning_rate=1e-3), 0, tmp_path, seen.append)

    assert seen[0].epoch == 1


def test_a_batch_that_processes_cannot_share_evenly_is_refused(prepared, small, tmp_path, monkeypatch):
    monkeypatch.setattr("model.train._join", lambda: (0, 3))

    with pytest.raises(ValueError, match="batch_size is 32, which 3 processes cannot share evenly"):
        train(prepared, small, 0, tmp_path)


@pytest.mark.slow
def test_two_processes_reach_the_loss_of_one(prepared, small, tmp_path):
    script = PROJECT / "tests" / "model" / "train_together.py"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}

    def final_loss(processes):
        folder = tmp_path / str(processes)
        folder.mkdir()
        launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        subprocess.run(
            [sys.executable, *launch, str(script), str(folder)],
            env=environment,
            check=True,
            capture_output=True,
            timeout=300,
        )
        return [float(line) for line in (folder / "losses").read_text().split()]

    assert final_loss(2) == pytest.approx(final_loss(1), rel=1e-4)


@pytest.mark.slow
def test_machines_that_share_no_folder_train_one_model(tmp_path):
    script = PROJECT / "tests" / "model" / "train_together.py"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    machines = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        address = ["--nnodes=2", f"--node-rank={number}", "--master-addr=127.0.0.1", f"--master-port={port}"]
        launch = ["-m", "torch.distributed.run", "--nproc-per-node=1", *address, str(script)]
        command = [sys.executable, *launch, str(tmp_path / str(number))]
        machines.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))

    for machine in machines:
        _, errors = machine.communicate(timeout=300)
        assert machine.returncode == 0, errors
    first, second = (sorted((tmp_path / str(number) / "run").glob("*.safetensors")) for number in range(2))
    assert [file.name for file in second] == ["best.safetensors"]
    assert second[0].read_bytes() == first[0].read_bytes()


@pytest.mark.gpu
def test_a_gpu_in_bf16_comes_near_the_loss_of_the_cpu(prepared, small, tmp_path, monkeypatch):
    config = replace(small, epochs=4, learning_rate=1e-2)
    _, on_gpu = losses(prepared, config, tmp_path / "gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _, on_cpu = losses(prepared, config, tmp_path / "cpu")

    assert on_gpu == pytest.approx(on_cpu, rel=0.02)
