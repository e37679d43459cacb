"""Node groups: what they admit, how they start, what a pool more changes."""

import pytest

from infra.scheduling import CAPACITY_LABEL, GPU_LABELS, POOL_LABEL
from tests.infra.aws.estate import declare

GROUP = "aws:eks/nodeGroup:NodeGroup"


def groups(declared):
    return {each.name: each for each in declared.of_type(GROUP)}


def by_name(declared):
    return {(each.type, each.name): each for each in declared.resources}


def test_no_pod_without_a_gpu_lands_on_gpu_nodes(prod):
    for name in ("aws-gpu-base", "aws-gpu-burst"):
        taints = groups(prod)[name].inputs["taints"]
        assert taints == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]


def test_a_gpu_pod_finds_its_nodes_by_label(prod):
    for pool, capacity in (("base", "on-demand"), ("burst", "spot")):
        labels = groups(prod)[f"aws-gpu-{pool}"].inputs["labels"]
        assert GPU_LABELS.items() <= labels.items()
        assert (labels[POOL_LABEL], labels[CAPACITY_LABEL]) == (pool, capacity)


def test_gpu_nodes_have_the_driver_in_their_image(prod):
    images = {name: each.inputs["amiType"] for name, each in groups(prod).items()}

    assert images == {
        "aws-gpu-base": "AL2023_x86_64_NVIDIA",
        "aws-gpu-burst": "AL2023_x86_64_NVIDIA",
        "aws-system": "AL2023_x86_64_STANDARD",
    }


def test_the_base_is_on_demand_and_the_burst_is_spot_from_none(prod):
    base, burst = groups(prod)["aws-gpu-base"].inputs, groups(prod)["aws-gpu-burst"].inputs

    assert (base["capacityType"], base["scalingConfig"]["minSize"]) == ("ON_DEMAND", 3)
    assert (burst["capacityType"], burst["scalingConfig"]["minSize"], burst["scalingConfig"]["maxSize"]) == (
        "SPOT",
        0,
        12,
    )


def test_the_autoscaler_owns_how_many_nodes_there_are(prod):
    assert all(each.ignore_changes == ("scalingConfig.desiredSize",) for each in groups(prod).values())


def test_broken_nodes_are_replaced(prod):
    assert all(each.inputs["nodeRepairConfig"] == {"enabled": True} for each in groups(prod).values())


def test_no_pod_can_take_the_role_of_its_node(prod):
    for template in prod.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        options = template.inputs["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1), template.name


def test_every_volume_of_a_node_is_encrypted(prod):
    for template in prod.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        for mapping in template.inputs["blockDeviceMappings"]:
            assert mapping["ebs"]["encrypted"] == "true"
            assert mapping["ebs"]["kmsKeyId"] == "arn:aws:kms:::key/aws-keys-volumes"
            assert mapping["ebs"]["volumeType"] == "gp3"


def test_instances_and_volumes_carry_the_tags_of_the_stack(prod):
    for template in prod.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        kinds = {each["resourceType"]: each["tags"] for each in template.inputs["tagSpecifications"]}
        assert set(kinds) == {"instance", "volume"}
        assert all(tags["project"] == "rialto" for tags in kinds.values())


def test_nodes_may_join_and_pull_and_nothing_else(prod):
    attached = prod.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")

    for role in ("aws-gpu", "aws-system"):
        policies = {
            each.inputs["policyArn"].split("/")[-1] for each in attached if each.inputs["role"] == role
        }
        assert policies == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


@pytest.mark.parametrize("pools", [["third"], ["third", "fourth"]])
def test_a_pool_more_is_one_node_group_more_and_changes_nothing_else(values, prod, pools):
    for pool in pools:
        values["aws"]["gpu-pools"][pool] = {
            "instance-types": ["g6e.xlarge"],
            "capacity": "on-demand",
            "min-nodes": 0,
            "max-nodes": 4,
        }
    before, after = by_name(prod), by_name(declare(values))

    assert set(after) - set(before) == {(GROUP, f"aws-gpu-{pool}") for pool in pools}
    # What a component shows as its own outputs is not in the inputs of any resource.
    assert all(after[key] == before[key] for key in before)


def test_the_first_pool_and_the_second_share_everything(values, prod):
    del values["aws"]["gpu-pools"]["burst"]

    assert set(by_name(prod)) - set(by_name(declare(values))) == {(GROUP, "aws-gpu-burst")}


def test_a_pool_in_one_zone_starts_nodes_there_only(values):
    values["aws"]["gpu-pools"]["burst"]["zones"] = ["eu-central-1b"]
    found = groups(declare(values))

    assert found["aws-gpu-burst"].inputs["subnetIds"] == ["aws-private-eu-central-1b-id"]
    assert len(found["aws-gpu-base"].inputs["subnetIds"]) == 3
