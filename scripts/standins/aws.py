"""What AWS would answer: ids, ARNs and the outputs that other resources need."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from scripts.standins.newborn import Newborn

__all__ = ["arn", "computed", "identity"]

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_ID_PREFIXES = {
    "ec2/customerGateway:CustomerGateway": "cgw",
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": "sg",
    "ec2/flowLog:FlowLog": "fl",
    "ec2/launchTemplate:LaunchTemplate": "lt",
    "ec2/route:Route": "r-rtb",
    "ec2/routeTable:RouteTable": "rtb",
    "ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc",
    "ec2/securityGroup:SecurityGroup": "sg",
    "ec2/subnet:Subnet": "subnet",
    "ec2/vpc:Vpc": "vpc",
    "ec2/vpcEndpoint:VpcEndpoint": "vpce",
    "ec2/vpnConnection:VpnConnection": "vpn",
    "ec2transitgateway/routeTable:RouteTable": "tgw-rtb",
    "ec2transitgateway/transitGateway:TransitGateway": "tgw",
    "ec2transitgateway/vpcAttachment:VpcAttachment": "tgw-attach",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr",
}
# What identifies a resource where AWS makes no id up: inputs, joined by a colon.
_ID_INPUTS = {
    "cloudwatch/logGroup:LogGroup": ("name",),
    "ecr/lifecyclePolicy:LifecyclePolicy": ("repository",),
    "ecr/repository:Repository": ("name",),
    "eks/accessEntry:AccessEntry": ("clusterName", "principalArn"),
    "eks/addon:Addon": ("clusterName", "addonName"),
    "eks/cluster:Cluster": ("name",),
    "eks/nodeGroup:NodeGroup": ("clusterName", "nodeGroupName"),
    "iam/role:Role": ("name",),
    "iam/user:User": ("name",),
    "iam/userPolicy:UserPolicy": ("user", "name"),
    "iam/rolePolicy:RolePolicy": ("role", "name"),
    "iam/rolePolicyAttachment:RolePolicyAttachment": ("role", "policyArn"),
    "kms/alias:Alias": ("name",),
}
# Where a service's name in ARNs is not the SDK's module, and how its resources are called there
# (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
_ARNS = {
    "cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{id}",
    "ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{id}",
    "eks/cluster:Cluster": "arn:aws:eks:{region}:{account}:cluster/{id}",
    "eks/nodeGroup:NodeGroup": "arn:aws:eks:{region}:{account}:nodegroup/{path}/{digits}",
    "iam/policy:Policy": "arn:aws:iam::{account}:policy/{name}",
    "iam/role:Role": "arn:aws:iam::{account}:role/{id}",
    "kms/alias:Alias": "arn:aws:kms:{region}:{account}:{id}",
    "kms/key:Key": "arn:aws:kms:{region}:{account}:key/{id}",
    "s3/bucket:Bucket": "arn:aws:s3:::{id}",
}


def identity(born: Newborn) -> str:
    """The id that AWS would give."""
    if prefix := _ID_PREFIXES.get(born.kind):
        return f"{prefix}-{born.digest()[:17]}"
    if born.kind.startswith("s3/bucket") and "bucket" in born.inputs:
        return str(born.inputs["bucket"])
    if born.kind == "kms/key:Key":
        return born.uuid()
    if born.kind == "iam/policy:Policy":
        return arn(born, "")
    if inputs := _ID_INPUTS.get(born.kind):
        return ":".join(str(born.inputs[key]) for key in inputs)
    return f"{born.name}-{born.digest()[:7]}"


def arn(born: Newborn, id_: str) -> str:
    """The resource's Amazon Resource Name."""
    module, _, kind = born.kind.partition(":")
    service = module.partition("/")[0].replace("ec2transitgateway", "ec2").replace("vpc", "ec2")
    template = _ARNS.get(born.kind, f"arn:aws:{service}:{{region}}:{{account}}:{kind.lower()}/{{id}}")
    return template.format(
        region=born.region,
        account=born.account,
        id=id_,
        path=id_.replace(":", "/"),
        name=born.inputs.get("name", born.name),
        digits=born.uuid(),
    )


