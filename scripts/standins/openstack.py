"""What OpenStack would answer: UUIDs, addresses, and the outputs that other resources need."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from scripts.standins.newborn import Newborn

__all__ = ["computed", "identity"]

# What identifies a resource where OpenStack makes no UUID up: inputs, joined by a slash.
_ID_INPUTS = {
    "blockstorage/volumeTypeAccess:VolumeTypeAccess": ("volumeTypeId", "projectId"),
    "compute/keypair:Keypair": ("name",),
    "containerinfra/nodeGroup:NodeGroup": ("clusterId", "name"),
    "networking/floatingIpAssociate:FloatingIpAssociate": ("portId",),
    "objectstorage/container:Container": ("name",),
    "objectstorage/containerObject:ContainerObject": ("containerName", "name"),
}


def identity(born: Newborn) -> str:
    """The id that OpenStack would give."""
    if inputs := _ID_INPUTS.get(born.kind):
        return "/".join(str(born.inputs[key]) for key in inputs)
    return born.uuid()


def computed(born: Newborn, id_: str) -> dict[str, Any]:
    """Outputs by dotted path that a plausible filler would not do for."""
    project = born.account
    found: dict[str, Any] = {"projectId": project, "tenantId": project, "region": born.region}
    special = _SPECIAL.get(born.kind)
    return found if special is None else {**found, **special(born, id_)}


def _cluster(born: Newborn, id_: str) -> dict[str, Any]:
    address = f"https://{born.public_address()}:6443"
    # A map keeps its keys as Terraform's provider writes them.
    texts = {
        "host": address,
        "cluster_ca_certificate": f"authority of {id_}",
        "client_certificate": f"certificate of {id_}",
        "client_key": born.secret("key"),
    }
    key = base64.b64encode(texts["client_key"].encode()).decode()
    raw = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": id_, "cluster": {"server": address}}],
        "users": [{"name": "admin", "user": {"client-key-data": key}}],
        "contexts": [{"name": "default", "context": {"cluster": id_, "user": "admin"}}],
        "current-context": "default",
    }
    nodes = [f"10.0.0.{10 + node}" for node in range(int(born.inputs.get("nodeCount", 1)))]
    masters = [f"10.0.0.{5 + node}" for node in range(int(born.inputs.get("masterCount", 1)))]
    return {
        "apiAddress": address,
        "kubeconfig": {"raw_config": json.dumps(raw), **texts},
        "masterAddresses": masters,
        "nodeAddresses": nodes,
        "stackId": born.uuid("stack"),
    }


def _port(born: Newborn, _: str) -> dict[str, Any]:
    asked = [str(each["ipAddress"]) for each in born.inputs.get("fixedIps", []) if "ipAddress" in each]
    return {
        "allFixedIps": asked or [f"10.0.0.{born.number(200) + 20}"],
        "allSecurityGroupIds": born.inputs.get("securityGroupIds", []),
        "macAddress": ":".join(["fa", "16", "3e", *(born.digest()[at : at + 2] for at in (0, 2, 4))]),
    }


def _load_balancer(born: Newborn, _: str) -> dict[str, Any]:
    return {
        "vipAddress": str(born.inputs.get("vipAddress", f"10.0.0.{born.number(200) + 20}")),
        "vipPortId": born.uuid("vip"),
    }


_SPECIAL: dict[str, Callable[[Newborn, str], dict[str, Any]]] = {
    "compute/keypair:Keypair": lambda born, _: {
        "privateKey": born.secret("key"),
        "publicKey": "ssh-ed25519 AAAA",
    },
    "containerinfra/cluster:Cluster": _cluster,
    "identity/applicationCredential:ApplicationCredential": lambda born, _: {"secret": born.secret()},
    "identity/ec2CredentialV3:Ec2CredentialV3": lambda born, _: {
        "access": born.uuid(),
        "secret": born.secret(),
    },
    "keymanager/orderV1:OrderV1": lambda _, id_: {"secretRef": f"https://barbican.invalid/v1/secrets/{id_}"},
    "keymanager/secretV1:SecretV1": lambda _, id_: {
        "secretRef": f"https://barbican.invalid/v1/secrets/{id_}"
    },
    "loadbalancer/loadBalancer:LoadBalancer": _load_balancer,
    "networking/floatingIp:FloatingIp": lambda born, _: {"address": born.public_address()},
    "networking/port:Port": _port,
}
