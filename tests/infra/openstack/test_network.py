"""The private network: what is apart, what is closed, and what its router leads to."""

NETWORK = "openstack:networking/network:Network"
SUBNET = "openstack:networking/subnet:Subnet"
INTERFACE = "openstack:networking/routerInterface:RouterInterface"
GROUP = "openstack:networking/secGroup:SecGroup"
RULE = "openstack:networking/secGroupRule:SecGroupRule"
# SSH, and what databases listen on: PostgreSQL, MySQL, MongoDB, Redis, Elasticsearch, Cassandra, etcd.
SENSITIVE_PORTS = (22, 3306, 5432, 6379, 9042, 9200, 27017, 2379, 2380)


def everybody(rule):
    """Whether a rule names the world, or nobody, which means the same."""
    remote = rule.inputs.get("remoteIpPrefix")
    return remote == "0.0.0.0/0" or not (remote or rule.inputs.get("remoteGroupId"))


def opens(rule, port):
    first, last = rule.inputs.get("portRangeMin"), rule.inputs.get("portRangeMax")
    return first is None or first <= port <= last


def test_nodes_gateways_and_load_balancer_have_networks_of_their_own(either):
    names = {"openstack-cluster", "openstack-gateways", "openstack-load-balancer"}
    assert {each.name for each in either.of_type(NETWORK)} == names
    assert {each.inputs["networkId"] for each in either.of_type(SUBNET)} == {f"{name}-id" for name in names}


def test_every_network_checks_who_sends(either):
    for network in either.of_type(NETWORK):
        assert network.inputs["portSecurityEnabled"] is True
        assert network.inputs["shared"] is False


def test_every_subnet_hangs_on_the_one_router(either):
    attached = {each.inputs["subnetId"] for each in either.of_type(INTERFACE)}
    assert attached == {f"{each.name}-id" for each in either.of_type(SUBNET)}


def test_nothing_that_answers_dhcp_can_move_a_gateway(either):
    dhcp = {each.name: each.inputs["enableDhcp"] for each in either.of_type(SUBNET)}
    assert dhcp == {"openstack-cluster": True, "openstack-gateways": False, "openstack-load-balancer": True}


def test_no_rule_admits_the_world_in_either_direction(either):
    assert either.of_type(RULE)
    assert [rule.name for rule in either.of_type(RULE) if everybody(rule)] == []


def test_no_rule_opens_a_database_port_or_ssh_to_the_world(either):
    for rule in either.of_type(RULE):
        for port in SENSITIVE_PORTS:
            assert not (rule.inputs["direction"] == "ingress" and opens(rule, port) and everybody(rule)), (
                rule.name
            )


def test_no_group_keeps_the_clouds_default_rules(either):
    assert [group.inputs["deleteDefaultRules"] for group in either.of_type(GROUP)] == [True]


def test_a_stateless_group_has_each_rule_in_both_directions(either):
    assert [group.inputs["stateful"] for group in either.of_type(GROUP)] == [False]
    ways = {}
    for rule in either.of_type(RULE):
        ways.setdefault(rule.name.removesuffix(f"-{rule.inputs['direction']}"), set()).add(
            rule.inputs["direction"]
        )
    assert all(both == {"ingress", "egress"} for both in ways.values())
