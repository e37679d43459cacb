"""What a second GPU pool means for `prod`, and what stands before its end."""

import re

import pytest

pytestmark = pytest.mark.engine

HOLDING_DATA = {
    "aws:ecr/repository:Repository",
    "aws:eks/cluster:Cluster",
    "aws:s3/bucket:Bucket",
    "openstack:containerinfra/cluster:Cluster",
    "openstack:keymanager/secretV1:SecretV1",
    "openstack:objectstorage/container:Container",
}


@pytest.fixture(scope="module")
def estate(make):
    estate = make("prod")
    estate.up()
    return estate


def test_a_second_gpu_pool_is_one_entry_and_one_node_group(estate):
    committed = estate.trial.config()
    estate.choose("aws/gpu-pools/second", committed["rialto:settings"]["aws"]["gpu-pools"]["base"])

    steps = estate.steps()

    estate.trial.write(committed)
    assert steps == [("create", "aws:eks/nodeGroup:NodeGroup", [])]


def test_destroy_without_the_word_names_what_holds_data_and_asks_no_cloud_for_anything(estate):
    protected = {each["urn"]: each["type"] for each in estate.resources() if each.get("protect")}
    asked = len(estate.calls())

    refused = estate.trial.pulumi("destroy", "--yes")

    assert refused.returncode != 0
    assert len(estate.calls()) == asked
    named = set(re.findall(r'resource "(urn:\S+)" cannot be deleted', refused.stdout))
    # What one of these needs, a key above all, is not even looked at.
    assert {urn for urn, type_ in protected.items() if type_ in HOLDING_DATA} <= named <= protected.keys()
    assert {protected[urn] for urn in named} >= HOLDING_DATA
