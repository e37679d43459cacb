"""The sync as `prod` has it, with stores of a test's choice."""

import pulumi

from infra.bridge.sync import Sync, SyncArgs
from infra.inference.store_access import StoreAccess, StoreKey
from infra.settings.residency import Label
from tests.infra.bridge.bridges import settings
from tests.recording import Declared, record

ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "made-up-secret"


def access(endpoint: str, ranges: list[str]) -> StoreAccess:
    key = StoreKey(access_key=ACCESS_KEY, secret_key=pulumi.Output.secret(SECRET_KEY))
    return StoreAccess(region="us-east-1", ranges=ranges, endpoint=endpoint, key=key)


def sync(
    private: str = "https://objects.cloud.example.com",
    public: str = "https://bucket.vpce.example",
    data_sets: dict[str, Label] | None = None,
) -> Declared:
    """The objects of the sync between the stores at these two endpoints."""
    chosen = data_sets or settings().residency.copied

    def program():
        Sync(
            "sync",
            SyncArgs(
                sync=settings().bridge.sync,
                data_sets=chosen,
                containers={name: f"rialto-prod-{name}" for name in chosen},
                bucket="hot",
                key_arn="arn:aws:kms:us-east-1:111122223333:key/objects",
                private=access(private, ["192.168.31.0/28"]),
                public=access(public, ["10.20.0.0/18"]),
                namespace="rialto",
                node_selector={"node-role.kubernetes.io/worker": ""},
            ),
        )
        return {}

    return record(program, stack="prod", computed={})
