"""The functions of providers that the program may call."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

__all__ = ["FUNCTIONS", "Called"]

Called = Callable[[dict[str, Any], str, str], dict[str, Any]]


def _identity(_: dict[str, Any], account: str, __: str) -> dict[str, Any]:
    return {
        "accountId": account,
        "arn": f"arn:aws:iam::{account}:user/preview",
        "id": account,
        "userId": "PREVIEW",
    }


def _region(arguments: dict[str, Any], _: str, region: str) -> dict[str, Any]:
    name = arguments.get("region", region)
    return {
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "id": name,
        "name": name,
        "region": name,
    }


def _zones(_: dict[str, Any], __: str, region: str) -> dict[str, Any]:
    names = [f"{region}{letter}" for letter in "abc"]
    return {"groupNames": [region], "id": region, "names": names, "zoneIds": [f"{name}-az" for name in names]}


def _partition(*_: object) -> dict[str, Any]:
    return {
        "dnsSuffix": "amazonaws.com",
        "id": "aws",
        "partition": "aws",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _policy_document(arguments: dict[str, Any], _: str, __: str) -> dict[str, Any]:
    text = json.dumps({"Version": "2012-10-17", "Statement": arguments.get("statements", [])}, sort_keys=True)
    return {"id": _digits(text), "json": text, "minifiedJson": text}


def _parameter(arguments: dict[str, Any], account: str, region: str) -> dict[str, Any]:
    name = arguments["name"]
    value = f"ami-{_digits(name)[:17]}"
    arn = f"arn:aws:ssm:{region}:{account}:parameter{name}"
    return {"arn": arn, "id": name, "name": name, "type": "String", "value": value, "version": 1}


def _by_name(arguments: dict[str, Any], account: str, _: str) -> dict[str, Any]:
    """An image, a flavour, a network: what was asked for is there."""
    id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(arguments, sort_keys=True)))
    return {**arguments, "id": id_, "tenantId": account, "projectId": account}


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# By token; each is given the arguments, the account (or project) and the region.
FUNCTIONS: dict[str, Called] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:ssm/getParameter:getParameter": _parameter,
    "openstack:compute/getFlavor:getFlavor": _by_name,
    "openstack:identity/getAuthScope:getAuthScope": _by_name,
    "openstack:images/getImage:getImage": _by_name,
    "openstack:networking/getNetwork:getNetwork": _by_name,
    "openstack:networking/getSubnet:getSubnet": _by_name,
}
