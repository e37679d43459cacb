"""Every policy, and the judgement of an estate by all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.policy.audit import missing_logs
from infra.policy.budget import over_budget
from infra.policy.encryption import unencrypted
from infra.policy.estate import Estate
from infra.policy.exposure import open_ingress, public_endpoints
from infra.policy.finding import NO_CONTROL, Finding, Policy
from infra.policy.identity import wildcards
from infra.policy.image import old_triton, without_digest
from infra.policy.loss import loses_data, loses_protected
from infra.policy.residency import raw_data_outside
from infra.policy.support import near_end_of_support
from infra.policy.workload import unlimited_gpus

__all__ = ["POLICIES", "Violation", "judge"]

# CIS AWS Foundations Benchmark 3.0.0 (1.16 and its wording: 1.4.0), as Security Hub maps it, but for 5.2, which it does
# not check: https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html
# CIS Amazon EKS Benchmark 1.7.0 and CIS Kubernetes Benchmark 1.12, as kube-bench numbers them:
# https://github.com/aquasecurity/kube-bench/tree/main/cfg
# NSA/CISA Kubernetes Hardening Guidance 1.2 has chapters and no numbers:
# https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF
# Triton, Secure Deployment Considerations:
# https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/customization_guide/deploy.html
POLICIES = (
    Policy(
        id="public-endpoint",
        severity="blocks",
        title="Nothing has an address on the internet that was not meant to",
        controls=(
            "CIS EKS 1.7.0 5.4.2",
            "CIS AWS 3.0.0 2.1.4",
            "Triton: Deploying Behind a Secure Proxy or Gateway",
        ),
        check=public_endpoints,
    ),
    Policy(
        id="open-ingress",
        severity="blocks",
        title="No rule lets in the whole internet",
        controls=("CIS AWS 3.0.0 5.2", "NSA/CISA 1.2: Network separation and hardening"),
        check=open_ingress,
    ),
    Policy(
        id="wildcard-identity",
        severity="blocks",
        title="No identity may do everything, or be anybody",
        controls=("CIS AWS 1.4.0 1.16", "CIS Kubernetes 1.12 5.1.3"),
        check=wildcards,
    ),
    Policy(
        id="unencrypted-storage",
        severity="blocks",
        title="Data at rest is encrypted",
        controls=("CIS AWS 3.0.0 2.2.1", "CIS EKS 1.7.0 5.3.1"),
        check=unencrypted,
    ),
    Policy(
        id="missing-log",
        severity="decide",
        title="Networks, clusters, tunnels and buckets keep a record",
        controls=(
            "CIS AWS 3.0.0 3.7",
            "CIS EKS 1.7.0 2.1.1",
            "NSA/CISA 1.2: Audit Logging and Threat Detection",
        ),
        check=missing_logs,
    ),
    Policy(
        id="raw-data-outside",
        severity="blocks",
        title="Raw data stays in the private cloud",
        controls=(NO_CONTROL,),
        check=raw_data_outside,
    ),
    Policy(
        id="unlimited-gpu",
        severity="blocks",
        title="GPU pools and the pods on them have limits",
        controls=("NSA/CISA 1.2: Network separation and hardening (resource policies)",),
        check=unlimited_gpus,
    ),
    Policy(
        id="image-without-digest",
        severity="decide",
        title="Where data is protected, images are pinned by digest",
        controls=("NSA/CISA 1.2: Kubernetes Pod security (image scanning and trusted images)",),
        check=without_digest,
    ),
    Policy(
        id="old-triton",
        severity="blocks",
        title="Triton is not older than the oldest safe release",
        controls=("NSA/CISA 1.2: Upgrading and application security practices",),
        check=old_triton,
    ),
    Policy(
        id="end-of-support",
        severity="decide",
        title="Clusters have more than 90 days of support left",
        controls=("NSA/CISA 1.2: Upgrading and application security practices",),
        check=near_end_of_support,
    ),
    Policy(
        id="protected-loss",
        severity="blocks",
        title="Nothing protected is deleted or replaced",
        controls=(NO_CONTROL,),
        check=loses_protected,
    ),
    Policy(
        id="data-loss",
        severity="decide",
        title="What holds data is not deleted or replaced unnoticed",
        controls=(NO_CONTROL,),
        check=loses_data,
    ),
    Policy(
        id="over-budget",
        severity="decide",
        title="What is always there fits the budget",
        controls=(NO_CONTROL,),
        check=over_budget,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A finding with the policy that it breaks."""

    policy: Policy
    finding: Finding


def judge(estate: Estate, policies: Iterable[Policy] = POLICIES) -> list[Violation]:
    """Everything that the policies find, in their order, then by place."""
    return [
        Violation(policy=policy, finding=finding)
        for policy in policies
        for finding in sorted(policy.check(estate), key=lambda each: (each.where, each.problem))
    ]
