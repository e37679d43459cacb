"""Logs without which nobody can tell afterwards who did what."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policy.estate import Estate, Resource, is_unknown
from infra.policy.finding import Finding

__all__ = ["missing_logs"]

TUNNELS = ("tunnel1LogOptions", "tunnel2LogOptions")


def missing_logs(estate: Estate) -> Iterator[Finding]:
    """Find networks, clusters, tunnels and buckets that keep no record, and logs that are kept for ever."""
    yield from _flow_logs(estate)
    yield from _clusters(estate)
    for each in estate.of("aws:ec2/vpnConnection:VpnConnection"):
        for key in TUNNELS:
            options = (each.inputs.get(key) or {}).get("cloudwatchLogOptions") or {}
            if options.get("logEnabled") is not True:
                yield _off(each, f"{key}.cloudwatchLogOptions.logEnabled", "true")
    yield from _buckets(estate)
    for each in estate.of("aws:cloudwatch/logGroup:LogGroup"):
        if not each.inputs.get("retentionInDays"):
            yield _off(each, "retentionInDays", "the days of aws.log-days")


def _flow_logs(estate: Estate) -> Iterator[Finding]:
    logs = list(estate.of("aws:ec2/flowLog:FlowLog"))
    watched = {each.inputs.get("vpcId") for each in logs}
    vpcs = list(estate.of("aws:ec2/vpc:Vpc"))
    # Before they exist, VPCs cannot be told apart: then only the numbers can be compared.
    unknown = sum(1 for vpc_id in (each.inputs.get("vpcId") for each in logs) if is_unknown(vpc_id))
    missing = len(vpcs) - unknown - len({each for each in watched if each and not is_unknown(each)})
    for each in vpcs[: max(missing, 0)] if vpcs else ():
        yield Finding(
            where=each.name, problem="no FlowLog", remedy='add one of this VPC with trafficType: "ALL"'
        )
    for each in logs:
        if each.inputs.get("trafficType", "ALL") != "ALL":
            yield _off(each, "trafficType", "ALL")


def _clusters(estate: Estate) -> Iterator[Finding]:
    for each in estate.of("aws:eks/cluster:Cluster"):
        if "audit" not in (each.inputs.get("enabledClusterLogTypes") or ()):
            yield _off(each, "enabledClusterLogTypes", "all five types, audit among them")
    for each in estate.of("openstack:containerinfra/clusterTemplate:ClusterTemplate"):
        if (each.inputs.get("labels") or {}).get("audit_log_enabled") != "true":
            yield _off(each, "labels.audit_log_enabled", '"true"')


def _buckets(estate: Estate) -> Iterator[Finding]:
    logging = list(estate.of("aws:s3/bucketLogging:BucketLogging"))
    watched = {each.inputs.get("bucket") for each in logging}
    targets = {each.inputs.get("targetBucket") for each in logging}
    for each in estate.of("aws:s3/bucket:Bucket"):
        name = each.inputs.get("bucket")
        # Where logs are written, nobody logs the writing.
        if name not in watched and name not in targets:
            yield Finding(
                where=each.name,
                problem="no BucketLogging: nobody knows who read it",
                remedy="add one with targetBucket: the bucket of access logs",
            )


def _off(each: Resource, key: str, right: str) -> Finding:
    return Finding(where=each.name, problem=f"{key} is not {right}", remedy=f"set {key} to {right}")
