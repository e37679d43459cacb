"""What nodes of one kind share: the role that they act in, and the template that they are started from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.policy import Statement, document

__all__ = ["NodeTemplate", "NodeTemplateArgs"]

# https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html, without the CNI's, which has its own role.
ROLE_POLICIES = {
    "worker": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "pull": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
}
# The root device of AL2023 (https://docs.aws.amazon.com/linux/al2023/ug/ec2.html).
ROOT_DEVICE = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class NodeTemplateArgs:
    """The volume of such a node, and the tags that instances and volumes carry: the provider's do not reach them."""

    disk_gib: int
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class NodeTemplate(pulumi.ComponentResource):
    """A role and a launch template; whatever the number of pools, there is one."""

    role_arn: pulumi.Output[str]
    launch_template_id: pulumi.Output[str]
    launch_template_version: pulumi.Output[str]

    def __init__(self, name: str, args: NodeTemplateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:NodeTemplate", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        trust = Statement(
            sid="Nodes", actions=["sts:AssumeRole"], principals={"Service": "ec2.amazonaws.com"}
        )
        role = aws.iam.Role(name, assume_role_policy=document(trust), opts=inside)
        attached = [
            aws.iam.RolePolicyAttachment(f"{name}-{key}", role=role.name, policy_arn=arn, opts=inside)
            for key, arn in ROLE_POLICIES.items()
        ]
        template = _template(name, args, inside)
        # A node that starts before its role may act never joins: the role is known when all is attached.
        known = pulumi.Output.all(role.arn, *[each.id for each in attached])
        self.role_arn = known.apply(lambda values: str(values[0]))
        self.launch_template_id = template.id
        self.launch_template_version = template.latest_version.apply(str)
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "launch_template_id": self.launch_template_id,
                "launch_template_version": self.launch_template_version,
            }
        )


def _template(name: str, args: NodeTemplateArgs, opts: pulumi.ResourceOptions) -> aws.ec2.LaunchTemplate:
    return aws.ec2.LaunchTemplate(
        name,
        update_default_version=True,
        # A token for every question, and no hop further than the node: pods cannot take the node's role.
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
        },
        block_device_mappings=[
            {
                "device_name": ROOT_DEVICE,
                "ebs": {
                    "volume_type": "gp3",
                    "volume_size": args.disk_gib,
                    # The provider takes these two as text.
                    "encrypted": "true",
                    "delete_on_termination": "true",
                    "kms_key_id": args.key_arn,
                },
            }
        ],
        monitoring={"enabled": True},
        tag_specifications=[
            {"resource_type": kind, "tags": {**args.tags, "Name": name}} for kind in ("instance", "volume")
        ],
        opts=opts,
    )
