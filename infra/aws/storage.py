"""Where hot data and releases lie on AWS, and the copies of the images that nodes may pull."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.bucket import ACCESS_LOG_PREFIX, Bucket, BucketArgs
from infra.aws.image import repository_of, version_of
from infra.settings.aws import StoreSettings
from infra.settings.residency import Label

__all__ = ["Storage", "StorageArgs"]

# An image that lost its tag is one that a failed push left.
UNTAGGED_IMAGE_DAYS = 14
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
UNTAGGED = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "Left by a failed push",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_IMAGE_DAYS,
            },
            "action": {"type": "expire"},
        }
    ]
}


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """What is stored, and how it is protected."""

    store: StoreSettings
    data_sets: Mapping[str, Label]
    images: Mapping[str, str]
    repository_prefix: str
    account: str
    log_days: int
    objects_key_arn: pulumi.Input[str]
    images_key_arn: pulumi.Input[str]
    protect: bool


class Storage(pulumi.ComponentResource):
    """One bucket with a prefix for each data set, the log of its readers, and a repository for each image."""

    bucket: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    stores: Mapping[str, pulumi.Output[str]]
    repository_urls: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:aws:Storage", name, None, opts)
        self._images = args.images
        store = self._store(name, args)
        self.bucket, self.bucket_arn = store.bucket, store.arn
        self.stores = {
            each: pulumi.Output.concat("s3://", store.bucket, f"/{each}") for each in args.data_sets
        }
        self.repository_urls = {each: self._repository(name, each, args) for each in args.images}
        self.register_outputs(
            {
                "bucket": self.bucket,
                "bucket_arn": self.bucket_arn,
                "stores": self.stores,
                "repository_urls": self.repository_urls,
            }
        )

    def image(self, image: str) -> pulumi.Output[str]:
        """Return our copy of a public image, with the same tag and digest; ValueError if none is kept."""
        return pulumi.Output.concat(
            self.repository_urls[repository_of(image, self._images)], version_of(image)
        )

    def _store(self, name: str, args: StorageArgs) -> Bucket:
        inside = pulumi.ResourceOptions(parent=self)
        releases = [each for each, label in args.data_sets.items() if label == "release"]
        store = Bucket(
            name,
            BucketArgs(
                account=args.account,
                protect=args.protect,
                noncurrent_days=args.store.noncurrent_days,
                key_arn=args.objects_key_arn,
                write_once=releases,
            ),
            inside,
        )
        # Who read which history is evidence, so it lies apart; S3 writes it with its own key only.
        log = Bucket(
            f"{name}-access",
            BucketArgs(
                account=args.account,
                protect=args.protect,
                noncurrent_days=args.store.noncurrent_days,
                expire_days=args.log_days,
                access_log_of=store.arn,
            ),
            inside,
        )
        aws.s3.BucketLogging(
            name, bucket=store.bucket, target_bucket=log.bucket, target_prefix=ACCESS_LOG_PREFIX, opts=inside
        )
        return store

    def _repository(self, name: str, image: str, args: StorageArgs) -> pulumi.Output[str]:
        inside = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            f"{name}-{image}",
            name=f"{args.repository_prefix}/{image}",
            # A tag that was reviewed means the same image for ever.
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.images_key_arn}],
            force_delete=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-{image}", repository=repository.name, policy=json.dumps(UNTAGGED), opts=inside
        )
        return repository.repository_url
