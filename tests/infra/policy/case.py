"""For every policy: an estate that breaks it, one that does not, and the problem that must be told."""

import json

from tests.infra.policy.example import deletion, estate, replacement, resource

RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OPENSTACK_RULE = "openstack:networking/secGroupRule:SecGroupRule"
CLUSTER = "aws:eks/cluster:Cluster"
TEMPLATE = "openstack:containerinfra/clusterTemplate:ClusterTemplate"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
KEY = "aws:kms/key:Key"
BUCKET = "aws:s3/bucket:Bucket"
NODES = "aws:eks/nodeGroup:NodeGroup"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
GATEWAYS = (
    "urn:pulumi:prod::rialto::rialto:openstack:PrivateCloud$rialto:openstack:GatewayAddresses::gateways"
)
PRIVATE_POLICY = {"blockPublicAcls": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}


def statement(**parts):
    return json.dumps({"Statement": [{"Sid": "It", "Effect": "Allow", **parts}]})


def pod(image="nvcr.io/nvidia/tritonserver:26.10-py3", **limits):
    container = {"name": "triton", "image": image, "resources": {"requests": limits, "limits": limits}}
    return {"template": {"spec": {"containers": [container]}}}


def mapping(encrypted):
    return [{"deviceName": "/dev/xvda", "ebs": {"encrypted": encrypted}}]


def nodes(**scaling):
    return resource(NODES, amiType="AL2023_x86_64_NVIDIA", instanceTypes=["g6.xlarge"], scalingConfig=scaling)


def image(digest):
    return {
        "triton": {"image": {"name": "nvcr.io/nvidia/tritonserver", "tag": "26.10-py3", "digest": digest}}
    }


def triton(tag):
    return {"triton": {"image": {"tag": tag}, "oldest": {"release": "26.07", "reason": "CVE-2026-24206"}}}


def interactions(*held):
    return {"data-sets": {"interactions": {"label": "raw", "held": list(held)}}}


