"""What a second GPU pool means for `prod`."""

import pytest

pytestmark = pytest.mark.engine


def test_a_second_gpu_pool_is_one_entry_and_one_node_group(make):
    estate = make("prod")
    estate.up()
    pools = estate.trial.config()["rialto:settings"]["aws"]["gpu-pools"]
    estate.choose("aws/gpu-pools/second", pools["base"])

    assert estate.steps() == [("create", "aws:eks/nodeGroup:NodeGroup", [])]
