"""The private cluster: closed to the outside, encrypted, and a node group for each pool."""

from infra.openstack.cluster import cluster_labels
from infra.settings.openstack import OpenStackSettings
from tests.infra.openstack.estate import VOLUME_TYPE, chosen, declare

TEMPLATE = "openstack:containerinfra/clusterTemplate:ClusterTemplate"
CLUSTER = "openstack:containerinfra/cluster:Cluster"
NODES = "openstack:containerinfra/nodeGroup:NodeGroup"


def test_no_node_and_no_api_has_a_public_address(either):
    template, cluster = either.only(TEMPLATE).inputs, either.only(CLUSTER).inputs
    assert (template["floatingIpEnabled"], cluster["floatingIpEnabled"]) == (False, False)
    assert template["labels"]["master_lb_floating_ip_enabled"] == "false"


def test_the_cluster_speaks_tls_and_keeps_an_audit_log(either):
    template = either.only(TEMPLATE).inputs
    assert (template["tlsDisabled"], template["registryEnabled"], template["public"]) == (False, False, False)
    assert template["labels"]["audit_log_enabled"] == "true"


def test_the_cluster_stands_in_its_own_subnet(either):
    for inputs in (either.only(TEMPLATE).inputs, either.only(CLUSTER).inputs):
        assert inputs["fixedNetwork"] == "openstack-cluster-id"
        assert inputs["fixedSubnet"] == "openstack-cluster-id"


def test_every_disk_of_the_cluster_is_encrypted(either):
    labels = either.only(TEMPLATE).inputs["labels"]
    encrypted = either.only(VOLUME_TYPE).inputs["name"]
    assert {labels[key] for key in labels if key.endswith("_volume_type")} == {encrypted}
    for group in either.of_type(NODES):
        # The type of volume is the cluster's, unless a group names its own.
        assert group.inputs["mergeLabels"] is True
        assert "boot_volume_type" not in group.inputs["labels"]


def test_the_kubeconfig_is_a_secret_output(either):
    assert either.outputs["kubeconfig-is-secret"] is True
    assert "kubeconfig" in either.only(CLUSTER).secret_outputs


def test_network_policies_are_enforced(either):
    assert either.only(TEMPLATE).inputs["networkDriver"] == "calico"


def test_each_pool_is_one_node_group_named_by_its_key(prod):
    groups = {each.inputs["name"]: each.inputs for each in prod.of_type(NODES)}
    assert {name: (each["role"], each["flavorId"]) for name, each in groups.items()} == {
        "base": ("worker", "m1.xlarge"),
        "gpu": ("gpu", "g1.a30"),
    }


def test_the_autoscaler_owns_the_number_of_nodes_within_the_settings_limits(prod):
    assert prod.only(TEMPLATE).inputs["labels"]["auto_scaling_enabled"] == "true"
    for group in prod.of_type(NODES):
        assert group.ignore_changes == ("nodeCount",)
        assert group.inputs["nodeCount"] == group.inputs["minNodeCount"] <= group.inputs["maxNodeCount"]


def test_system_nodes_are_as_many_as_the_setting_says(prod):
    labels = prod.only(TEMPLATE).inputs["labels"]
    assert prod.only(CLUSTER).inputs["nodeCount"] == 3
    assert (labels["min_node_count"], labels["max_node_count"]) == ("3", "3")


def test_node_groups_are_made_one_after_the_other(prod):
    first, second = prod.of_type(NODES)
    assert any(urn.endswith(f"::{first.name}") for urn in second.depends_on)


def test_another_pool_is_another_node_group_and_nothing_else(prod, values):
    values["cluster"]["gpu-pools"]["more"] = {**values["cluster"]["gpu-pools"]["gpu"]}
    grown = declare(values)
    before = {(each.type, each.name): each.inputs for each in prod.resources}
    after = {(each.type, each.name): each.inputs for each in grown.resources}
    assert after.keys() - before.keys() == {(NODES, "openstack-cluster-more")}
    assert {key: after[key] for key in before} == before


def test_a_new_version_replaces_no_cluster(prod):
    assert prod.only(CLUSTER).ignore_changes == ("clusterTemplateId",)
    assert prod.only(TEMPLATE).retained is True


def test_pods_and_services_have_the_settings_ranges():
    settings = OpenStackSettings.model_validate(chosen("prod"))
    labels = cluster_labels(settings.cluster, "luks")
    assert (labels["calico_ipv4pool"], labels["service_cluster_ip_range"]) == (
        "10.40.0.0/16",
        "172.21.0.0/16",
    )
