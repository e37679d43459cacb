"""Buckets and repositories."""

import json

import pytest

from infra.aws.image import repository_of, version_of

BUCKET = "aws:s3/bucket:Bucket"
PREFIX = "aws:s3/bucket"
IMAGES = {"tritonserver": "nvcr.io/nvidia/tritonserver", "ours": "registry.example:5000/rialto/ours"}


def of_each_bucket(declared, kind):
    found = {each.name: each.inputs for each in declared.of_type(f"{PREFIX}{kind}:Bucket{kind}")}
    assert set(found) == {each.name for each in declared.of_type(BUCKET)}
    return found


def statements(declared, bucket):
    policy = of_each_bucket(declared, "Policy")[bucket]["policy"]
    return {each["Sid"]: each for each in json.loads(policy)["Statement"]}


def test_every_bucket_is_encrypted(prod):
    rules = of_each_bucket(prod, "ServerSideEncryptionConfiguration")
    chosen = {name: each["rules"][0]["applyServerSideEncryptionByDefault"] for name, each in rules.items()}

    assert chosen == {
        "aws-store": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:::key/aws-keys-objects"},
        # S3 delivers access logs only where its own key is.
        "aws-store-access": {"sseAlgorithm": "AES256"},
    }


def test_no_bucket_can_become_public(prod):
    for name, each in of_each_bucket(prod, "PublicAccessBlock").items():
        blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert all(each[key] for key in blocks), name
    for each in of_each_bucket(prod, "OwnershipControls").values():
        assert each["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


@pytest.mark.parametrize("bucket", ["aws-store", "aws-store-access"])
def test_every_bucket_refuses_plain_http_old_tls_and_other_accounts(prod, bucket):
    found = statements(prod, bucket)

    for sid in ("PlainHttp", "OldTls", "OtherAccounts"):
        assert (found[sid]["Effect"], found[sid]["Principal"], found[sid]["Action"]) == (
            "Deny",
            "*",
            ["s3:*"],
        )
        assert found[sid]["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    assert found["PlainHttp"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_store_refuses_another_key(prod):
    found = statements(prod, "aws-store")

    assert found["OtherEncryption"]["Condition"]["StringNotEquals"] == {
        "s3:x-amz-server-side-encryption": "aws:kms"
    }
    assert list(found["OtherKey"]["Condition"]["StringNotEquals"].values()) == [
        "arn:aws:kms:::key/aws-keys-objects"
    ]


def test_a_release_is_never_overwritten_by_anybody(prod):
    refused = statements(prod, "aws-store")["Overwriting"]

    assert (refused["Effect"], refused["Principal"]) == ("Deny", "*")
    assert refused["Resource"] == ["arn:aws:s3:::aws-store/releases/*"]
    assert refused["Condition"]["Null"] == {"s3:if-none-match": "true"}


def test_what_was_overwritten_or_deleted_can_be_brought_back_for_a_while(prod):
    for each in of_each_bucket(prod, "Versioning").values():
        assert each["versioningConfiguration"] == {"status": "Enabled"}
    for each in of_each_bucket(prod, "LifecycleConfiguration").values():
        rules = {rule["id"]: rule for rule in each["rules"]}
        assert rules["noncurrent-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 90}
        assert rules["unfinished-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_who_read_what_is_logged_into_another_bucket(prod):
    log = prod.only("aws:s3/bucketLogging:BucketLogging").inputs

    assert (log["bucket"], log["targetBucket"]) == ("aws-store", "aws-store-access")
    written = statements(prod, "aws-store-access")["AccessLog"]
    assert written["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:s3:::aws-store"}


def test_only_a_protected_stack_refuses_to_lose_data(prod, dev):
    for type_ in (BUCKET, "aws:kms/key:Key", "aws:ecr/repository:Repository"):
        assert all(each.protect for each in prod.of_type(type_))
        assert not any(each.protect for each in dev.of_type(type_))
    assert not any(each.inputs["forceDestroy"] for each in prod.of_type(BUCKET))
    assert all(each.inputs["forceDestroy"] for each in dev.of_type(BUCKET))


def test_each_data_set_held_on_aws_has_its_prefix(prod):
    assert prod.outputs["stores"] == {
        "histories": "s3://aws-store/histories",
        "releases": "s3://aws-store/releases",
    }


def test_images_cannot_change_behind_their_tag_and_are_scanned(prod):
    for each in prod.of_type("aws:ecr/repository:Repository"):
        assert each.inputs["imageTagMutability"] == "IMMUTABLE"
        assert each.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert each.inputs["encryptionConfigurations"] == [
            {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:::key/aws-keys-images"}
        ]


def test_keys_rotate_and_are_not_gone_at_once(prod):
    for each in prod.of_type("aws:kms/key:Key"):
        assert each.inputs["enableKeyRotation"] is True
        assert each.inputs["deletionWindowInDays"] == 30


@pytest.mark.parametrize(
    ("image", "repository", "version"),
    [
        ("nvcr.io/nvidia/tritonserver:26.10-py3", "tritonserver", ":26.10-py3"),
        ("nvcr.io/nvidia/tritonserver@sha256:ab", "tritonserver", "@sha256:ab"),
        ("nvcr.io/nvidia/tritonserver:26.10-py3@sha256:ab", "tritonserver", ":26.10-py3@sha256:ab"),
        ("registry.example:5000/rialto/ours:1", "ours", ":1"),
        ("registry.example:5000/rialto/ours", "ours", ""),
    ],
)
def test_an_image_becomes_our_copy_with_the_same_tag_and_digest(image, repository, version):
    assert repository_of(image, IMAGES) == repository
    assert version_of(image) == version


def test_an_image_without_a_copy_is_refused_before_a_node_cannot_pull_it():
    with pytest.raises(ValueError, match=r"image is docker.io/x/y:1, which nodes on AWS cannot pull"):
        repository_of("docker.io/x/y:1", IMAGES)


def test_the_autoscaler_runs_from_our_copy(prod):
    pod = prod.only("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]

    assert pod["containers"][0]["image"] == "registry.example/rialto/cluster-autoscaler:v1.36.1"
