"""Training in the GPU cluster: the code as a bundle, a run every night, and one whenever somebody asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.inference.network_policy import to_names, to_store
from infra.inference.store_access import StoreAccess
from infra.inference.workload import service_account
from infra.naming import CODE_PREFIX, TRAINING_ACCOUNT, release_prefix
from infra.settings.training import TrainingSettings
from infra.training.bundle import Bundle, bundle
from infra.training.job import LABELS, PRIORITY_CLASS, SERVICE, JobArgs, job_spec

__all__ = ["Training", "TrainingArgs"]

ROOT = Path(__file__).parents[2]
BUNDLES = ROOT / ".rialto" / "bundles"
# Below serving's, and it never takes a node from anybody.
PRIORITY = 1_000
# A run that could not start within the hour waits for the next night.
LATE_SECONDS = 3600
# 31 February: the template of runs that somebody starts, which nothing starts by itself.
NEVER = "0 0 31 2 *"


@dataclass(frozen=True, kw_only=True)
class TrainingArgs:
    """What is trained, where, and who may reach what; images as this cluster pulls them.

    `bucket` gets the code. `data` and `releases` are data sets' addresses (s3://bucket/prefix); `data` is None where
    the source brings its own. `namespace` is that of Inference, which refuses all connections not allowed here.
    """

    training: TrainingSettings
    namespace: pulumi.Input[str]
    image: pulumi.Input[str]
    fetch_image: pulumi.Input[str]
    bucket: pulumi.Input[str]
    data: pulumi.Input[str] | None
    releases: pulumi.Input[str]
    access: StoreAccess


class Training(pulumi.ComponentResource):
    """Runs model/ on as many GPU nodes as chosen and writes the release back under its digest; serves nothing."""

    code: pulumi.Output[str]
    command: pulumi.Output[str]

    def __init__(self, name: str, args: TrainingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rialto:training:Training", name, None, opts)
        self._prefix, self._args = name, args
        self._inside = pulumi.ResourceOptions(parent=self)
        packed = bundle(ROOT)
        uploaded = self._upload(packed)
        self.code = pulumi.Output.concat("s3://", args.bucket, "/", uploaded.key)
        job = job_spec(
            JobArgs(
                training=args.training,
                image=args.image,
                fetch_image=args.fetch_image,
                code=self.code,
                digest=packed.digest,
                data=args.data,
                releases=args.releases,
                access=args.access,
            )
        )
        before = pulumi.ResourceOptions(parent=self, depends_on=self._around())
        self._cron("nightly", job, args.training.schedule, False, before)
        on_demand = self._cron("on-demand", job, NEVER, True, before)
        self.command = on_demand.metadata.apply(
            lambda metadata: (
                f"kubectl -n {metadata.namespace} create job --from=cronjob/{metadata.name} training-$(date +%s)"
            )
        )
        self.register_outputs({"code": self.code, "command": self.command})

    def _upload(self, packed: Bundle) -> aws.s3.BucketObjectv2:
        return aws.s3.BucketObjectv2(
            f"{self._prefix}-code",
            bucket=self._args.bucket,
            key=f"{CODE_PREFIX}/{release_prefix(packed.digest)}.zip",
            source=pulumi.FileAsset(str(packed.write(BUNDLES))),
            content_type="application/zip",
            # A run that is under way, or a release that names it, may still want the code that went before.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

    def _here(self, name: str) -> kubernetes.meta.v1.ObjectMetaArgsDict:
        return {"name": name, "namespace": self._args.namespace, "labels": LABELS}

    def _around(self) -> list[pulumi.Resource]:
        """Declare what a run's pods need beside their template."""
        name, inside = self._prefix, self._inside
        return [
            service_account(name, self._here(TRAINING_ACCOUNT), inside),
            kubernetes.scheduling.v1.PriorityClass(
                name,
                metadata={"name": PRIORITY_CLASS},
                value=PRIORITY,
                preemption_policy="Never",
                description="Training waits for serving.",
                opts=inside,
            ),
            kubernetes.core.v1.Service(
                name,
                # Most of the time there is no pod to wait for.
                metadata={**self._here(SERVICE), "annotations": {"pulumi.com/skipAwait": "true"}},
                spec={
                    "cluster_ip": "None",
                    "selector": LABELS,
                    # The pods meet before any of them could be called ready.
                    "publish_not_ready_addresses": True,
                },
                opts=inside,
            ),
            self._flows(),
        ]

    def _flows(self) -> kubernetes.networking.v1.NetworkPolicy:
        each_other: kubernetes.networking.v1.NetworkPolicyPeerArgsDict = {
            "pod_selector": {"match_labels": LABELS}
        }
        return kubernetes.networking.v1.NetworkPolicy(
            self._prefix,
            metadata=self._here(SERVICE),
            spec={
                "pod_selector": {"match_labels": LABELS},
                "policy_types": ["Ingress", "Egress"],
                # NCCL chooses its ports itself.
                "ingress": [{"from_": [each_other]}],
                "egress": [{"to": [each_other]}, to_names(), *to_store(self._args.access)],
            },
            opts=self._inside,
        )

    def _cron(
        self,
        key: str,
        job: kubernetes.batch.v1.JobSpecArgsDict,
        schedule: str,
        suspend: bool,
        opts: pulumi.ResourceOptions,
    ) -> kubernetes.batch.v1.CronJob:
        return kubernetes.batch.v1.CronJob(
            f"{self._prefix}-{key}",
            metadata=self._here(f"training-{key}"),
            spec={
                "schedule": schedule,
                "time_zone": self._args.training.time_zone,
                "suspend": suspend,
                "concurrency_policy": "Forbid",
                "starting_deadline_seconds": LATE_SECONDS,
                "successful_jobs_history_limit": 3,
                "failed_jobs_history_limit": 3,
                "job_template": {"metadata": {"labels": LABELS}, "spec": job},
            },
            opts=opts,
        )
