"""Where each input of the provider's AWS resources goes in AWS's own API.

A target is a dotted path inside the operation's input, "service.Operation:path" in another operation's, or "-" with the
reason beside it for what is the provider's own or checked elsewhere. What is not named goes where its name says.
"""

import re
from dataclasses import dataclass, field

# Tags are a mapping for the provider and a list of pairs for most of AWS.
TAGS = {"tags": "-"}


@dataclass(frozen=True)
class Target:
    """The operation that creates a resource, the structure in its input that the inputs fill, and what is renamed."""

    operation: str
    inside: str = ""
    renames: dict[str, str] = field(default_factory=dict)

    def __call__(self, path: str, key: str) -> str | None:
        below = path.partition(".")[2]
        name = f"{below}.{key}" if below else key
        for pattern, found in {**TAGS, **self.renames}.items():
            if matched := re.fullmatch(pattern, name):
                return matched.expand(found)
        return None


TARGETS = {
    "aws:cloudwatch/logGroup:LogGroup": Target(
        "logs.CreateLogGroup",
        renames={"name": "logGroupName", "retentionInDays": "logs.PutRetentionPolicy:retentionInDays"},
    ),
    "aws:ec2/customerGateway:CustomerGateway": Target("ec2.CreateCustomerGateway"),
    "aws:ec2/flowLog:FlowLog": Target(
        "ec2.CreateFlowLogs", renames={"vpcId": "ResourceIds", "iamRoleArn": "DeliverLogsPermissionArn"}
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Target(
        "ec2.CreateLaunchTemplate",
        "LaunchTemplateData",
        {
            # The provider calls ModifyLaunchTemplate after each new version.
            "updateDefaultVersion": "-",
            # Pairs again.
            "tagSpecifications.tags": "-",
        },
    ),
    "aws:ec2/route:Route": Target("ec2.CreateRoute"),
    "aws:ec2/routeTable:RouteTable": Target("ec2.CreateRouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Target("ec2.AssociateRouteTable"),
    "aws:ec2/securityGroup:SecurityGroup": Target("ec2.CreateSecurityGroup"),
    "aws:ec2/subnet:Subnet": Target(
        "ec2.CreateSubnet",
        renames={"mapPublicIpOnLaunch": "ec2.ModifySubnetAttribute:MapPublicIpOnLaunch.Value"},
    ),
    "aws:ec2/vpc:Vpc": Target(
        "ec2.CreateVpc",
        renames={
            "enableDnsSupport": "ec2.ModifyVpcAttribute:EnableDnsSupport.Value",
            "enableDnsHostnames": "ec2.ModifyVpcAttribute:EnableDnsHostnames.Value",
        },
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Target("ec2.CreateVpcEndpoint", renames={"policy": "PolicyDocument"}),
    "aws:ec2/vpnConnection:VpnConnection": Target(
        "ec2.CreateVpnConnection",
        renames={
            "tunnel[12]InsideCidr": "Options.TunnelOptions.TunnelInsideCidr",
            r"tunnel[12](\w+)": r"Options.TunnelOptions.\1",
            "staticRoutesOnly": "Options.StaticRoutesOnly",
        },
    ),
    "aws:ec2transitgateway/routeTable:RouteTable": Target("ec2.CreateTransitGatewayRouteTable"),
    "aws:ec2transitgateway/routeTableAssociation:RouteTableAssociation": Target(
        "ec2.AssociateTransitGatewayRouteTable"
    ),
    "aws:ec2transitgateway/routeTablePropagation:RouteTablePropagation": Target(
        "ec2.EnableTransitGatewayRouteTablePropagation"
    ),
    "aws:ec2transitgateway/transitGateway:TransitGateway": Target(
        "ec2.CreateTransitGateway", "Options", {"description": "ec2.CreateTransitGateway:Description"}
    ),
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": Target(
        "ec2.CreateTransitGatewayVpcAttachment",
        # The provider undoes what AWS does by default.
        renames={r"transitGatewayDefaultRouteTable\w+": "-"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Target(
        "ecr.PutLifecyclePolicy", renames={"repository": "repositoryName", "policy": "lifecyclePolicyText"}
    ),
    "aws:ecr/repository:Repository": Target(
        "ecr.CreateRepository",
        # forceDelete: what the provider does on delete.
        renames={
            "name": "repositoryName",
            "encryptionConfigurations": "encryptionConfiguration",
            "forceDelete": "-",
        },
    ),
    "aws:eks/accessEntry:AccessEntry": Target("eks.CreateAccessEntry"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Target("eks.AssociateAccessPolicy"),
    "aws:eks/addon:Addon": Target(
        "eks.CreateAddon",
        renames={
            "resolveConflictsOnCreate": "resolveConflicts",
            "resolveConflictsOnUpdate": "eks.UpdateAddon:resolveConflicts",
        },
    ),
    "aws:eks/cluster:Cluster": Target(
        "eks.CreateCluster",
        renames={
            "vpcConfig": "resourcesVpcConfig",
            "enabledClusterLogTypes": "logging.clusterLogging.types",
        },
    ),
    "aws:eks/nodeGroup:NodeGroup": Target(
        "eks.CreateNodegroup",
        renames={
            "nodeRoleArn": "nodeRole",
            "subnetIds": "subnets",
            # EKS takes any text here and fails later; EC2 knows its types.
            "instanceTypes": "ec2.RunInstances:InstanceType",
        },
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Target("eks.CreatePodIdentityAssociation"),
    # kmsMasterKeyId: an attribute, and of those SNS takes any.
    "aws:sns/topic:Topic": Target("sns.CreateTopic", renames={"kmsMasterKeyId": "-"}),
    "aws:sns/topicSubscription:TopicSubscription": Target("sns.Subscribe", renames={"topic": "TopicArn"}),
    "aws:iam/role:Role": Target("iam.CreateRole", renames={"assumeRolePolicy": "AssumeRolePolicyDocument"}),
    "aws:iam/rolePolicy:RolePolicy": Target(
        "iam.PutRolePolicy", renames={"role": "RoleName", "policy": "PolicyDocument"}
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Target(
        "iam.AttachRolePolicy", renames={"role": "RoleName"}
    ),
    # forceDestroy: what the provider does on delete.
    "aws:iam/user:User": Target("iam.CreateUser", renames={"forceDestroy": "-"}),
    "aws:iam/userPolicy:UserPolicy": Target(
        "iam.PutUserPolicy", renames={"user": "UserName", "policy": "PolicyDocument"}
    ),
    "aws:iam/accessKey:AccessKey": Target("iam.CreateAccessKey", renames={"user": "UserName"}),
    "aws:kms/alias:Alias": Target("kms.CreateAlias", renames={"name": "AliasName"}),
    "aws:kms/key:Key": Target(
        "kms.CreateKey",
        renames={
            # The provider calls EnableKeyRotation, which has no such field.
            "enableKeyRotation": "-",
            "rotationPeriodInDays": "kms.EnableKeyRotation:RotationPeriodInDays",
            "deletionWindowInDays": "kms.ScheduleKeyDeletion:PendingWindowInDays",
        },
    ),
    # forceDestroy: what the provider does on delete.
    "aws:s3/bucket:Bucket": Target("s3.CreateBucket", renames={"forceDestroy": "-"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Target(
        "s3.PutBucketLifecycleConfiguration", renames={"rules": "LifecycleConfiguration.Rules"}
    ),
    "aws:s3/bucketLogging:BucketLogging": Target(
        "s3.PutBucketLogging", renames={r"target(\w+)": r"BucketLoggingStatus.LoggingEnabled.Target\1"}
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Target(
        "s3.PutBucketOwnershipControls", renames={"rule": "OwnershipControls.Rules"}
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Target("s3.PutBucketPolicy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Target(
        "s3.PutPublicAccessBlock",
        renames={r"((?:block|ignore|restrict)\w+)": r"PublicAccessBlockConfiguration.\1"},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Target(
        "s3.PutBucketEncryption", renames={"rules": "ServerSideEncryptionConfiguration.Rules"}
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Target("s3.PutBucketVersioning"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Target(
        "ec2.AuthorizeSecurityGroupIngress",
        renames={
            "securityGroupId": "GroupId",
            "cidrIpv4": "IpPermissions.IpRanges.CidrIp",
            "description": "IpPermissions.IpRanges.Description",
            "(ipProtocol|fromPort|toPort)": r"IpPermissions.\1",
        },
    ),
}

# Types that no operation creates, each with the reason.
UNCHECKED = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "AWS made it with the VPC; we only say that it has no rules",
}
