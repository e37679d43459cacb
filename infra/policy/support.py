"""Clusters that will soon be without support."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from infra.aws.kubernetes_version import END_OF_SUPPORT
from infra.policy.estate import Estate, is_unknown
from infra.policy.finding import Finding

__all__ = ["near_end_of_support"]

# A quarter of a year: time to try the next version in dev, and to wait for the add-ons.
NOTICE = timedelta(days=90)


def near_end_of_support(estate: Estate) -> Iterator[Finding]:
    """Find EKS clusters within 90 days of the end of standard support; Magnum's dates are in no list of ours."""
    for each in estate.of("aws:eks/cluster:Cluster"):
        version = each.inputs.get("version")
        if version is None or is_unknown(version):
            continue
        end = END_OF_SUPPORT.get(str(version))
        newest = max(END_OF_SUPPORT, key=lambda name: END_OF_SUPPORT[name])
        if end is None or end - estate.today <= NOTICE:
            until = "whose end of support is not known" if end is None else f"in standard support until {end}"
            yield Finding(
                where=each.name,
                problem=f"version is {version}, {until}",
                remedy=f"set aws.cluster.version to {newest}, and the add-ons and autoscaler-image with it",
            )
