import pytest
from pulumi.runtime.proto import provider_pb2

from scripts.standins.wire import UNKNOWN, secret

NODES = "aws:eks/nodeGroup:NodeGroup"
SUBNET = "aws:ec2/subnet:Subnet"
Kind = provider_pb2.PropertyDiff.Kind


def kinds(diff):
    return {path: Kind.Name(each.kind) for path, each in diff.detailedDiff.items()}


def test_equal_inputs_are_no_difference(aws):
    inputs = {"scalingConfig": {"maxSize": 3}, "subnetIds": ["a", "b"]}

    diff = aws.diff(NODES, inputs, inputs)

    assert diff.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not diff.detailedDiff


def test_a_difference_names_the_path_and_nothing_around_it(aws):
    diff = aws.diff(
        NODES,
        {"scalingConfig": {"maxSize": 3, "minSize": 0}},
        {"scalingConfig": {"maxSize": 9, "minSize": 0}},
    )

    assert kinds(diff) == {"scalingConfig.maxSize": "UPDATE"}
    assert list(diff.diffs) == ["scalingConfig"]
    assert not diff.replaces


def test_what_is_added_and_what_is_gone_are_told_apart(aws):
    diff = aws.diff(
        NODES, {"labels": {"a/b": "1"}, "taints": [{"key": "x"}]}, {"labels": {"c": "1"}, "taints": []}
    )

    assert kinds(diff) == {'labels["a/b"]': "DELETE", "labels.c": "ADD", "taints[0]": "DELETE"}


@pytest.mark.parametrize(
    ("package", "token", "old", "new"),
    [
        ("aws", SUBNET, {"cidrBlock": "10.0.0.0/24"}, {"cidrBlock": "10.0.1.0/24"}),
        ("aws", "aws:s3/bucketVersioning:BucketVersioning", {"bucket": "a"}, {"bucket": "b"}),
        (
            "openstack",
            "openstack:identity/applicationCredential:ApplicationCredential",
            {"expiresAt": "2026"},
            {"expiresAt": "2027"},
        ),
        ("kubernetes", "kubernetes:core/v1:ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2"}}),
        (
            "kubernetes",
            "kubernetes:apps/v1:Deployment",
            {"metadata": {"name": "a"}},
            {"metadata": {"name": "b"}},
        ),
    ],
)
def test_what_no_cloud_changes_in_place_is_replaced(request, package, token, old, new):
    diff = request.getfixturevalue(package).diff(token, old, new)

    assert list(diff.replaces) == list(old)
    assert set(kinds(diff).values()) == {"UPDATE_REPLACE"}


def test_a_name_that_a_person_chose_is_freed_before_its_successor_takes_it(aws):
    chosen = aws.diff(
        NODES, {"nodeGroupName": "gpu", "diskSize": 20}, {"nodeGroupName": "gpu", "diskSize": 30}
    )
    olds = aws.check(NODES, {"diskSize": 20})
    made_up = aws.diff(NODES, olds, aws.check(NODES, {"diskSize": 30}, olds))

    assert chosen.deleteBeforeReplace
    assert not made_up.deleteBeforeReplace


def test_a_value_that_is_not_known_yet_is_a_difference(aws):
    assert kinds(aws.diff(SUBNET, {"vpcId": "vpc-1"}, {"vpcId": UNKNOWN})) == {"vpcId": "UPDATE_REPLACE"}


def test_a_secret_differs_by_its_value_only(aws):
    token = "aws:ec2/vpnConnection:VpnConnection"

    assert not aws.diff(
        token, {"tunnel1PresharedKey": "k"}, {"tunnel1PresharedKey": secret("k")}
    ).detailedDiff
    assert aws.diff(
        token, {"tunnel1PresharedKey": secret("k")}, {"tunnel1PresharedKey": secret("l")}
    ).detailedDiff


def test_a_file_differs_by_its_hash_only(aws):
    def file(path, digest):
        mark = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"}
        return {"source": {**mark, "path": path, "hash": digest}}

    token = "aws:s3/bucketObjectv2:BucketObjectv2"

    assert not aws.diff(token, file("/a", "1"), file("/b", "1")).detailedDiff
    assert kinds(aws.diff(token, file("/a", "1"), file("/a", "2"))) == {"source": "UPDATE"}
