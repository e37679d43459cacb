"""The pods of a training run: one on each node, the same on all, told apart by their index."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.inference.pod_security import CONTAINER_SECURITY, unprivileged
from infra.inference.store_access import StoreAccess, store_environment
from infra.naming import TRAINING_ACCOUNT
from infra.scheduling import CAPACITY_LABEL, GPU_LABELS, GPU_RESOURCE, GPU_TAINT_KEY, GPU_TAINT_VALUE
from infra.settings.training import TrainingSettings

__all__ = ["LABELS", "PRIORITY_CLASS", "SERVICE", "JobArgs", "job_spec"]

LABELS = {"app.kubernetes.io/name": "training", "app.kubernetes.io/part-of": "rialto"}
PRIORITY_CLASS = "rialto-training"
SERVICE = "training"
# torchrun's own default (https://docs.pytorch.org/docs/stable/elastic/run.html).
RENDEZVOUS_PORT = 29500
WORK = "/work"
CODE = f"{WORK}/code"
DATA = f"{WORK}/data"
CACHE = f"{WORK}/cache"
# Shared memory for NCCL and for PyTorch's workers.
SHARED_MEMORY = "2Gi"
SCRATCH = "4Gi"
# Each failed pod counts; when one fails, all of a run do, and each starts again.
ATTEMPTS = 3
KEEP_SECONDS = 7 * 24 * 3600
HOUR_SECONDS = 3600

# One run: every node trains its share, the first one measures, seals and publishes what all have learnt. What is
# served does not change by it: that takes a digest in a stack file.
SCRIPT = """\
set -eu
torchrun --nnodes={nodes} --nproc-per-node=1 --node-rank="$JOB_COMPLETION_INDEX" \\
  --master-addr="$JOB_NAME-0.{service}" --master-port={port} \\
  -m model.train "$@"
[ "$JOB_COMPLETION_INDEX" = 0 ] || exit 0
python -m model.release "$@"
python -m serving.publish "$RIALTO_CACHE"/releases/*/ "$STORE"
"""


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """What is run, and where it comes from and goes to; images as this cluster pulls them."""

    training: TrainingSettings
    image: pulumi.Input[str]
    fetch_image: pulumi.Input[str]
    code: pulumi.Input[str]
    digest: str
    data: pulumi.Input[str] | None
    releases: pulumi.Input[str]
    access: StoreAccess


def job_spec(args: JobArgs) -> kubernetes.batch.v1.JobSpecArgsDict:
    """A job with a pod for each node."""
    nodes = args.training.nodes
    return {
        "completion_mode": "Indexed",
        "completions": nodes,
        "parallelism": nodes,
        "backoff_limit": ATTEMPTS * nodes,
        "active_deadline_seconds": args.training.max_hours * HOUR_SECONDS,
        "ttl_seconds_after_finished": KEEP_SECONDS,
        # A node that was taken away is nobody's failure.
        "pod_failure_policy": {
            "rules": [
                {"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]}
            ]
        },
        "template": {"metadata": {"labels": LABELS}, "spec": _pod(args)},
    }


def _pod(args: JobArgs) -> kubernetes.core.v1.PodSpecArgsDict:
    return unprivileged(
        TRAINING_ACCOUNT,
        {
            "priority_class_name": PRIORITY_CLASS,
            "restart_policy": "Never",
            # With the job's name and its index, the name under which the others find the first.
            "subdomain": SERVICE,
            "node_selector": GPU_LABELS,
            "tolerations": [
                {"key": GPU_TAINT_KEY, "operator": "Equal", "value": GPU_TAINT_VALUE, "effect": "NoSchedule"}
            ],
            "affinity": {"node_affinity": _spot_first()},
            "init_containers": [_stage(args)],
            "containers": [_train(args)],
            "volumes": [
                {"name": "work", "empty_dir": {"size_limit": f"{args.training.work_gib}Gi"}},
                {"name": "scratch", "empty_dir": {"size_limit": SCRATCH}},
                {"name": "shared-memory", "empty_dir": {"medium": "Memory", "size_limit": SHARED_MEMORY}},
            ],
        },
    )


def _spot_first() -> kubernetes.core.v1.NodeAffinityArgsDict:
    """What stays is for serving; a run that loses its node starts again."""
    return {
        "preferred_during_scheduling_ignored_during_execution": [
            {
                "weight": 100,
                "preference": {
                    "match_expressions": [{"key": CAPACITY_LABEL, "operator": "In", "values": ["spot"]}]
                },
            }
        ]
    }


def _stage(args: JobArgs) -> kubernetes.core.v1.ContainerArgsDict:
    data: list[pulumi.Input[str]] = [] if args.data is None else ["--data", args.data]
    return {
        "name": "stage",
        "image": args.fetch_image,
        "args": ["serving.stage", args.code, args.digest, WORK, *data],
        "env": store_environment(args.access),
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "volume_mounts": [
            {"name": "work", "mount_path": WORK},
            {"name": "scratch", "mount_path": "/tmp"},
        ],
    }


def _train(args: JobArgs) -> kubernetes.core.v1.ContainerArgsDict:
    training = args.training
    limits = {"memory": f"{training.memory_mib}Mi", GPU_RESOURCE: "1"}
    script = SCRIPT.format(nodes=training.nodes, service=SERVICE, port=RENDEZVOUS_PORT)
    return {
        "name": "train",
        "image": args.image,
        # The words after "train" are the script's "$@".
        "command": ["/bin/sh", "-c", script, "train", *_inputs(training)],
        "working_dir": CODE,
        "env": [
            *store_environment(args.access),
            {
                "name": "JOB_NAME",
                "value_from": {
                    "field_ref": {"field_path": "metadata.labels['batch.kubernetes.io/job-name']"}
                },
            },
            {"name": "STORE", "value": args.releases},
            # The release's manifest says which code made it.
            {"name": "RIALTO_COMMIT", "value": args.digest},
            {"name": "RIALTO_CACHE", "value": CACHE},
            {"name": "PYTHONPATH", "value": CODE},
            {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
            {"name": "HOME", "value": "/tmp"},
        ],
        "security_context": CONTAINER_SECURITY,
        "resources": {"requests": {"cpu": str(training.cores), **limits}, "limits": limits},
        "volume_mounts": [
            {"name": "work", "mount_path": WORK},
            {"name": "scratch", "mount_path": "/tmp"},
            {"name": "shared-memory", "mount_path": "/dev/shm"},
        ],
    }


def _inputs(training: TrainingSettings) -> list[str]:
    """The arguments that model.train and model.release both take."""
    data = training.data
    path = ["--path", f"{DATA}/{data.path}"] if data.path else []
    return ["--recipe", training.recipe, "--source", data.source, "--seed", str(training.seed), *path]
