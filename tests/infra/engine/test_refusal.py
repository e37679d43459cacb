"""What a preview refuses, in lines that name key, value and remedy; nobody asked a cloud by then."""

import pytest

pytestmark = pytest.mark.engine

UNKNOWN_RELEASE = f"sha256:{'0' * 64}"
# What one part of the settings can see by itself, all wrong at once: all is told at once.
WITHIN_A_GROUP = {
    "aws/network/zones/eu-central-1b": (
        {},
        "aws.network.zones.eu-central-1b.private is missing; add it",
    ),
    "aws/system-nodes/min-nodes": (
        4,
        "aws.system-nodes.min-nodes is 4, above max-nodes 2; lower one or raise",
    ),
    "aws/gpu-pools/base/instance-types": (
        ["m7i.large"],
        "aws.gpu-pools.base.instance-types names m7i.large, which has no GPU; choose one such as",
    ),
    "aws/cluster/version": (
        "1.31",
        "aws.cluster.version is 1.31, of which no end of support is known; choose one of",
    ),
    "release/digest": (
        UNKNOWN_RELEASE,
        f'release.digest is "{UNKNOWN_RELEASE}", a release without a record in stacks/releases',
    ),
    "residency/data-sets/interactions/held": (
        ["openstack", "aws"],
        "residency.data-sets.interactions.held names aws, but data labelled raw may lie in openstack only; remove aws",
    ),
    "openstack/cluster/max-pods": (1, "openstack.cluster.max-pods is not a setting; the keys here are"),
}
BETWEEN_GROUPS = {
    "overlapping networks": (
        {"openstack/cluster/pod-range": "10.120.0.0/16"},
        "openstack.cluster.pod-range is 10.120.0.0/16, which overlaps aws.network.range 10.120.0.0/16; choose ranges",
    ),
    "too little memory": (
        {"openstack/flavors/m1.large/memory-gib": 1},
        "openstack.cluster.pools.base has nodes of 1 GiB, less than inference.openstack.memory-mib 4096; choose larger",
    ),
}


@pytest.fixture(scope="module")
def estate(make):
    return make("dev")


@pytest.fixture
def refusal(estate):
    """The lines with which a preview with these settings is refused."""
    committed = estate.trial.config()

    def refuse(changes):
        for path, value in changes.items():
            estate.choose(path, value)
        lines = estate.refusal()
        assert not estate.calls()
        return lines

    yield refuse
    estate.trial.write(committed)


def test_all_that_is_wrong_inside_groups_is_told_at_once(refusal):
    lines = refusal({path: value for path, (value, _) in WITHIN_A_GROUP.items()})

    for _, told in WITHIN_A_GROUP.values():
        assert [line for line in lines if f"stacks/Pulumi.dev.yaml: settings.{told}" in line], (told, lines)


@pytest.mark.parametrize("name", BETWEEN_GROUPS)
def test_groups_that_contradict_each_other_are_told(refusal, name):
    changes, told = BETWEEN_GROUPS[name]

    assert [line for line in refusal(changes) if f"stacks/Pulumi.dev.yaml: settings.{told}" in line]


def test_secrets_that_are_missing_are_named_with_the_command_that_sets_them(estate, refusal):
    secrets = [key for key in estate.trial.config() if key != "rialto:settings"]
    estate.trial.write({"rialto:settings": estate.trial.config()["rialto:settings"]})

    lines = refusal({})

    assert secrets
    for key in secrets:
        assert f"secret {key} is missing; set it: pulumi config set --secret --stack dev {key}" in "\n".join(
            lines
        )
