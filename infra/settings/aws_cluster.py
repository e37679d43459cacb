"""What a stack chooses of the EKS control plane."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.aws.kubernetes_version import END_OF_SUPPORT
from infra.settings.aws_network import require_private
from infra.settings.group import Group, Name, Network

__all__ = ["AddOnSettings", "ClusterSettings", "require_supported"]

# When support ends, AWS upgrades the cluster by itself, and the stack file no longer says what runs.
NOTICE = timedelta(days=30)
# https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
SERVICE_PREFIX_LENGTHS = range(12, 25)

RoleArn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$")]
AddOnVersion = Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+-eksbuild\.\d+$")]


def require_supported(version: str, today: date) -> None:
    """Refuse an EKS version that is unknown or soon out of standard support."""
    supported = [each for each, end in END_OF_SUPPORT.items() if end - NOTICE > today]
    remedy = (
        f"choose one of {', '.join(supported)}" if supported else "look up the versions that AWS supports now"
    )
    if version not in END_OF_SUPPORT:
        raise ValueError(f"version is {version}, of which no end of support is known; {remedy}")
    if version not in supported:
        raise ValueError(
            f"version is {version}, out of standard support from {END_OF_SUPPORT[version]}; {remedy}"
        )


class AddOnSettings(Group):
    """The versions of EKS's own add-ons (`aws eks describe-addon-versions --kubernetes-version ...`)."""

    vpc_cni: AddOnVersion
    kube_proxy: AddOnVersion
    eks_pod_identity_agent: AddOnVersion
    coredns: AddOnVersion
    eks_node_monitoring_agent: AddOnVersion


class ClusterSettings(Group):
    """The EKS control plane."""

    version: Annotated[str, Field(pattern=r"^1\.\d\d$")]
    """The Kubernetes version, in quotes; one in standard support."""
    service_range: Network
    """The addresses of Kubernetes services; in no route of any network."""
    admins: Annotated[dict[Name, RoleArn], Field(min_length=1)]
    """The IAM roles that administer the cluster, by name; that of `pulumi up` is one of them."""
    add_ons: AddOnSettings

    @model_validator(mode="after")
    def _is_supported(self) -> Self:
        require_supported(self.version, datetime.now(UTC).date())
        return self

    @model_validator(mode="after")
    def _proxy_fits(self) -> Self:
        proxy = self.add_ons.kube_proxy
        if not proxy.startswith(f"v{self.version}."):
            raise ValueError(
                f"add-ons.kube-proxy is {proxy}, but version is {self.version}; they move together"
            )
        return self

    @model_validator(mode="after")
    def _services_are_private(self) -> Self:
        require_private("service-range", self.service_range, SERVICE_PREFIX_LENGTHS)
        return self
