"""What AwsSettings refuses, and what it tells the checks between the clouds."""

from datetime import date

import pytest
from pydantic import ValidationError

from infra.aws.instance_type import INSTANCE_TYPES, find
from infra.settings.aws import AwsSettings
from infra.settings.aws_cluster import require_supported


def spoil(values, path, value):
    *groups, key = path.split("/")
    level = values["aws"]
    for group in groups:
        level = level[group]
    level[key] = value
    return values["aws"]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "network/zones/eu-central-1b/private",
            "10.99.0.0/18",
            "zones.eu-central-1b.private is 10.99.0.0/18, outside range 10.20.0.0/16; choose a part of it",
        ),
        (
            "network/zones/eu-central-1b/private",
            "10.20.0.0/20",
            "zones.eu-central-1b.private is 10.20.0.0/20, which overlaps zones.eu-central-1a.private "
            "10.20.0.0/18; choose ranges apart",
        ),
        (
            "network/zones/eu-central-1b/private",
            "10.20.64.0/26",
            "zones.eu-central-1b.private is 10.20.64.0/26; pods take addresses by blocks of 16, "
            "so choose a /24 or larger",
        ),
        (
            "network/range",
            "8.8.0.0/16",
            "range is 8.8.0.0/16; choose a private range from /16 to /22, such as 10.20.0.0/16",
        ),
        (
            "network/zones/eu-west-1a",
            {"private": "10.20.192.0/18"},
            "network.zones names eu-west-1a, which is not in region eu-central-1; choose eu-central-1a, ...",
        ),
        (
            "gpu-pools/burst/zones",
            ["eu-central-1d"],
            "gpu-pools.burst.zones names eu-central-1d, which has no subnet; give it one in network.zones, "
            "or choose of eu-central-1a, eu-central-1b, eu-central-1c",
        ),
        (
            "gpu-pools/burst/min-nodes",
            13,
            "min-nodes is 13, above max-nodes 12; lower one or raise the other",
        ),
        (
            "gpu-pools/burst/instance-types",
            ["m7i.large"],
            "instance-types names m7i.large, which has no GPU; choose one such as g6.xlarge",
        ),
        (
            "gpu-pools/burst/instance-types",
            ["g6.xlarge", "g6.2xlarge"],
            "instance-types names g6.2xlarge beside g6.xlarge, which has other vCPUs, memory or GPUs; "
            "the autoscaler takes all nodes of a pool to be alike, so make it a pool of its own",
        ),
        (
            "gpu-pools/burst/instance-types",
            ["g6.xlrage"],
            "instance-types names g6.xlrage, of which nothing is known; choose g6.xlarge, ",
        ),
        (
            "system-nodes/min-nodes",
            0,
            "min-nodes is 0, but the autoscaler itself runs here; choose at least 1",
        ),
        (
            "cluster/version",
            "1.33",
            "version is 1.33, out of standard support from 2026-07-29; choose one of ",
        ),
        ("cluster/version", "1.99", "version is 1.99, of which no end of support is known; choose one of "),
        (
            "cluster/add-ons/kube-proxy",
            "v1.35.0-eksbuild.2",
            "add-ons.kube-proxy is v1.35.0-eksbuild.2, but version is 1.36; they move together",
        ),
        (
            "cluster/service-range",
            "100.64.0.0/16",
            "service-range is 100.64.0.0/16; choose a private range from /12 to /24, such as 10.20.0.0/16",
        ),
        (
            "autoscaler-image/tag",
            "v1.35.1",
            "autoscaler-image.tag is v1.35.1, but cluster.version is 1.36; they move together",
        ),
        (
            "autoscaler-image/name",
            "docker.io/somebody/autoscaler",
            "autoscaler-image is docker.io/somebody/autoscaler:v1.36.1, which nodes on AWS cannot pull: "
            "no copy of docker.io/somebody/autoscaler is kept; add <name>: docker.io/somebody/autoscaler",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_key_value_and_remedy(values, path, value, line):
    with pytest.raises(ValidationError) as error:
        AwsSettings.model_validate(spoil(values, path, value))

    assert f"Value error, {line}" in str(error.value)


@pytest.mark.parametrize("zones", [{}, {"eu-central-1a": {"private": "10.20.0.0/18"}}])
def test_a_network_of_less_than_two_zones_is_refused(values, zones):
    with pytest.raises(ValidationError, match="at least 2 items"):
        AwsSettings.model_validate(spoil(values, "network/zones", zones))


@pytest.mark.parametrize("account", ["11112222333", "1111-2222-3333", 111122223333])
def test_an_account_is_twelve_digits_in_quotes(values, account):
    with pytest.raises(ValidationError, match="account"):
        AwsSettings.model_validate(spoil(values, "account", account))


def test_a_version_is_refused_a_month_before_aws_upgrades_it_by_itself():
    require_supported("1.35", date(2027, 2, 24))
    with pytest.raises(
        ValueError, match=r"version is 1\.35, out of standard support from 2027-03-27; choose one of 1\.36"
    ):
        require_supported("1.35", date(2027, 2, 25))


def test_when_no_known_version_is_supported_the_remedy_is_to_look_them_up():
    with pytest.raises(ValueError, match="look up the versions that AWS supports now"):
        require_supported("1.36", date(2030, 1, 1))


def test_ranges_are_those_that_routes_could_confuse(values):
    settings = AwsSettings.model_validate(values["aws"])

    assert {key: str(each) for key, each in settings.ranges().items()} == {
        "network.range": "10.20.0.0/16",
        "cluster.service-range": "172.20.0.0/16",
    }


def test_a_pool_is_as_capable_as_its_least_capable_type(values):
    settings = AwsSettings.model_validate(
        spoil(values, "gpu-pools/burst/instance-types", ["g6.xlarge", "g4dn.xlarge"])
    )

    assert settings.accelerators() == {"gpu-pools.base": 8.9, "gpu-pools.burst": 7.5}
    assert settings.memory_gib() == {"gpu-pools.base": (16, 22), "gpu-pools.burst": (16, 15)}


def test_a_type_has_a_gpu_model_exactly_if_it_has_gpus():
    assert all((each.gpus > 0) == (each.gpu is not None) for each in INSTANCE_TYPES.values())


def test_a_type_unlike_any_known_is_answered_with_all_of_them():
    with pytest.raises(ValueError, match=r"choose g4dn\.12xlarge, .*, p5\.4xlarge"):
        find("zzz")
