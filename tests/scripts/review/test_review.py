"""The review of a change that the real engine previewed (test_mistake.py), trimmed to what it needs."""

import json
from datetime import date

import pytest

from infra.policy.estate import UNKNOWN
from infra.settings.release import RELEASES
from model.record import ReleaseRecord
from scripts.review.markdown import markdown
from scripts.review.page import page
from scripts.review.review import Review
from scripts.review.verdict import BLOCKED, DECIDE, NOTHING
from tests.recording import golden
from tests.scripts.review import mistake

OLD = "sha256:94106fadf217ed469d229e267125f19dff4d5783838af474f25fa365d8689bc6"
STACK = "urn:pulumi:prod::rialto::pulumi:pulumi:Stack::rialto-prod"
BUCKET = "urn:pulumi:prod::rialto::rialto:aws:Bucket$aws:s3/bucket:Bucket::store"


@pytest.fixture
def releases(tmp_path):
    """Records of the release that is served and of the one that would be."""
    record = ReleaseRecord.load(OLD, RELEASES)
    for each in (record, mistake.worse(record)):
        each.write(tmp_path)
    return tmp_path


@pytest.fixture
def review(releases):
    """The review of a preview: by default the one with the mistake."""

    def review(preview=None, **settings):
        content = preview or json.loads(golden("review.change.json"))
        return Review(
            preview=content,
            stack="prod",
            today=date(2026, 11, 25),
            basis="Compared with HEAD.",
            releases=[releases],
            **settings,
        )

    return review


def step(op, urn, *, old=None, new=None, diff=None, **state):
    about = {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "parent": STACK, **state}
    states = {"oldState": old, "newState": new}
    kept = {key: {**about, "inputs": inputs} for key, inputs in states.items() if inputs is not None}
    return {"op": op, "urn": urn, "detailedDiff": diff, **kept}


def test_a_reviewer_sees_the_open_port_the_worse_model_and_the_cost(review):
    assert markdown(review()) == golden("review.change.md")


def test_the_page_says_what_the_markdown_says_and_loads_nothing(review):
    found = review()

    html = page(markdown(found), found.graph, found.verdict, "prod")

    assert "aws-cluster-operators: lets in tcp port 443 from 0.0.0.0/0" in html
    assert "<svg" in html
    assert "flowchart" not in html
    assert not [each for each in ("<script", "src=", "@import", "href=") if each in html]


def test_names_cannot_bring_markup_into_the_page(review):
    wild = {
        "steps": [
            step("update", BUCKET, old={"x": "a"}, new={"x": "<script>*|"}, diff={"x": {"kind": "update"}})
        ]
    }
    found = review(wild)

    html = page(markdown(found), found.graph, found.verdict, "<b>")

    assert "<script>" not in html
    assert "<b>" not in html


def test_nothing_changed_is_nothing_risky(review):
    assert review({"steps": [step("same", BUCKET, old={}, new={})]}).verdict.word in (NOTHING, BLOCKED)
    assert review({"steps": []}).verdict.word == NOTHING


def test_what_holds_data_and_goes_needs_a_decision_or_is_blocked_when_protected(review):
    gone = "openstack:objectstorage/container:Container"
    urn = f"urn:pulumi:prod::rialto::{gone}::histories"

    assert review({"steps": [step("delete", urn, old={})]}).verdict.word == DECIDE
    assert review({"steps": [step("delete", urn, old={}, protect=True)]}).verdict.word == BLOCKED


def test_a_refused_preview_is_blocked_with_the_engines_words(review):
    refused = review({"diagnostics": [{"message": "error: release.digest is unknown"}]}, failed=True)

    assert refused.verdict.word == BLOCKED
    assert "release.digest is unknown" in markdown(refused)


def test_what_is_not_known_yet_is_said_so(review):
    rule = "urn:pulumi:prod::rialto::aws:ec2/route:Route::bridge"
    diff = {"gateway": {"kind": "update"}}

    text = markdown(
        review({"steps": [step("update", rule, old={"gateway": "a"}, new={"gateway": UNKNOWN}, diff=diff)]})
    )

    assert "`gateway`: a → (known later)" in text
    assert UNKNOWN not in text


def test_a_release_without_a_record_is_called_unknown(review, releases):
    for file in releases.iterdir():
        file.unlink()

    assert "how good it is, is not known: a record is missing in stacks/releases" in markdown(review())
