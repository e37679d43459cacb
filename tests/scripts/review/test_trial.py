import pytest
import yaml

from scripts.review import trial as module
from scripts.review.trial import Trial, placeholders
from scripts.standins.cinder import Cinder
from scripts.standins.server import StandIns


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """A trial of a stack with an encrypted secret, made by an engine that only writes a salt."""
    stacks, engine = tmp_path / "stacks", tmp_path / "pulumi"
    stacks.mkdir()
    secret = {"secure": "v1:cannot:read"}
    config = {"rialto:settings": {"kind": "hybrid"}, "rialto:pseudonym-key": secret, "rialto:other": secret}
    committed = yaml.safe_dump({"encryptionsalt": "theirs", "config": config})
    (stacks / "Pulumi.dev.yaml").write_text(committed)
    engine.write_text("#!/bin/sh\necho 'encryptionsalt: ours' >Pulumi.dev.yaml\n")
    engine.chmod(0o755)
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    monkeypatch.setattr(module, "PULUMI", engine)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://mine")
    providers = StandIns(providers={}, ports={"aws": 1}, calls=[], cinder=Cinder("http://127.0.0.1:1"))
    yield Trial.create("dev", tmp_path / "trial", providers)
    assert (stacks / "Pulumi.dev.yaml").read_text() == committed


def test_a_trial_has_the_committed_settings_and_placeholders_for_secrets(trial):
    assert trial.config() == {"rialto:settings": {"kind": "hybrid"}, **placeholders()}
    assert yaml.safe_load(trial.stack_file.read_text())["encryptionsalt"] == "ours"


def test_a_trial_sees_no_account_and_no_state_of_this_machine(trial):
    assert "AWS_PROFILE" not in trial.environment
    assert trial.environment["PULUMI_BACKEND_URL"] == f"file://{trial.folder}/state"
    assert trial.environment["PULUMI_DEBUG_PROVIDERS"] == "aws:1"


def test_a_placeholder_says_that_it_is_one():
    assert placeholders()["rialto:pseudonym-key"] == "placeholder-for-pseudonym-key"
