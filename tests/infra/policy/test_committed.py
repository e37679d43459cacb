"""What the policies find in the committed stacks, with every output known, as no preview shows them."""

import pytest
import yaml

from infra.policy.acceptance import accepted, load_acceptances
from infra.policy.catalogue import judge
from infra.policy.estate import Estate, Resource
from tests.conftest import PROJECT
from tests.infra.policy.example import TODAY
from tests.recording import golden

BUCKET = "aws:s3/bucket:Bucket"


@pytest.fixture(params=["dev", "prod"])
def committed(request, declared_by):
    """The stack as the program declares it."""
    stack = request.param
    settings = yaml.safe_load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    resources = [
        Resource(
            type=each.type,
            name=each.name,
            urn=f"urn:pulumi:{stack}::rialto::{each.type}::{each.name}",
            parent=each.parent,
            inputs={"bucket": each.name, **each.inputs} if each.type == BUCKET else each.inputs,
            protect=each.protect,
        )
        for each in declared_by(stack).resources
    ]
    return Estate(
        stack=stack, today=TODAY, resources=resources, settings=settings["config"]["rialto:settings"]
    )


def test_the_committed_stacks_break_only_what_was_reviewed(committed):
    entries = load_acceptances()
    lines = []
    for each in judge(committed):
        entry = accepted(each, committed.stack, committed.today, entries)
        standing = f"accepted until {entry.until}" if entry else each.policy.severity
        lines.append(f"{each.policy.id} | {each.finding.where} | {each.finding.problem} | {standing}\n")

    assert "".join(lines) == golden(f"{committed.stack}.findings.txt")
