"""What must agree between the parts of a hybrid stack file, each refusal as the line that a person sees."""

import json
from pathlib import Path

import pulumi
import pytest
import yaml

from infra.monitoring.image import IMAGES
from infra.settings import load_settings, stack

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def chosen():
    """The `prod` stack's settings as plain values, to be spoiled."""
    file = yaml.safe_load((PROJECT / "stacks" / "Pulumi.prod.yaml").read_text())
    return file["config"]["rialto:settings"]


@pytest.fixture
def refusal(monkeypatch, chosen):
    """Spoil the settings at a path; return the one line with which they are refused."""

    def refusal(path, value):
        group = chosen
        *groups, key = path if isinstance(path, tuple) else path.split(".")
        for name in groups:
            group = group[name]
        group[key] = value
        monkeypatch.setattr(pulumi.Config, "_get", lambda self, key, *_: json.dumps(chosen))
        monkeypatch.setattr(stack.pulumi, "get_stack", lambda: "prod")
        monkeypatch.setattr("pulumi.config.get_project", lambda: "rialto")
        with pytest.raises(pulumi.RunError) as error:
            load_settings()
        (line,) = str(error.value).splitlines()
        return line.removeprefix("stacks/Pulumi.prod.yaml: settings.")

    return refusal


def test_networks_of_two_sides_may_not_overlap(refusal):
    line = refusal("aws.cluster.service-range", "10.10.64.0/18")

    assert line == (
        "openstack.network.range is 10.10.0.0/16, which overlaps aws.cluster.service-range 10.10.64.0/18; "
        "choose ranges apart"
    )


def test_raw_data_may_not_lie_on_aws(refusal):
    line = refusal("residency.data-sets.interactions.held", ["openstack", "aws"])

    assert line == (
        "residency.data-sets.interactions.held names aws, but data labelled raw may lie in openstack only; "
        "remove aws, or make a pseudonymous copy of it and label that hot"
    )


def test_hot_data_lies_where_it_is_made_too(refusal):
    line = refusal("residency.data-sets.histories.held", ["aws"])

    assert line == (
        "residency.data-sets.histories.held is aws, but hot data is made from raw data in the private cloud; "
        "add openstack"
    )


def test_no_data_set_lies_where_training_code_does(refusal):
    line = refusal("residency.data-sets.code", {"label": "hot", "held": ["openstack", "aws"]})

    assert line == (
        "residency.data-sets names code, where AWS's bucket keeps training code; choose another name"
    )


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            "aws.network.range",
            "10.20.0.0/33",
            'aws.network.range is "10.20.0.0/33"; it must be an IPv4 network, such as 10.20.0.0/16',
        ),
        (
            "openstack.network.resolvers",
            ["dns.example"],
            'openstack.network.resolvers.0 is "dns.example"; it must be an IPv4 address, such as 10.20.0.5',
        ),
        (
            "openstack.network.resolvers",
            [],
            "openstack.network.resolvers has 0 entries; it must have at least 1",
        ),
        (
            "aws.gpu-pools.base.instance-types",
            "g6.xlarge",
            'aws.gpu-pools.base.instance-types is "g6.xlarge"; it must be a list, as in [a, b]',
        ),
        (
            "aws.network.zones",
            ["eu-central-1a"],
            'aws.network.zones is ["eu-central-1a"]; it must be a group of keys',
        ),
        (
            "inference.aws.min-replicas",
            20,
            "inference.aws.min-replicas is 20, above max-replicas 16; lower one or raise the other",
        ),
        (
            "release.digest",
            "sha256:123",
            "release.digest is \"sha256:123\"; it must match pattern '^sha256:[0-9a-f]{64}$'",
        ),
        (
            "residency.data-sets.interactions.label",
            "cold",
            "residency.data-sets.interactions.label is \"cold\"; it must be 'raw', 'hot' or 'release'",
        ),
    ],
)
def test_what_has_the_wrong_form_is_one_line_with_the_right_one(refusal, path, value, line):
    assert refusal(path, value) == line


