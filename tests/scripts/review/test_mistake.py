"""The real engine previews the request that a reviewer must understand in a minute, against what was there before."""

import json
from datetime import date

import pytest

from scripts.review.markdown import markdown
from scripts.review.page import page
from scripts.review.review import Review
from scripts.review.revision import checkout
from scripts.review.trial import Trial
from scripts.standins.newborn import SECRET_PREFIX
from scripts.standins.server import standins
from tests.infra.engine.estate import CONFIG_SECRET, Estate
from tests.infra.engine.leak import leaks
from tests.scripts.conftest import PROJECT
from tests.scripts.review import mistake

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """Old and new digest, and the review of a clone with the mistake against one without."""
    folder = tmp_path_factory.mktemp("mistake")
    base, changed = (checkout(PROJECT, "HEAD", folder / name) for name in ("base", "changed"))
    digests = mistake.make(changed, "prod")
    with standins() as providers:
        estate = Estate(Trial.create("prod", folder / "trial", providers, base))
        secrets = _seed(estate)
        estate.up()
        moved = Estate(estate.trial.moved_to(changed))
        _seed(moved)
        preview = json.loads(moved.done(moved.trial.preview()))
    review = Review(
        preview=preview,
        stack="prod",
        today=date(2026, 11, 25),
        basis="Compared with HEAD.",
        releases=[changed / "stacks" / "releases"],
    )
    return digests, review, secrets


def test_the_review_names_the_quality_the_cost_and_the_open_port(reviewed):
    (old, new), review, _ = reviewed

    text = markdown(review)

    assert text.startswith(
        "# BLOCKED: prod\n\n- aws-cluster-operators: lets in tcp port 443 from 0.0.0.0/0 (open-ingress)\n"
    )
    assert "NDCG@10 falls from 0.1882 to 0.1694 (-10.0%)" in text
    assert "what is always there costs 2,247 dollars a month more" in text
    assert f"| aws-inference | `{old[:19]}` on gpu" in text
    assert f"`{new[:19]}`" in text
    assert " create, " not in text.split("\n## ")[0]


def test_no_secret_is_in_any_form_of_the_review(reviewed):
    _, review, secrets = reviewed
    text = markdown(review)
    places = {
        "json": json.dumps(review.preview).encode(),
        "md": text.encode(),
        "html": page(text, review.graph, review.verdict, "prod").encode(),
    }

    assert secrets
    assert leaks({*secrets, SECRET_PREFIX, CONFIG_SECRET}, places) == []


def _seed(estate):
    """Give every secret of the configuration a value that can be recognised; the values."""
    keys = [key for key in estate.trial.config() if key != "rialto:settings"]
    values = [part for key in keys for part in ("--secret", f"{key}={CONFIG_SECRET}{key}")]
    estate.done(estate.trial.pulumi("config", "set-all", *values))
    return {f"{CONFIG_SECRET}{key}" for key in keys}
