"""Small estates to judge."""

from datetime import date

from infra.policy.catalogue import POLICIES, judge
from infra.policy.estate import Change, Estate, Resource

TODAY = date(2026, 11, 25)
COMPONENT = "urn:pulumi:prod::rialto::rialto:aws:Storage::aws-store"


def resource(type_, name="it", *, parent=COMPONENT, protect=False, **inputs):
    urn = f"urn:pulumi:prod::rialto::{type_}::{name}"
    return Resource(type=type_, name=name, urn=urn, parent=parent, inputs=inputs, protect=protect)


def estate(*resources, changes=(), today=TODAY, **settings):
    return Estate(stack="prod", today=today, resources=resources, changes=changes, settings=settings)


def deletion(old):
    return Change(op="delete", old=old)


def replacement(old, *reasons):
    return Change(op="replace", old=old, new=old, paths=reasons, reasons=reasons)


def found(policy, judged):
    """The problems that one policy sees."""
    (only,) = (each for each in POLICIES if each.id == policy)
    return [each.finding.problem for each in judge(judged, [only])]