def computed(born: Newborn, id_: str) -> dict[str, Any]:
    """Outputs by dotted path that a plausible filler would not do for."""
    found = {"arn": arn(born, id_), "accountId": born.account, "ownerId": born.account, "region": born.region}
    special = _SPECIAL.get(born.kind)
    return found if special is None else {**found, **special(born, id_)}


def _cluster(born: Newborn, id_: str) -> dict[str, Any]:
    host = f"{born.digest()[:32].upper()}.gr7.{born.region}.eks.amazonaws.com"
    authority = base64.b64encode(f"authority of {id_}".encode()).decode()
    return {
        "endpoint": f"https://{host}",
        "certificateAuthority": {"data": authority},
        "identities": [
            {"oidcs": [{"issuer": f"https://oidc.eks.{born.region}.amazonaws.com/id/{host[:32]}"}]}
        ],
        "vpcConfig.clusterSecurityGroupId": f"sg-{born.digest('cluster')[:17]}",
        "status": "ACTIVE",
    }


def _vpn_connection(born: Newborn, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = {"transitGatewayAttachmentId": f"tgw-attach-{born.digest('attachment')[:17]}"}
    for tunnel in ("tunnel1", "tunnel2"):
        inside = 4 * born.number(60, tunnel) + 8
        asked = str(born.inputs.get(f"{tunnel}InsideCidr", f"169.254.{100 + int(tunnel[-1])}.{inside}/30"))
        network, _, last = asked.partition("/")[0].rpartition(".")
        found |= {
            f"{tunnel}Address": born.public_address(tunnel),
            f"{tunnel}BgpAsn": "64512",
            f"{tunnel}BgpHoldtime": 30,
            f"{tunnel}InsideCidr": asked,
            # AWS takes the first address of the /30, the customer the second.
            f"{tunnel}VgwInsideAddress": f"{network}.{int(last) + 1}",
            f"{tunnel}CgwInsideAddress": f"{network}.{int(last) + 2}",
            f"{tunnel}PresharedKey": born.secret(tunnel),
        }
    keys = "".join(
        f"<pre_shared_key>{born.secret(tunnel)}</pre_shared_key>" for tunnel in ("tunnel1", "tunnel2")
    )
    found["customerGatewayConfiguration"] = f'<vpn_connection id="{id_}">{keys}</vpn_connection>'
    return found


def _bucket(born: Newborn, id_: str) -> dict[str, Any]:
    return {
        "bucket": id_,
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{born.region}.amazonaws.com",
    }


def _vpc_endpoint(born: Newborn, id_: str) -> dict[str, Any]:
    service = str(born.inputs.get("serviceName", "")).rpartition(".")[2]
    return {
        # What AWS announces for a gateway endpoint (https://www.rfc-editor.org/rfc/rfc5737 here).
        "cidrBlocks": ["203.0.113.0/24"]
        if born.inputs.get("vpcEndpointType", "Gateway") == "Gateway"
        else [],
        "dnsEntries": [{"dnsName": f"{id_}.{service}.{born.region}.vpce.amazonaws.com"}],
        "prefixListId": f"pl-{born.digest('prefix')[:8]}",
        "state": "available",
    }


def _vpc(born: Newborn, id_: str) -> dict[str, Any]:
    owned = {
        "defaultNetworkAclId": "acl",
        "defaultRouteTableId": "rtb",
        "defaultSecurityGroupId": "sg",
        "mainRouteTableId": "rtb",
    }
    return {key: f"{prefix}-{born.digest(prefix)[:17]}" for key, prefix in owned.items()}


def _repository(born: Newborn, id_: str) -> dict[str, Any]:
    return {
        "registryId": born.account,
        "repositoryUrl": f"{born.account}.dkr.ecr.{born.region}.amazonaws.com/{id_}",
    }


_SPECIAL: dict[str, Callable[[Newborn, str], dict[str, Any]]] = {
    "ec2/launchTemplate:LaunchTemplate": lambda _, __: {"defaultVersion": 1, "latestVersion": 1},
    "ec2/vpc:Vpc": _vpc,
    "ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "ec2/vpnConnection:VpnConnection": _vpn_connection,
    "ecr/repository:Repository": _repository,
    "eks/cluster:Cluster": _cluster,
    "kms/key:Key": lambda _, id_: {"keyId": id_},
    "s3/bucket:Bucket": _bucket,
}
