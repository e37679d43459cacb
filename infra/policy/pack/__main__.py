"""The pack: `pulumi preview --policy-pack infra/policy/pack`, with an engine that runs Python packs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

# The engine starts the pack in its own folder and environment, where the project is not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from infra.policy.acceptance import accepted, load_acceptances
from infra.policy.catalogue import POLICIES, judge
from infra.policy.finding import Policy
from infra.policy.pack.conversion import estate_of


def _validation(policy: Policy) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        settings = pulumi.Config("rialto").get_object("settings") or {}
        stack, today = pulumi.get_stack(), datetime.now(UTC).date()
        estate = estate_of(args.resources, settings, stack, today, UnknownValueError)
        urns = {each.name: each.urn for each in estate.resources}
        for each in judge(estate, [policy]):
            if accepted(each, stack, today, load_acceptances()) is None:
                finding = each.finding
                report(f"{finding.where}: {finding.problem}; {finding.remedy}", urns.get(finding.where))

    return validate


PolicyPack(
    name="rialto",
    policies=[
        StackValidationPolicy(
            name=each.id,
            description=f"{each.title} ({'; '.join(each.controls)})",
            validate=_validation(each),
            enforcement_level=(
                EnforcementLevel.MANDATORY if each.severity == "blocks" else EnforcementLevel.ADVISORY
            ),
        )
        for each in POLICIES
    ],
)
