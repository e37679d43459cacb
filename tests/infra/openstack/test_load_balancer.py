"""The front door: an address that stays, and what the edge's Service needs to hang into it."""

from infra.openstack.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.settings.openstack import OpenStackSettings
from tests.infra.openstack.estate import COMPUTED, TAGS, chosen
from tests.recording import record

BALANCER = "openstack:loadbalancer/loadBalancer:LoadBalancer"


def test_the_load_balancer_stands_in_its_own_subnet(either):
    balancer = either.only(BALANCER)
    assert balancer.inputs["vipSubnetId"] == "openstack-load-balancer-id"
    assert balancer.ignore_changes == ("tags",)


def test_its_address_is_floating_and_on_its_port(either):
    associate = next(
        each
        for each in either.of_type("openstack:networking/floatingIpAssociate:FloatingIpAssociate")
        if each.name == "openstack-edge"
    )
    assert associate.inputs["portId"] == "66666666-7777-8888-9999-000000000000"
    assert either.outputs["address"] == associate.inputs["floatingIp"]


def test_the_provider_is_one_that_keeps_callers_out_by_range(either):
    assert either.only(BALANCER).inputs["loadbalancerProvider"] == "amphora"


def test_the_edges_service_is_told_which_load_balancer_to_use(either):
    assert either.outputs["annotations"] == {
        "loadbalancer.openstack.org/load-balancer-id": "openstack-edge-id",
        "loadbalancer.openstack.org/enable-health-monitor": "true",
        "service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
    }


def test_only_the_settings_clients_may_call():
    settings = OpenStackSettings.model_validate(chosen("prod"))
    ranges = []

    def program():
        args = LoadBalancerArgs(
            load_balancer=settings.load_balancer, subnet_id="subnet", external_network="public", tags=TAGS
        )
        ranges.extend(LoadBalancer("edge", args).source_ranges)
        return {}

    record(program, stack="test", computed=COMPUTED)

    assert ranges == ["192.168.32.0/22", "192.168.64.0/22"]
