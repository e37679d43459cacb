"""What the internet could reach: public endpoints, and rules that let everybody in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from infra.policy.estate import Estate, Resource, is_unknown
from infra.policy.finding import Finding

__all__ = ["open_ingress", "public_endpoints"]

# Half of all addresses in two rules is everybody too; no owner has more than a /8.
WIDEST_PREFIX = 8
# The gateways' ends of the tunnels and the front door; both let in only whom the settings name.
ADDRESSED = ("rialto:openstack:GatewayAddresses", "rialto:openstack:LoadBalancer")
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
# Types that exist only to be reached, or to reach out, over the internet.
PUBLIC_BY_NATURE = (
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/eip:Eip",
    "aws:ec2/natGateway:NatGateway",
)
# Type, path of the input, the value that is public, the value to write instead.
PUBLIC_INPUTS: tuple[tuple[str, str, object, str], ...] = (
    ("aws:eks/cluster:Cluster", "vpcConfig.endpointPublicAccess", True, "false"),
    ("aws:eks/cluster:Cluster", "vpcConfig.endpointPrivateAccess", False, "true"),
    ("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", True, "false"),
    ("aws:ec2/instance:Instance", "associatePublicIpAddress", True, "false"),
    ("aws:lb/loadBalancer:LoadBalancer", "internal", False, "true"),
    (
        "aws:ec2transitgateway/transitGateway:TransitGateway",
        "autoAcceptSharedAttachments",
        "enable",
        "disable",
    ),
    ("openstack:containerinfra/clusterTemplate:ClusterTemplate", "floatingIpEnabled", True, "false"),
    ("openstack:containerinfra/clusterTemplate:ClusterTemplate", "public", True, "false"),
    (
        "openstack:containerinfra/clusterTemplate:ClusterTemplate",
        "labels.master_lb_floating_ip_enabled",
        "true",
        '"false"',
    ),
    ("openstack:containerinfra/cluster:Cluster", "floatingIpEnabled", True, "false"),
)


def public_endpoints(estate: Estate) -> Iterator[Finding]:
    """Find what would have an address on the internet, or data that everybody may read."""
    for kind, path, public, safe in PUBLIC_INPUTS:
        for each in estate.of(kind):
            if _at(each.inputs, path) == public:
                yield Finding(
                    where=each.name, problem=f"{path} is {_shown(public)}", remedy=f"set {path} to {safe}"
                )
    for each in estate.of(*PUBLIC_BY_NATURE):
        yield Finding(
            where=each.name,
            problem=f"a {each.type.rpartition(':')[2]} opens a way to or from the internet",
            remedy="remove it; nodes reach AWS by VPC endpoints and the private cloud by the bridge",
        )
    for each in estate.of("openstack:networking/floatingIp:FloatingIp"):
        if each.component not in ADDRESSED:
            yield Finding(
                where=each.name,
                problem="a floating IP outside the gateways and the front door",
                remedy="remove it, and go through openstack.load-balancer instead",
            )
    yield from _public_services(estate)
    yield from _public_buckets(estate)


def open_ingress(estate: Estate) -> Iterator[Finding]:
    """Find rules that let in whole parts of the internet."""
    for each in estate.resources:
        for path, source, ports in _ingress(each):
            if source is None or _is_world(source):
                shown = "from anywhere" if source is None else f"from {source}"
                yield Finding(
                    where=each.name,
                    problem=f"lets in {ports} {shown}",
                    remedy=f"set {path} to the range that needs it, such as 10.20.0.0/16, or remove the rule",
                )


def _public_services(estate: Estate) -> Iterator[Finding]:
    for each in estate.of("kubernetes:core/v1:Service"):
        spec = each.inputs.get("spec") or {}
        kind = spec.get("type", "ClusterIP") if isinstance(spec, dict) else "ClusterIP"
        annotations = (each.inputs.get("metadata") or {}).get("annotations") or {}
        internal = any(
            "internal" in key and str(value) in ("true", "internal") for key, value in annotations.items()
        )
        if kind in ("LoadBalancer", "NodePort") and not internal:
            yield Finding(
                where=each.name,
                problem=f"spec.type is {kind}, without an annotation that keeps it internal",
                remedy="set spec.type to ClusterIP; callers come through the edge",
            )


def _public_buckets(estate: Estate) -> Iterator[Finding]:
    blocked = {each.inputs.get("bucket"): each for each in estate.of(BLOCK)}
    for bucket in estate.of("aws:s3/bucket:Bucket"):
        block = blocked.get(bucket.inputs.get("bucket")) or next(
            (each for each in estate.of(BLOCK) if each.parent == bucket.parent), None
        )
        if block is None:
            yield Finding(
                where=bucket.name,
                problem="no BucketPublicAccessBlock",
                remedy=f"add one with {', '.join(BLOCKS)}: true",
            )
            continue
        for key in BLOCKS:
            if block.inputs.get(key) is not True:
                yield Finding(
                    where=block.name,
                    problem=f"{key} is {_shown(block.inputs.get(key))}",
                    remedy=f"set {key} to true",
                )


def _ingress(each: Resource) -> Iterator[tuple[str, Any, str]]:
    """Key, source (None: anywhere) and ports of everything that a resource lets in."""
    inputs = each.inputs
    match each.type:
        case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
            yield from _sources(
                inputs, ("cidrIpv4", "cidrIpv6"), _ports(inputs, "ipProtocol", "fromPort", "toPort")
            )
        case "aws:ec2/securityGroup:SecurityGroup" | "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
            for rule in inputs.get("ingress") or ():
                yield from _aws_rule(rule, "ingress.")
        case "aws:ec2/securityGroupRule:SecurityGroupRule" if inputs.get("type") == "ingress":
            yield from _aws_rule(inputs, "")
        case "aws:eks/cluster:Cluster":
            for source in (inputs.get("vpcConfig") or {}).get("publicAccessCidrs") or ():
                yield "vpcConfig.publicAccessCidrs", source, "the API server"
        case "openstack:networking/secGroupRule:SecGroupRule" if inputs.get("direction") == "ingress":
            ports = _ports(inputs, "protocol", "portRangeMin", "portRangeMax")
            if not any(
                inputs.get(key) for key in ("remoteIpPrefix", "remoteGroupId", "remoteAddressGroupId")
            ):
                yield "remoteIpPrefix", None, ports
            yield from _sources(inputs, ("remoteIpPrefix",), ports)
        case "openstack:loadbalancer/listener:Listener" | "openstack:index/lbListenerV2:LbListenerV2":
            allowed = inputs.get("allowedCidrs")
            for source in allowed if isinstance(allowed, list) and allowed else [allowed or None]:
                yield "allowedCidrs", source, f"port {inputs.get('protocolPort', 'any')}"
        case "kubernetes:core/v1:Service":
            for source in (inputs.get("spec") or {}).get("loadBalancerSourceRanges") or ():
                yield "spec.loadBalancerSourceRanges", source, "all ports of the service"
        case "kubernetes:networking.k8s.io/v1:NetworkPolicy":
            yield from _policy_sources(inputs)


def _policy_sources(inputs: Any) -> Iterator[tuple[str, Any, str]]:  # noqa: ANN401 - an object's inputs
    for rule in (inputs.get("spec") or {}).get("ingress") or ():
        ports = ", ".join(
            f"{port.get('protocol', 'TCP')} {port.get('port')}" for port in rule.get("ports") or ()
        )
        peers = rule.get("from")
        if not peers:
            yield "spec.ingress[].from", None, ports or "all ports"
        for peer in peers if isinstance(peers, list) else ():
            if source := (peer.get("ipBlock") or {}).get("cidr"):
                yield "spec.ingress[].from[].ipBlock.cidr", source, ports or "all ports"


def _aws_rule(rule: Any, prefix: str) -> Iterator[tuple[str, Any, str]]:  # noqa: ANN401 - a rule's inputs
    ports = _ports(rule, "protocol", "fromPort", "toPort")
    for key in ("cidrBlocks", "ipv6CidrBlocks"):
        for source in rule.get(key) or ():
            yield prefix + key, source, ports


def _sources(inputs: Any, keys: Iterable[str], ports: str) -> Iterator[tuple[str, Any, str]]:  # noqa: ANN401
    for key in keys:
        if inputs.get(key):
            yield key, inputs[key], ports


def _ports(inputs: Any, protocol: str, first: str, last: str) -> str:  # noqa: ANN401 - a rule's inputs
    name = str(inputs.get(protocol, "any"))
    low, high = inputs.get(first), inputs.get(last)
    if name in ("-1", "any") or low is None:
        return "all ports" if name in ("-1", "any") else f"{name}, all ports"
    return f"{name} port {low:g}" if low == high else f"{name} ports {low:g} to {high:g}"


def _is_world(source: Any) -> bool:  # noqa: ANN401 - whatever the input holds
    if not isinstance(source, str) or is_unknown(source):
        return False
    try:
        return ip_network(source, strict=False).prefixlen < WIDEST_PREFIX
    except ValueError:
        # No range at all: its provider refuses it.
        return False


def _at(inputs: Any, path: str) -> Any:  # noqa: ANN401 - any property
    for key in path.split("."):
        inputs = inputs.get(key) if isinstance(inputs, dict) else None
    return inputs


def _shown(value: object) -> str:
    return "not set" if value is None else str(value).lower()
