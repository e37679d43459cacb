"""A saved plan, as CI hands it from the review to the approval: it holds no secret, and nothing else is applied."""

import pytest

from scripts.standins.newborn import SECRET_PREFIX
from tests.infra.engine.estate import CONFIG_SECRET
from tests.infra.engine.leak import leaks

pytestmark = pytest.mark.engine


def test_only_the_reviewed_plan_is_applied_and_it_shows_no_secret(make, tmp_path):
    estate, plan = make("dev"), tmp_path / "plan.json"
    estate.done(estate.trial.preview("--save-plan", str(plan)))

    estate.choose("aws/gpu-pools/base/max-nodes", 2)
    other = estate.trial.pulumi("up", "--yes", "--skip-preview", "--plan", str(plan))
    kept = {each["urn"].rpartition("::")[2] for each in estate.resources()}
    estate.choose("aws/gpu-pools/base/max-nodes", 1)
    estate.up("--plan", str(plan))

    assert leaks([CONFIG_SECRET, SECRET_PREFIX], {"plan": plan.read_bytes()}) == []
    assert other.returncode != 0
    assert "aws-gpu-base" not in kept
    assert "aws-gpu-base" in {each["urn"].rpartition("::")[2] for each in estate.resources()}
