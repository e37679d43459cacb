"""What OpenStackSettings refuses, and what it tells the checks between the clouds."""

from datetime import date

import pytest
from pydantic import ValidationError

from infra.settings.openstack import OpenStackSettings, require_current
from tests.infra.openstack.estate import chosen


def spoil(values, path, value):
    *groups, key = path.split("/")
    level = values
    for group in groups:
        level = level[group]
    level[key] = value
    return values


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "network/gateways",
            "10.11.0.0/28",
            "gateways is 10.11.0.0/28, outside range 10.10.0.0/16; choose a part of it",
        ),
        (
            "network/gateways",
            "10.10.1.0/28",
            "gateways is 10.10.1.0/28, which overlaps cluster 10.10.0.0/18; choose ranges apart",
        ),
        (
            "network/range",
            "8.8.0.0/16",
            "range is 8.8.0.0/16; choose a private range (RFC 1918), such as 10.10.0.0/16",
        ),
        (
            "network/cluster",
            "10.10.0.0/28",
            "network.cluster is 10.10.0.0/28, room for 11 machines, but the cluster may grow to 21; "
            "choose a larger subnet or lower max-nodes",
        ),
        (
            "cluster/pod-range",
            "10.10.0.0/16",
            "cluster.pod-range is 10.10.0.0/16, which overlaps network.range 10.10.0.0/16; choose ranges apart",
        ),
        (
            "cluster/service-range",
            "10.40.128.0/20",
            "cluster.service-range is 10.40.128.0/20, which overlaps cluster.pod-range 10.40.0.0/16; "
            "choose ranges apart",
        ),
        (
            "cluster/service-range",
            "100.64.0.0/16",
            "service-range is 100.64.0.0/16; choose a private range (RFC 1918), such as 10.10.0.0/16",
        ),
        (
            "cluster/pools/base/min-nodes",
            10,
            "min-nodes is 10, above max-nodes 9; lower one or raise the other",
        ),
        (
            "cluster/gpu-pools/gpu/flavor",
            "m1.large",
            "cluster.gpu-pools.gpu.flavor is m1.large, which has no GPU; "
            "choose one that has, or move the pool to pools",
        ),
        (
            "cluster/pools/base/flavor",
            "g1.a30",
            "cluster.pools.base.flavor is g1.a30, whose GPUs would idle; choose one without, or use gpu-pools",
        ),
        (
            "cluster/pools/base/flavor",
            "m2.large",
            "cluster.pools.base.flavor is m2.large, of which nothing is known; describe it in flavors, "
            "or choose of m1.medium, m1.large, m1.xlarge, g1.a30",
        ),
        (
            "cluster/gpu-pools/base",
            {"flavor": "g1.a30", "min-nodes": 1, "max-nodes": 1, "disk-gib": 100},
            "gpu-pools names base, as does pools; node groups need different names",
        ),
        (
            "cluster/version",
            "v1.36.1",
            "image is ubuntu-2404-kube-v1.35.2, but version is v1.36.1; they move together",
        ),
        (
            "flavors/m1.large/gpus",
            1,
            "gpu is missing, but gpus is 1; say what a card has, or set gpus to 0",
        ),
        (
            "flavors/m1.large/gpu",
            {"memory-gib": 23, "compute-capability": 8.0},
            "gpus is 0, but gpu describes a card; say how many there are, or remove gpu",
        ),
        (
            "gateways/addresses",
            {"gateway-a": "10.10.128.3"},
            "addresses names gateway-a; name at least 2, or an update of one takes the bridge down",
        ),
        (
            "gateways/addresses/gateway-b",
            "10.10.0.4",
            "gateways.addresses.gateway-b is 10.10.0.4, outside network.gateways 10.10.128.0/28; "
            "choose one inside it",
        ),
        (
            "gateways/virtual-address",
            "10.10.128.1",
            "gateways.virtual-address is 10.10.128.1, which is the router; choose 10.10.128.2 or a later one",
        ),
        (
            "gateways/addresses/gateway-b",
            "10.10.128.2",
            "addresses.gateway-b is 10.10.128.2, as is virtual-address; choose different addresses",
        ),
        (
            "load-balancer/clients",
            ["0.0.0.0/0"],
            "clients names 0.0.0.0/0, which is everybody; name the ranges of the shop's servers",
        ),
        (
            "sync-reader/cloud",
            "rialto-prod",
            "sync-reader.cloud is rialto-prod, as is cloud, whose user may do everything here, and so would pods; "
            "give the sync-reader a user and an entry of clouds.yaml of its own",
        ),
        (
            "sync-reader/user-id",
            "2b9d4f6a8c0e4135b7d9f1a3c5e70929",
            "sync-reader.user-id is 2b9d4f6a8c0e4135b7d9f1a3c5e70929, as is reader.user-id, so Triton could read hot "
            "data; give the sync a user of its own",
        ),
        (
            "reader/cloud",
            "rialto-prod",
            "reader.cloud is rialto-prod, as is cloud, whose user may do everything here, and so would pods; "
            "give the reader a user and an entry of clouds.yaml of its own",
        ),
        (
            "reader/cloud",
            "rialto-prod-operator",
            "reader.cloud is rialto-prod-operator, as is operator.cloud, whose user may do everything here, and so "
            "would pods; give the reader a user and an entry of clouds.yaml of its own",
        ),
        (
            "credentials/roles",
            ["admin"],
            "roles names admin, which may do anything; choose member, or a narrower role",
        ),
    ],
)
def test_what_would_only_fail_in_the_cloud_is_refused_with_key_value_and_remedy(values, path, value, line):
    with pytest.raises(ValidationError) as error:
        OpenStackSettings.model_validate(spoil(values, path, value))

    assert [problem["msg"] for problem in error.value.errors()] == [f"Value error, {line}"]


