import re

import pytest

from infra.policy.catalogue import POLICIES, judge
from infra.policy.estate import UNKNOWN
from tests.infra.policy.case import CASES, CLUSTER, NODES, OPENSTACK_RULE, ROLE_POLICY, RULE
from tests.infra.policy.example import estate, found, resource

NAMES = [f"{policy}: {problem}"[:60] for policy, _, _, problem in CASES]


@pytest.mark.parametrize(("policy", "broken", "kept", "problem"), CASES, ids=NAMES)
def test_a_policy_finds_what_breaks_it_and_nothing_where_it_is_kept(policy, broken, kept, problem):
    assert problem in found(policy, broken)
    assert found(policy, kept) == []


def test_every_policy_has_a_case():
    assert {policy for policy, *_ in CASES} == {each.id for each in POLICIES}


def test_every_policy_names_its_controls_or_says_that_it_knows_none():
    framework = re.compile(
        r"CIS (AWS|EKS|Kubernetes) [\d.]+ [\d.]+|NSA/CISA 1\.2: [A-Z].+|Triton: [A-Z].+|no control known"
    )

    for policy in POLICIES:
        assert policy.controls
        assert all(framework.fullmatch(each) for each in policy.controls), policy.controls


@pytest.mark.parametrize(("policy", "broken"), [(policy, broken) for policy, broken, *_ in CASES], ids=NAMES)
def test_a_remedy_names_a_key_or_a_thing_to_change(policy, broken):
    (only,) = (each for each in POLICIES if each.id == policy)

    for each in judge(broken, [only]):
        assert re.match(r"(set|remove|add|name|keep|lower|put back|undo|put it back)\b", each.finding.remedy)
        assert each.finding.where


def test_what_only_creation_will_tell_is_no_finding():
    nothing_known = estate(
        resource(RULE, cidrIpv4=UNKNOWN, ipProtocol="tcp", fromPort=443, toPort=443),
        resource(OPENSTACK_RULE, direction="ingress", remoteIpPrefix=UNKNOWN),
        resource(ROLE_POLICY, policy=UNKNOWN),
        resource(CLUSTER, version=UNKNOWN),
        resource(NODES, instanceTypes=UNKNOWN),
    )

    for policy in ("open-ingress", "wildcard-identity", "end-of-support", "unlimited-gpu"):
        assert found(policy, nothing_known) == []
