"""What must hold of a hybrid stack as a whole; what holds of one component is tested beside it."""

import re
from ipaddress import IPv4Address

import pytest

from infra.scheduling import GPU_LABELS, GPU_RESOURCE, GPU_TAINT_KEY
from tests.infra.hybrid import SECRETS
from tests.manifests import plain
from tests.recording import golden

# https://www.iana.org/assignments/service-names-port-numbers: PostgreSQL, MySQL, Redis, etcd, MongoDB.
DATABASE_PORTS = (5432, 3306, 6379, 2379, 27017)
ANYWHERE = ("0.0.0.0/0", "::/0", None)
WORKLOADS = (
    "apps/v1:Deployment",
    "apps/v1:StatefulSet",
    "apps/v1:DaemonSet",
    "batch/v1:CronJob",
    "batch/v1:Job",
)


@pytest.fixture(params=["dev", "prod"])
def stack(request):
    return request.param


@pytest.fixture
def estate(stack, declared_by):
    return declared_by(stack)


def pods(estate):
    """Name and specification of every pod template."""
    for kind in WORKLOADS:
        for each in estate.of_type(f"kubernetes:{kind}"):
            spec = each.inputs["spec"]
            job = spec["jobTemplate"]["spec"] if kind.endswith("CronJob") else spec
            yield each.name, job["template"]["spec"]


def wants_gpu(pod):
    return any(GPU_RESOURCE in each.get("resources", {}).get("limits", {}) for each in pod["containers"])


def tolerates_gpu(pod):
    return any(
        (each.get("key") in (GPU_TAINT_KEY, None) and each.get("operator") == "Exists")
        or each.get("key") == GPU_TAINT_KEY
        for each in pod.get("tolerations", [])
    )


def test_the_stack_declares_exactly_the_reviewed_resources(estate, stack):
    assert estate.listing() == golden(f"{stack}.resources.txt")


def test_every_pod_that_wants_a_gpu_is_let_onto_gpu_nodes_and_nowhere_else(estate):
    wanting = {name: pod for name, pod in pods(estate) if wants_gpu(pod)}

    assert {name.split("-")[1] for name in wanting} == {"inference", "training"}
    for name, pod in wanting.items():
        assert tolerates_gpu(pod), name
        assert GPU_LABELS.items() <= pod["nodeSelector"].items(), name


def test_no_pod_without_a_gpu_is_let_onto_gpu_nodes_but_what_each_of_them_needs(estate):
    guests = {name for name, pod in pods(estate) if tolerates_gpu(pod) and not wants_gpu(pod)}

    assert guests == {"aws-device-plugin", "aws-logs", "openstack-logs"}


def test_no_database_port_is_open_to_anybody(estate):
    for each in estate.of_type("openstack:networking/secGroupRule:SecGroupRule"):
        if each.inputs["direction"] == "ingress":
            low, high = each.inputs.get("portRangeMin"), each.inputs.get("portRangeMax")
            assert not [port for port in DATABASE_PORTS if low and low <= port <= high], each.name
    for each in estate.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        low, high = each.inputs["fromPort"], each.inputs["toPort"]
        assert not [port for port in DATABASE_PORTS if low <= port <= high], each.name


def test_nothing_on_aws_is_open_to_the_internet(estate):
    assert not estate.of_type("aws:ec2/internetGateway:InternetGateway")
    for each in estate.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        assert each.inputs.get("cidrIpv4") not in ANYWHERE or "referencedSecurityGroupId" in each.inputs


def test_every_bucket_is_encrypted_versioned_and_closed(estate):
    buckets = {each.name for each in estate.of_type("aws:s3/bucket:Bucket")}
    kinds = ("ServerSideEncryptionConfiguration", "Versioning", "PublicAccessBlock", "Policy")

    assert buckets
    for kind in kinds:
        token = f"aws:s3/bucket{kind}:Bucket{kind}"
        assert len(estate.of_type(token)) == len(buckets), token


def test_what_holds_data_is_protected_in_prod_and_free_to_go_in_dev(estate, stack):
    holding = [
        each
        for kind in (
            "aws:s3/bucket:Bucket",
            "aws:kms/key:Key",
            "aws:eks/cluster:Cluster",
            "openstack:objectstorage/container:Container",
            "openstack:blockstorage/volume:Volume",
            "openstack:containerinfra/cluster:Cluster",
            "openstack:keymanager/secretV1:SecretV1",
        )
        for each in estate.of_type(kind)
    ]

    assert len(holding) > 8
    assert {each.protect for each in holding} == {stack == "prod"}


