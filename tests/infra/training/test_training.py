import os
import subprocess
from pathlib import Path

import pytest

from infra.training.bundle import bundle
from tests.infra.inference.estate import trained, training
from tests.manifests import manifests, of_kind, pod_specs

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def declared():
    """Training as `prod` has it."""
    return trained()


@pytest.fixture(scope="module")
def objects(declared):
    return manifests(declared)


@pytest.fixture(scope="module")
def pod(objects):
    first, second = pod_specs(objects)
    assert first == second, "the nightly run and the one on demand must be the same"
    return first


def cron(objects, name):
    (found,) = [each["spec"] for each in of_kind(objects, "CronJob") if each["metadata"]["name"] == name]
    return found


def test_the_code_lies_in_the_bucket_under_its_digest(declared):
    stored = declared.only("aws:s3/bucketObjectv2:BucketObjectv2")
    hex_ = bundle(PROJECT).hex

    assert stored.inputs["key"] == f"code/sha256/{hex_}.zip"
    assert declared.outputs["code"] == f"s3://bucket/code/sha256/{hex_}.zip"
    assert stored.retained


def test_every_pod_proves_the_code_before_it_runs(pod):
    (stage,) = pod["initContainers"]

    assert stage["args"][:3] == [
        "serving.stage",
        f"s3://bucket/code/sha256/{bundle(PROJECT).hex}.zip",
        bundle(PROJECT).digest,
    ]


def test_the_nightly_run_starts_by_itself_and_never_beside_another(objects):
    nightly = cron(objects, "training-nightly")

    assert (nightly["schedule"], nightly["suspend"]) == ("30 2 * * *", False)
    assert nightly["concurrencyPolicy"] == "Forbid"
    assert nightly["timeZone"] == "Europe/Berlin"


def test_the_run_on_demand_is_a_template_that_starts_when_somebody_says_so(declared, objects):
    assert cron(objects, "training-on-demand")["suspend"] is True
    assert declared.outputs["command"] == (
        "kubectl -n rialto create job --from=cronjob/training-on-demand training-$(date +%s)"
    )


@pytest.mark.parametrize("nodes", [1, 4])
def test_a_run_has_a_pod_for_each_node_and_each_a_card(nodes):
    objects = manifests(trained(training(nodes=nodes)))
    job = cron(objects, "training-nightly")["jobTemplate"]["spec"]

    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", nodes, nodes)
    for pod in pod_specs(objects):
        assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert f"--nnodes={nodes} --nproc-per-node=1" in pod["containers"][0]["command"][2]


def test_training_pods_run_on_gpu_nodes_and_wait_for_serving(objects, pod):
    (priority,) = of_kind(objects, "PriorityClass")

    assert pod["nodeSelector"] == {"rialto.shop/accelerator": "nvidia"}
    assert [each["key"] for each in pod["tolerations"]] == ["nvidia.com/gpu"]
    assert (priority["value"], priority["preemptionPolicy"]) == (1000, "Never")
    assert pod["priorityClassName"] == priority["metadata"]["name"]


def test_pods_find_the_first_of_them_by_name(objects, pod):
    (service,) = of_kind(objects, "Service")

    assert pod["subdomain"] == service["metadata"]["name"] == "training"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert '--master-addr="$JOB_NAME-0.training"' in pod["containers"][0]["command"][2]


def test_training_reaches_itself_dns_the_store_and_nothing_else(objects):
    (policy,) = of_kind(objects, "NetworkPolicy")
    spec = policy["spec"]
    itself = {"podSelector": spec["podSelector"]}

    assert spec["ingress"] == [{"from": [itself]}]
    assert spec["egress"][0] == {"to": [itself]}
    assert [sorted(port["port"] for port in rule["ports"]) for rule in spec["egress"][1:]] == [
        [53, 53],
        [443],
        [80],
    ]


def test_no_container_has_more_rights_than_it_needs(pod):
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_nothing_of_what_is_served_is_touched(objects, pod):
    assert not {each["kind"] for each in objects} & {
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
    }
    assert "kubectl" not in pod["containers"][0]["command"][2]


def test_data_is_laid_beside_the_code_where_the_source_reads_a_file():
    data = {"source": "table", "data-set": "histories", "path": "shop.toml"}
    (pod, _) = pod_specs(manifests(trained(training(data=data), "s3://bucket/histories")))

    assert pod["initContainers"][0]["args"][-2:] == ["--data", "s3://bucket/histories"]
    assert pod["containers"][0]["command"][-2:] == ["--path", "/work/data/shop.toml"]


@pytest.mark.parametrize(("index", "called"), [("0", ["torchrun", "python", "python"]), ("1", ["torchrun"])])
def test_all_train_and_the_first_alone_publishes(pod, tmp_path, index, called):
    """Run the script that the pods run, with stand-ins that note how they were called."""
    (tmp_path / "releases" / "production-1234").mkdir(parents=True)
    for name in ("torchrun", "python"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/calls\n')
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "JOB_COMPLETION_INDEX": index,
        "JOB_NAME": "training-42",
        "RIALTO_CACHE": str(tmp_path),
        "STORE": "s3://bucket/releases",
    }

    subprocess.run(pod["containers"][0]["command"], env=environment, check=True)

    calls = (tmp_path / "calls").read_text().splitlines()
    inputs = "--recipe production --source completejourney --seed 0"
    assert [line.split()[0] for line in calls] == called
    assert calls[0] == (
        f"torchrun --nnodes=2 --nproc-per-node=1 --node-rank={index} --master-addr=training-42-0.training "
        f"--master-port=29500 -m model.train {inputs}"
    )
    if index == "0":
        assert calls[1] == f"python -m model.release {inputs}"
        assert (
            calls[2] == f"python -m serving.publish {tmp_path}/releases/production-1234/ s3://bucket/releases"
        )


def test_a_run_that_hangs_is_ended_and_one_that_lost_its_node_starts_again(objects):
    job = cron(objects, "training-nightly")["jobTemplate"]["spec"]

    assert job["activeDeadlineSeconds"] == 6 * 3600
    assert job["podFailurePolicy"]["rules"][0]["onPodConditions"] == [
        {"type": "DisruptionTarget", "status": "True"}
    ]
    assert job["template"]["spec"]["restartPolicy"] == "Never"
