"""Which changes replace a resource instead of updating it."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.standins.schema import ResourceType

__all__ = ["replaced_by"]

# "Forces new resource" in the Terraform providers that Pulumi's wrap. The documentation of OpenStack's says so in a
# way that the SDK repeats (schema.py), with a gap; of AWS's, most of it is lost, so what matters here is listed:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs
_AWS: dict[str, tuple[str, ...]] = {
    "cloudwatch/logGroup:LogGroup": ("name",),
    "ec2/customerGateway:CustomerGateway": ("bgpAsn", "ipAddress", "type"),
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId",),
    "ec2/flowLog:FlowLog": ("iamRoleArn", "logDestination", "logFormat", "trafficType", "vpcId"),
    "ec2/launchTemplate:LaunchTemplate": ("name",),
    "ec2/route:Route": ("destinationCidrBlock", "routeTableId"),
    "ec2/routeTable:RouteTable": ("vpcId",),
    "ec2/routeTableAssociation:RouteTableAssociation": ("subnetId",),
    "ec2/securityGroup:SecurityGroup": ("description", "name", "vpcId"),
    "ec2/subnet:Subnet": ("availabilityZone", "cidrBlock", "vpcId"),
    "ec2/vpc:Vpc": ("cidrBlock",),
    "ec2/vpcEndpoint:VpcEndpoint": ("serviceName", "vpcEndpointType", "vpcId"),
    "ec2/vpnConnection:VpnConnection": ("enableAcceleration", "staticRoutesOnly", "type"),
    "ec2transitgateway/routeTable:RouteTable": ("transitGatewayId",),
    "ec2transitgateway/routeTableAssociation:RouteTableAssociation": (
        "transitGatewayAttachmentId",
        "transitGatewayRouteTableId",
    ),
    "ec2transitgateway/routeTablePropagation:RouteTablePropagation": (
        "transitGatewayAttachmentId",
        "transitGatewayRouteTableId",
    ),
    "ec2transitgateway/vpcAttachment:VpcAttachment": ("transitGatewayId", "vpcId"),
    "ecr/lifecyclePolicy:LifecyclePolicy": ("repository",),
    "ecr/repository:Repository": ("encryptionConfigurations", "name"),
    "eks/accessEntry:AccessEntry": ("clusterName", "principalArn", "type"),
    "eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "accessScope",
        "clusterName",
        "policyArn",
        "principalArn",
    ),
    "eks/addon:Addon": ("addonName", "clusterName"),
    "eks/cluster:Cluster": (
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "bootstrapSelfManagedAddons",
        "encryptionConfig",
        "kubernetesNetworkConfig.ipFamily",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
        "name",
        "roleArn",
    ),
    "eks/nodeGroup:NodeGroup": (
        "amiType",
        "capacityType",
        "clusterName",
        "diskSize",
        "instanceTypes",
        "launchTemplate.id",
        "launchTemplate.name",
        "nodeGroupName",
        "nodeRoleArn",
        "subnetIds",
    ),
    "eks/podIdentityAssociation:PodIdentityAssociation": ("clusterName", "namespace", "serviceAccount"),
    "iam/policy:Policy": ("description", "name", "path"),
    "iam/role:Role": ("name", "path"),
    "iam/rolePolicy:RolePolicy": ("name", "role"),
    "iam/rolePolicyAttachment:RolePolicyAttachment": ("policyArn", "role"),
    "kms/alias:Alias": ("name",),
    "kms/key:Key": ("customerMasterKeySpec", "keyUsage", "multiRegion"),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId",),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId",),
}
# https://registry.terraform.io/providers/terraform-provider-openstack/openstack/latest/docs
_OPENSTACK: dict[str, tuple[str, ...]] = {"networking/subnet:Subnet": ("cidr",)}
# https://registry.terraform.io/providers/hashicorp/random/latest/docs/resources/password: nothing is changed in place.
_RANDOM: dict[str, tuple[str, ...]] = {
    "index/randomPassword:RandomPassword": ("keepers", "length", "numeric", "special")
}
_LISTED = {"aws": _AWS, "openstack": _OPENSTACK, "random": _RANDOM}
# https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
_KUBERNETES: dict[str, tuple[str, ...]] = {
    "apps/v1:DaemonSet": ("spec.selector",),
    "apps/v1:Deployment": ("spec.selector",),
    "apps/v1:StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:ConfigMap": ("binaryData", "data"),
    "core/v1:PersistentVolumeClaim": ("spec",),
    "core/v1:Secret": ("data", "stringData", "type"),
    "core/v1:Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner"),
}
_KUBERNETES_ALL = ("apiVersion", "kind", "metadata.name", "metadata.namespace")


def replaced_by(token: str, path: Sequence[str | int]) -> bool:
    """Whether a change at `path` of a resource of this type replaces it."""
    package, _, kind = token.partition(":")
    if package == "kubernetes":
        listed: tuple[str, ...] = (*_KUBERNETES.get(kind, ()), *_KUBERNETES_ALL)
    else:
        listed = _LISTED[package].get(kind, ())
        # Every part of S3's configuration of a bucket belongs to that bucket.
        listed = (*listed, "bucket") if kind.startswith("s3/") else listed
    names = [str(part) for part in path if isinstance(part, str)]
    if any(names[: len(each.split("."))] == each.split(".") for each in listed):
        return True
    documented = ResourceType.of(token).outputs.get(names[0]) if names else None
    return documented is not None and documented.replaces