def test_both_clouds_serve_the_release_that_the_stack_file_names(estate, stack, request):
    digest = request.getfixturevalue(f"{stack}_settings").release.digest
    triton = {name: pod for name, pod in pods(estate) if name.endswith("-inference")}

    assert set(triton) == {"aws-inference", "openstack-inference"}
    for pod in triton.values():
        assert digest in str(pod["initContainers"])
    assert estate.outputs["release"] == digest


def test_the_same_component_declares_triton_on_both_clouds(estate):
    kinds = {
        cloud: sorted(each.type for each in estate.resources if each.name.startswith(f"{cloud}-inference"))
        for cloud in ("aws", "openstack")
    }

    # Only the private store wants a key; on AWS a pod is known by its identity.
    assert kinds["openstack"] == sorted([*kinds["aws"], "kubernetes:core/v1:Secret"])


def test_no_container_has_a_secret_in_its_environment(estate):
    for name, pod in pods(estate):
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            text = str(container.get("env", []))
            assert not [secret for secret in SECRETS.values() if secret in text], name
            assert "secretKeyRef" not in text, name


def test_every_component_registers_under_a_type_of_rialto(estate):
    components = {each.type for each in estate.resources if each.type.startswith("rialto:")}

    assert {
        "rialto:openstack:PrivateCloud",
        "rialto:aws:AwsCloud",
        "rialto:inference:Inference",
        "rialto:monitoring:Monitoring",
        "rialto:training:Training",
    } <= components


def test_people_find_what_they_need_among_the_outputs(estate):
    assert set(estate.outputs) == {
        "release",
        "triton",
        "edge",
        "front-address",
        "gateway-addresses",
        "tunnel-addresses",
        "openstack-stores",
        "openstack-kubeconfig",
        "pseudonym-key-ref",
        "job-credentials",
        "aws-stores",
        "aws-repositories",
        "aws-kubeconfig",
        "gpu-node-groups",
        "train-now",
    }


def test_neither_side_serves_from_the_other(estate, stack, request):
    settings = request.getfixturevalue(f"{stack}_settings")
    far = {
        "aws-kubernetes": settings.openstack.network.range,
        "openstack-kubernetes": settings.aws.network.range,
    }
    for provider, range_ in far.items():
        found = [each for each in estate.resources if each.provider == provider]
        assert found
        for each in found:
            # Which copies over the bridge, and serves nobody.
            if each.parent.endswith("::bridge-sync"):
                continue
            addresses = re.findall(r"(?<![\d.])\d+(?:\.\d+){3}(?![\d.])", str(each.inputs))
            assert not [address for address in addresses if IPv4Address(address) in range_], each.name


def test_what_is_written_while_the_bridge_is_down_waits_in_containers_that_a_sync_reads(estate):
    containers = {
        each.inputs["name"] for each in estate.of_type("openstack:objectstorage/container:Container")
    }
    syncs = {each.name: each.inputs["spec"] for each in estate.of_type("kubernetes:batch/v1:CronJob")}

    for data_set in ("histories", "releases"):
        pod = syncs[f"bridge-sync-{data_set}"]["jobTemplate"]["spec"]["template"]["spec"]
        source = pod["containers"][0]["args"][1].removeprefix("private:")
        assert source in containers
        assert source.endswith(f"-{data_set}")


def test_both_ends_of_a_tunnel_have_the_same_key_and_it_is_no_others(estate):
    ends = {}
    for each in estate.of_type("aws:ec2/vpnConnection:VpnConnection"):
        for number in "12":
            ends[plain(each.inputs)[f"tunnel{number}PresharedKey"]] = each.name.removeprefix("aws-bridge-")
    machines = {
        plain(each.inputs)["metadata"]["gateway"]: plain(each.inputs)["userData"]
        for each in estate.of_type("openstack:compute/instance:Instance")
    }

    assert len(ends) == 4
    for key, gateway in ends.items():
        assert [name for name, text in machines.items() if key in text] == [gateway]
