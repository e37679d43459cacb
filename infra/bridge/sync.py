"""The sync: hot data and releases, copied from the private object store over the bridge to AWS, again and again.

The containers are its queue: writes go on into them while the bridge is down, and the next copy brings what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.bridge.alerts import SYNC
from infra.bridge.rclone import MAX_MINUTES, PRIVATE, PUBLIC, arguments, environment, folder, steps
from infra.inference.network_policy import to_names, to_store
from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.store_access import FILE_MODE, StoreAccess, store_secret
from infra.inference.workload import service_account
from infra.settings.bridge_sync import SyncSettings
from infra.settings.residency import Label

__all__ = ["Sync", "SyncArgs"]

LABELS = {"app.kubernetes.io/name": SYNC, "app.kubernetes.io/part-of": "rialto"}
# Both steps of a release, and the start of a pod.
DEADLINE_SECONDS = (2 * MAX_MINUTES + 5) * 60
# A start that was missed by more is left to the next one.
LATE_SECONDS = 300
SCRATCH = "64Mi"


@dataclass(frozen=True, kw_only=True)
class SyncArgs:
    """What is copied, from where to where, and by whom.

    `data_sets` are labels and `containers` names in the private store, both by data set; each becomes a prefix of
    AWS's `bucket`, encrypted with `key_arn`. `namespace` is that of Inference, which refuses all connections not
    allowed here.
    """

    sync: SyncSettings
    data_sets: Mapping[str, Label]
    containers: Mapping[str, pulumi.Input[str]]
    bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    private: StoreAccess
    public: StoreAccess
    namespace: pulumi.Input[str]
    node_selector: Mapping[str, str]


class Sync(pulumi.ComponentResource):
    """One schedule for each data set, so that each has an age of its own; nothing is ever deleted on AWS."""

    def __init__(self, name: str, args: SyncArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:bridge:Sync", name, None, opts)
        self._prefix, self._args = name, args
        self._inside = pulumi.ResourceOptions(parent=self)
        before = pulumi.ResourceOptions(parent=self, depends_on=self._around())
        for data_set, label in args.data_sets.items():
            kubernetes.batch.v1.CronJob(
                f"{name}-{data_set}",
                metadata=self._here(f"{SYNC}-{data_set}"),
                spec={
                    "schedule": f"*/{args.sync.every_minutes} * * * *",
                    "concurrency_policy": "Forbid",
                    "starting_deadline_seconds": LATE_SECONDS,
                    "successful_jobs_history_limit": 1,
                    "failed_jobs_history_limit": 3,
                    "job_template": {"metadata": {"labels": LABELS}, "spec": self._job(data_set, label)},
                },
                opts=before,
            )
        self.register_outputs({})

    def _here(self, name: str) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": self._args.namespace, "labels": LABELS}

    def _around(self) -> list[pulumi.Resource]:
        """Declare what the pods need beside their template."""
        name, args, inside = self._prefix, self._args, self._inside
        secrets = [
            store_secret(f"{name}-{remote}", access, self._here(f"{SYNC}-{remote}"), inside)
            for remote, access in ((PRIVATE, args.private), (PUBLIC, args.public))
        ]
        account = service_account(name, self._here(SYNC), inside)
        flows = kubernetes.networking.v1.NetworkPolicy(
            name,
            metadata=self._here(SYNC),
            spec={
                "pod_selector": {"match_labels": LABELS},
                "policy_types": ["Ingress", "Egress"],
                "egress": [to_names(), *to_store(args.private), *to_store(args.public)],
            },
            opts=inside,
        )
        return [*(each for each in secrets if each), account, flows]

    def _job(self, data_set: str, label: Label) -> kubernetes.batch.v1.JobSpecArgsDict:
        return {
            # The next copy is the retry.
            "backoff_limit": 0,
            "active_deadline_seconds": DEADLINE_SECONDS,
            "template": {"metadata": {"labels": LABELS}, "spec": self._pod(data_set, label)},
        }

    def _pod(self, data_set: str, label: Label) -> kubernetes.core.v1.PodSpecArgsDict:
        args = self._args
        *first, last = (
            self._container(step, arguments(flags, args.containers[data_set], args.bucket, data_set))
            for step, flags in steps(label).items()
        )
        return unprivileged(
            SYNC,
            {
                "restart_policy": "Never",
                "node_selector": args.node_selector,
                "init_containers": first,
                "containers": [last],
                "volumes": [{"name": "scratch", "empty_dir": {"size_limit": SCRATCH}}, *_key_volumes()],
            },
        )

    def _container(self, name: str, words: list[pulumi.Input[str]]) -> kubernetes.core.v1.ContainerArgsDict:
        args = self._args
        variables = environment(args.private, args.public, args.key_arn)
        return {
            "name": name,
            "image": args.sync.image.reference,
            "command": ["rclone"],
            "args": words,
            "env": [{"name": key, "value": value} for key, value in variables.items()],
            "security_context": CONTAINER_SECURITY,
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
            "volume_mounts": [{"name": "scratch", "mount_path": "/tmp"}, *_key_mounts()],
        }


def _key_volumes() -> list[kubernetes.core.v1.VolumeArgsDict]:
    return [
        {"name": each, "secret": {"secret_name": f"{SYNC}-{each}", "default_mode": FILE_MODE}}
        for each in (PRIVATE, PUBLIC)
    ]


def _key_mounts() -> list[kubernetes.core.v1.VolumeMountArgsDict]:
    return [{"name": each, "mount_path": folder(each), "read_only": True} for each in (PRIVATE, PUBLIC)]
