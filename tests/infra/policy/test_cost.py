from datetime import date

import pytest

from infra.policy.cost import cost
from infra.policy.price import Prices
from tests.infra.policy.example import resource

PRICES = Prices(
    region="eu-central-1",
    read=date(2026, 11, 25),
    instance_hour={"g6.xlarge": 1.0, "g5.xlarge": 2.0},
    cluster_hour={"standard": 0.1},
    endpoint_hour={"interface": 0.01},
    volume_gib_month={"gp3": 0.1},
)


def group(*types, capacity="ON_DEMAND", least=1, most=2):
    return resource(
        "aws:eks/nodeGroup:NodeGroup",
        "gpu-base",
        instanceTypes=list(types),
        capacityType=capacity,
        scalingConfig={"minSize": least, "maxSize": most},
    )


def test_a_pool_costs_its_nodes_and_their_disks():
    disk = resource(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "gpu",
        blockDeviceMappings=[{"ebs": {"volumeSize": 100, "volumeType": "gp3"}}],
    )

    found = cost([group("g6.xlarge"), disk], PRICES)

    assert found.always == pytest.approx(730 + 10)
    assert found.at_most == pytest.approx(2 * (730 + 10))
    assert found.gpu_hours == (730, 1460)


def test_a_spot_pool_has_no_price_but_costs_at_most_what_its_dearest_type_does_on_demand():
    found = cost([group("g6.xlarge", "g5.xlarge", capacity="SPOT")], PRICES)

    assert found.always == 0
    assert found.at_most == pytest.approx(2 * 2 * 730)
    assert "gpu-base: g6.xlarge or g5.xlarge, spot" in found.unknown


def test_a_pool_that_may_have_no_node_needs_no_price():
    assert "gpu-base: x1.large, on demand" not in cost([group("x1.large", least=0, most=0)], PRICES).unknown


def test_what_has_no_price_is_named_and_not_guessed():
    things = [group("x1.large"), *(resource("aws:kms/key:Key", name) for name in "ab")]

    found = cost([*things, resource("openstack:compute/instance:Instance")], PRICES)

    assert found.always == 0
    assert found.unknown == (
        "gpu-base: x1.large, on demand",
        "2 KMS keys",
        "everything in the private cloud: it has no price list",
        "traffic, above all out of AWS and over the VPN",
    )


def test_interface_endpoints_are_paid_for_each_zone_and_gateways_are_free():
    endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint"
    interface = resource(endpoint, vpcEndpointType="Interface", subnetIds=["a", "b", "c"])
    gateway = resource(endpoint, vpcEndpointType="Gateway")

    assert cost([interface, gateway], PRICES).always == pytest.approx(3 * 0.01 * 730)


def test_the_committed_prices_are_dated_and_for_the_region_that_the_stacks_use(prod_settings, dev_settings):
    prices = Prices.load()

    assert isinstance(prices.read, date)
    assert {prod_settings.aws.region, dev_settings.aws.region} == {prices.region}