def test_a_plain_http_object_store_is_refused(values):
    with pytest.raises(ValidationError, match="s3-endpoint"):
        OpenStackSettings.model_validate(spoil(values, "storage/s3-endpoint", "http://objects.example.com"))


@pytest.mark.parametrize(
    ("expires", "line"),
    [
        (
            date(2026, 6, 1),
            "expires is 2026-06-01, which has come; choose a later day, and `pulumi up` makes new ones",
        ),
        (
            date(2026, 5, 1),
            "expires is 2026-05-01, which has come; choose a later day, and `pulumi up` makes new ones",
        ),
        (date(2027, 7, 7), "expires is 2027-07-07, more than 400 days away; choose 2027-07-06 or before"),
    ],
)
def test_credentials_end_after_today_and_within_what_people_remember(expires, line):
    with pytest.raises(ValueError, match="expires") as error:
        require_current(expires, date(2026, 6, 1))

    assert str(error.value) == line


def test_a_day_once_accepted_stays_accepted_until_it_comes():
    for today in (date(2026, 6, 1), date(2026, 12, 31), date(2027, 7, 5)):
        require_current(date(2027, 7, 6), today)


def test_the_other_sides_are_told_all_ranges():
    ranges = OpenStackSettings.model_validate(chosen("prod")).ranges()

    assert {key: str(each) for key, each in ranges.items()} == {
        "network.range": "10.10.0.0/16",
        "cluster.pod-range": "10.40.0.0/16",
        "cluster.service-range": "172.21.0.0/16",
    }


def test_the_release_checks_are_told_what_each_pool_can_run():
    settings = OpenStackSettings.model_validate(chosen("prod"))

    assert settings.accelerators() == {"cluster.gpu-pools.gpu": 8.0}
    assert settings.memory_gib() == {"cluster.pools.base": (32, None), "cluster.gpu-pools.gpu": (64, 23)}


def test_a_private_cloud_without_gpus_is_one_without_accelerators():
    assert OpenStackSettings.model_validate(chosen("dev")).accelerators() == {}