# policy, what breaks it, what does not, the problem.
CASES = [
    (
        "public-endpoint",
        estate(resource(CLUSTER, vpcConfig={"endpointPublicAccess": True})),
        estate(resource(CLUSTER, vpcConfig={"endpointPublicAccess": False, "endpointPrivateAccess": True})),
        "vpcConfig.endpointPublicAccess is true",
    ),
    (
        "public-endpoint",
        estate(resource("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=True)),
        estate(resource("aws:ec2/subnet:Subnet", mapPublicIpOnLaunch=False)),
        "mapPublicIpOnLaunch is true",
    ),
    (
        "public-endpoint",
        estate(resource("openstack:networking/floatingIp:FloatingIp")),
        estate(resource("openstack:networking/floatingIp:FloatingIp", parent=GATEWAYS)),
        "a floating IP outside the gateways and the front door",
    ),
    (
        "public-endpoint",
        estate(resource("kubernetes:core/v1:Service", spec={"type": "LoadBalancer"})),
        estate(
            resource(
                "kubernetes:core/v1:Service",
                metadata={
                    "annotations": {"service.beta.kubernetes.io/openstack-internal-load-balancer": "true"}
                },
                spec={"type": "LoadBalancer"},
            )
        ),
        "spec.type is LoadBalancer, without an annotation that keeps it internal",
    ),
    (
        "public-endpoint",
        estate(
            resource(BUCKET, bucket="b"),
            resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket="b", **PRIVATE_POLICY),
        ),
        estate(
            resource(BUCKET, bucket="b"),
            resource(
                "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
                bucket="b",
                blockPublicPolicy=True,
                **PRIVATE_POLICY,
            ),
        ),
        "blockPublicPolicy is not set",
    ),
    (
        "open-ingress",
        estate(resource(RULE, cidrIpv4="0.0.0.0/0", ipProtocol="tcp", fromPort=8000, toPort=8000)),
        estate(resource(RULE, cidrIpv4="10.20.0.0/16", ipProtocol="tcp", fromPort=8000, toPort=8000)),
        "lets in tcp port 8000 from 0.0.0.0/0",
    ),
    (
        "open-ingress",
        estate(resource(RULE, cidrIpv6="::/0", ipProtocol="-1")),
        estate(resource(RULE, referencedSecurityGroupId="sg-1", ipProtocol="-1")),
        "lets in all ports from ::/0",
    ),
    (
        "open-ingress",
        estate(resource(RULE, cidrIpv4="128.0.0.0/1", ipProtocol="tcp", fromPort=22, toPort=80)),
        estate(resource(RULE, cidrIpv4="10.0.0.0/8", ipProtocol="tcp", fromPort=22, toPort=80)),
        "lets in tcp ports 22 to 80 from 128.0.0.0/1",
    ),
    (
        "open-ingress",
        estate(resource("aws:ec2/securityGroup:SecurityGroup", ingress=[{"cidrBlocks": ["0.0.0.0/0"]}])),
        estate(resource("aws:ec2/securityGroup:SecurityGroup", ingress=[{"cidrBlocks": ["10.0.0.0/8"]}])),
        "lets in all ports from 0.0.0.0/0",
    ),
    (
        "open-ingress",
        estate(
            resource(OPENSTACK_RULE, direction="ingress", protocol="tcp", portRangeMin=22, portRangeMax=22)
        ),
        estate(
            resource(OPENSTACK_RULE, "in", direction="ingress", remoteGroupId="g"),
            resource(OPENSTACK_RULE, "out", direction="egress"),
        ),
        "lets in tcp port 22 from anywhere",
    ),
    (
        "open-ingress",
        estate(resource(NETWORK_POLICY, spec={"ingress": [{"ports": [{"port": 8001}]}]})),
        estate(resource(NETWORK_POLICY, spec={"ingress": [{"from": [{"podSelector": {}}]}]})),
        "lets in TCP 8001 from anywhere",
    ),
    (
        "wildcard-identity",
        estate(resource(ROLE_POLICY, policy=statement(Action="s3:*", Resource="arn:aws:s3:::b"))),
        estate(resource(ROLE_POLICY, policy=statement(Action="s3:GetObject", Resource="arn:aws:s3:::b/*"))),
        "policy, statement It: Action is s3:*",
    ),
    (
        "wildcard-identity",
        estate(resource(ROLE_POLICY, policy=statement(Action=["iam:PassRole"], Resource=["*"]))),
        estate(resource(ROLE_POLICY, policy=statement(Action=["ec2:DescribeImages"], Resource=["*"]))),
        "policy, statement It: Resource is * for iam:PassRole",
    ),
    (
        "wildcard-identity",
        estate(
            resource(KEY, policy=statement(Action="kms:*", Principal={"AWS": "*"}, Condition={"Bool": {}}))
        ),
        estate(
            resource(
                KEY,
                policy=statement(
                    Action="kms:*", Principal={"AWS": "arn:aws:iam::111122223333:root"}, Resource="*"
                ),
            )
        ),
        "policy, statement It: Action is kms:*",
    ),
    (
        "wildcard-identity",
        estate(
            resource(
                "aws:s3/bucketPolicy:BucketPolicy", policy=statement(Action="s3:GetObject", Principal="*")
            )
        ),
        estate(
            resource(
                "aws:s3/bucketPolicy:BucketPolicy",
                policy=json.dumps({"Statement": {"Effect": "Deny", "Action": "s3:*", "Principal": "*"}}),
            )
        ),
        "policy, statement It: Principal is *, without a Condition",
    ),
    (
        "wildcard-identity",
        estate(resource("kubernetes:rbac.authorization.k8s.io/v1:Role", rules=[{"verbs": ["*"]}])),
        estate(resource("kubernetes:rbac.authorization.k8s.io/v1:Role", rules=[{"verbs": ["get"]}])),
        "rules[0].verbs has *",
    ),
    (
        "wildcard-identity",
        estate(resource("openstack:identity/applicationCredential:ApplicationCredential", accessRules=[])),
        estate(
            resource(
                "openstack:identity/applicationCredential:ApplicationCredential",
                accessRules=[{"path": "/v1"}],
            )
        ),
        "accessRules is empty: whatever its roles may, it may",
    ),
    (
        "unencrypted-storage",
        estate(resource("aws:ec2/launchTemplate:LaunchTemplate", blockDeviceMappings=mapping("false"))),
        estate(resource("aws:ec2/launchTemplate:LaunchTemplate", blockDeviceMappings=mapping("true"))),
        "blockDeviceMappings /dev/xvda: ebs.encrypted is not true",
    ),
    (
        "unencrypted-storage",
        estate(resource(BUCKET, bucket="b")),
        estate(
            resource(BUCKET, bucket="b"),
            resource(
                "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
                bucket="b",
            ),
        ),
        "no BucketServerSideEncryptionConfiguration says with which key",
    ),
    (
        "unencrypted-storage",
        estate(
            resource("openstack:blockstorage/volume:Volume", volumeType="ceph"),
            openstack={"storage": {"volume-type": "luks"}},
        ),
        estate(
            resource("openstack:blockstorage/volume:Volume", volumeType="luks"),
            openstack={"storage": {"volume-type": "luks"}},
        ),
        "volumeType is not openstack.storage.volume-type, luks",
    ),
    (
        "missing-log",
        estate(resource("aws:ec2/vpc:Vpc", "vpc")),
        estate(
            resource("aws:ec2/vpc:Vpc", "vpc"),
            resource("aws:ec2/flowLog:FlowLog", vpcId="vpc-1", trafficType="ALL"),
        ),
        "no FlowLog",
    ),
    (
        "missing-log",
        estate(resource(TEMPLATE, labels={})),
        estate(resource(TEMPLATE, labels={"audit_log_enabled": "true"})),
        'labels.audit_log_enabled is not "true"',
    ),
    (
        "missing-log",
        estate(resource(BUCKET, bucket="b")),
        estate(
            resource(BUCKET, bucket="b"),
            resource(BUCKET, bucket="access"),
            resource("aws:s3/bucketLogging:BucketLogging", bucket="b", targetBucket="access"),
        ),
        "no BucketLogging: nobody knows who read it",
    ),
    (
        "raw-data-outside",
        estate(residency=interactions("openstack", "aws")),
        estate(residency=interactions("openstack")),
        "residency.data-sets.interactions.held names aws",
    ),
    (
        "raw-data-outside",
        estate(
            residency=interactions("openstack"),
            bridge={"flows": {"https": {"carries": ["interactions", "hot"]}}},
        ),
        estate(residency=interactions("openstack"), bridge={"flows": {"https": {"carries": ["hot"]}}}),
        "bridge.flows.https.carries names interactions",
    ),
    (
        "raw-data-outside",
        estate(
            resource(ROLE_POLICY, policy=statement(Resource="arn:aws:s3:::store/interactions/*")),
            residency=interactions("openstack"),
        ),
        estate(
            resource(ROLE_POLICY, policy=statement(Resource="arn:aws:s3:::store/histories/*")),
            residency=interactions("openstack"),
        ),
        "names interactions, which is raw data, in a bucket of AWS",
    ),
    (
        "unlimited-gpu",
        estate(nodes(minSize=1)),
        estate(nodes(minSize=1, maxSize=2)),
        "scalingConfig.maxSize is not set",
    ),
    (
        "unlimited-gpu",
        estate(resource(DEPLOYMENT, spec=pod(**{"nvidia.com/gpu": "1"}))),
        estate(resource(DEPLOYMENT, spec=pod(memory="8Gi", **{"nvidia.com/gpu": "1"}))),
        "containers.triton.resources.limits.memory is not set",
    ),
    (
        "image-without-digest",
        estate(protect=True, inference=image("")),
        estate(protect=True, inference=image("sha256:00")),
        "inference.triton.image.digest is empty (nvcr.io/nvidia/tritonserver:26.10-py3)",
    ),
    (
        "image-without-digest",
        estate(resource(DEPLOYMENT, spec=pod("r.example.com/other:1")), protect=True),
        estate(resource(DEPLOYMENT, spec=pod("r.example.com/other:1")), protect=False),
        "image is r.example.com/other:1, without a digest",
    ),
    (
        "old-triton",
        estate(inference=triton("26.06-py3")),
        estate(inference=triton("26.07-py3")),
        "Triton 26.06-py3 is older than 26.07: CVE-2026-24206",
    ),
    (
        "old-triton",
        estate(
            resource(
                DEPLOYMENT, spec=pod("1.dkr.ecr.eu-central-1.amazonaws.com/rialto/tritonserver:24.10-py3")
            ),
            inference=triton("26.10-py3"),
        ),
        estate(resource(DEPLOYMENT, spec=pod("r.example.com/other:1")), inference=triton("26.10-py3")),
        "Triton 24.10-py3 is older than 26.07: CVE-2026-24206",
    ),
    (
        "end-of-support",
        estate(resource(CLUSTER, version="1.34")),
        estate(resource(CLUSTER, version="1.35")),
        "version is 1.34, in standard support until 2026-12-02",
    ),
    (
        "end-of-support",
        estate(resource(CLUSTER, version="1.29")),
        estate(resource(CLUSTER)),
        "version is 1.29, whose end of support is not known",
    ),
    (
        "protected-loss",
        estate(changes=[replacement(resource(BUCKET, protect=True), "bucket")]),
        estate(changes=[replacement(resource("aws:ec2/route:Route"), "destinationCidrBlock")]),
        "would be replaced (bucket changed), and is protected",
    ),
    (
        "data-loss",
        estate(changes=[deletion(resource("openstack:objectstorage/container:Container"))]),
        estate(changes=[deletion(resource("aws:iam/role:Role"))]),
        "would be deleted, and holds data",
    ),
    (
        "over-budget",
        estate(nodes(minSize=2, maxSize=9), aws={"monthly-budget": 1000}),
        estate(nodes(minSize=1, maxSize=9), aws={"monthly-budget": 1000}),
        "what is always there costs 1,469 dollars a month, above 1,000",
    ),
]