def test_a_card_with_less_memory_than_the_release_needs_is_refused(refusal, chosen):
    chosen["inference"]["openstack"]["device"] = "gpu"
    flavor = chosen["openstack"]["cluster"]["gpu-pools"]["gpu"]["flavor"]
    line = refusal(("openstack", "flavors", flavor, "gpu", "memory-gib"), 1)

    assert line.startswith("openstack.cluster.gpu-pools.gpu has GPUs of 1 GiB, less than the ")
    assert line.endswith("choose larger GPUs, or lower inference.openstack.instances")


def test_there_is_one_data_set_of_releases_and_both_clouds_hold_it(refusal):
    assert refusal("residency.data-sets.releases.held", ["aws"]).startswith("residency.data-sets has 1")


def test_a_release_must_have_been_published(refusal):
    line = refusal("release.digest", f"sha256:{'0' * 64}")

    assert line.startswith(f'release.digest is "sha256:{"0" * 64}", a release without a record')
    assert "python -m serving.publish" in line


def test_a_release_must_fit_the_architecture_of_the_gpus(refusal, chosen):
    chosen["inference"]["openstack"]["device"] = "gpu"
    flavor = chosen["openstack"]["cluster"]["gpu-pools"]["gpu"]["flavor"]
    line = refusal(("openstack", "flavors", flavor, "gpu", "compute-capability"), 7.0)

    assert line == (
        "release.digest is a release in int8, which with Triton's image needs compute capability 7.5, but "
        "openstack.cluster.gpu-pools.gpu has GPUs of 7.0; choose newer GPUs or another release"
    )


def test_memory_below_what_the_release_needs_is_refused(refusal):
    line = refusal("inference.aws.memory-mib", 1024)

    assert line.startswith("inference.aws.memory-mib is 1024, but the release needs ")


def test_a_pod_larger_than_its_nodes_is_refused(refusal):
    line = refusal("inference.aws.memory-mib", 512 * 1024)

    assert line.startswith("aws.gpu-pools.base has nodes of ")
    assert line.endswith("choose larger nodes, or lower memory-mib")


def test_both_ends_of_the_bridge_name_the_same_gateways(refusal, chosen):
    gateways = chosen["bridge"]["gateways"]
    line = refusal(
        "bridge.gateways", {"gateway-a": gateways["gateway-a"], "gateway-c": gateways["gateway-b"]}
    )

    assert line == (
        "bridge.gateways names gateway-a, gateway-c, but openstack.gateways.addresses gateway-a, gateway-b; "
        "give every gateway machine its tunnels"
    )


def test_an_image_without_a_copy_on_aws_is_refused(refusal):
    line = refusal("inference.fetch-image.name", "registry.example.com/other/fetch")

    assert line.startswith(
        "inference.fetch-image.name is registry.example.com/other/fetch, of which aws.images"
    )


@pytest.mark.parametrize("image", IMAGES)
def test_a_monitoring_image_without_a_copy_on_aws_is_refused(refusal, chosen, image):
    kept = {name: each for name, each in chosen["aws"]["images"].items() if each != image}
    line = refusal("aws.images", kept)

    assert line == (
        f"aws.images has no copy of {image}, which inference.monitoring's charts run; add <name>: {image}, "
        "since nodes on AWS reach no other registry"
    )


def test_a_protected_stack_spans_three_zones(refusal, chosen):
    zones = chosen["aws"]["network"]["zones"]
    line = refusal("aws.network.zones", dict(list(zones.items())[:2]))

    assert line.startswith("aws.network.zones has 2, but a stack with protect spans at least 3")


def test_training_reads_only_what_aws_holds(refusal):
    line = refusal("training.data", {"source": "table", "data-set": "interactions", "path": "shop.toml"})

    assert line == (
        "training.data.data-set is interactions, which is no hot data set that AWS holds; "
        "choose one of histories"
    )


def test_an_unknown_key_deep_inside_is_answered_with_the_one_that_was_meant(refusal):
    line = refusal("aws.gpu-pools.base.max-node", 3)

    assert line == "aws.gpu-pools.base.max-node is not a setting; did you mean max-nodes?"


@pytest.mark.parametrize(
    ("key", "value"),
    [("slack.page", "rialto pages"), ("mail.to", "platform"), ("mail.host", "smtp"), ("mail.ranges", [])],
)
def test_a_receiver_that_nobody_could_reach_is_refused(refusal, key, value):
    assert f"inference.monitoring.receivers.{key}" in refusal(f"inference.monitoring.receivers.{key}", value)
