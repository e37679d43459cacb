"""Certificates that cert-manager keeps: each a Secret of tls.crt, tls.key and ca.crt, renewed in time."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from infra.settings.edge import IssuerRef

__all__ = ["certificate", "certificate_volume"]

# Half a year before it ends there is a new one: Triton reads its own when it starts, and some release comes by then.
DURATION_HOURS = 8760
RENEW_HOURS = 4380
# Only its owner reads it, and the pod's group, which is how a pod's user comes by a secret's file.
FILE_MODE = 0o440


def certificate(
    name: str,
    metadata: kubernetes.meta.v1.ObjectMetaArgsDict,
    issuer: IssuerRef,
    names: Sequence[str],
    usages: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> kubernetes.apiextensions.CustomResource:
    """Declare a certificate whose Secret is called as it is."""
    return kubernetes.apiextensions.CustomResource(
        name,
        api_version="cert-manager.io/v1",
        kind="Certificate",
        metadata=metadata,
        spec={
            "secretName": metadata["name"],
            "commonName": names[0],
            "dnsNames": list(names),
            "duration": f"{DURATION_HOURS}h",
            "renewBefore": f"{RENEW_HOURS}h",
            "usages": ["digital signature", *usages],
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "issuerRef": {"name": issuer.name, "kind": issuer.kind, "group": "cert-manager.io"},
        },
        opts=opts,
    )


def certificate_volume(name: str) -> kubernetes.core.v1.VolumeArgsDict:
    """The pod's volume of a certificate."""
    return {"name": name, "secret": {"secret_name": name, "default_mode": FILE_MODE}}
