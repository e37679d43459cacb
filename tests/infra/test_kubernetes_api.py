"""A real API server against every Kubernetes object that the stacks declare, with Pod Security as in a cluster.

What charts become is not checked: Helm renders them beside the cluster that they go to.
"""

import copy

import pytest

from tests.apiserver import RefusedError, api_server
from tests.manifests import manifests
from tests.operator_types import DEFINITIONS
from tests.recording import Declared

pytestmark = pytest.mark.kubernetes

CLUSTERS = ["aws-kubernetes", "openstack-kubernetes"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One API server for all tests, which each begin with an empty cluster."""
    with api_server(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


@pytest.fixture
def cluster(server):
    with server.cluster() as cluster:
        yield cluster


def objects(declared: Declared, provider: str) -> list[dict]:
    """What goes to one cluster, namespaces first, as its controller of references would otherwise wait for them."""
    found = manifests(Declared([each for each in declared.resources if each.provider == provider]))
    assert found, f"nothing is declared for {provider}"
    return sorted(found, key=lambda each: each["kind"] != "Namespace")


def pod_of(workload: dict) -> dict | None:
    """The first pod that a controller would make; None of what makes no pods."""
    spec = workload.get("spec", {})
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    if template is None:
        return None
    meta = {"namespace": workload["metadata"]["namespace"], "name": f"{workload['metadata']['name']}-0"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta | template.get("metadata", {}),
        "spec": template["spec"] | {"volumes": [*template["spec"].get("volumes", []), *_claimed(workload)]},
    }


def _claimed(workload: dict) -> list[dict]:
    """The volumes that the controller of a StatefulSet adds."""
    claims = [each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])]
    return [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]


def a_pod(found: list[dict]) -> dict:
    """Triton's pod, to be spoiled."""
    pods = [pod_of(each) for each in found if each["kind"] == "Deployment"]
    return copy.deepcopy(next(pod for pod in pods if pod and pod["metadata"]["namespace"] == "rialto"))


@pytest.mark.parametrize("provider", CLUSTERS)
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_cluster_takes_every_object_and_every_pod_made_from_one(cluster, declared_by, stack, provider):
    found = objects(declared_by(stack), provider)
    for each in DEFINITIONS:
        cluster.create(each)
    for each in found:
        cluster.create(each)
    for pod in filter(None, map(pod_of, found)):
        assert cluster.create(pod)["kind"] == "Pod"


@pytest.fixture
def pod(cluster, declared_by):
    """Triton's pod on AWS, in a cluster that has everything but its Deployment."""
    found = objects(declared_by("prod"), "aws-kubernetes")
    for each in found:
        if each["kind"] in ("Namespace", "ServiceAccount", "PriorityClass"):
            cluster.create(each)
    return a_pod(found)


def privileged(pod):
    pod["spec"]["containers"][0]["securityContext"] |= {"privileged": True, "allowPrivilegeEscalation": True}


def root(pod):
    for each in (pod["spec"], *pod["spec"]["containers"]):
        each["securityContext"] |= {"runAsUser": 0, "runAsNonRoot": False}


def host_network(pod):
    pod["spec"]["hostNetwork"] = True


def host_files(pod):
    pod["spec"]["volumes"].append({"name": "host", "hostPath": {"path": "/"}})


@pytest.mark.parametrize(
    "spoil", [privileged, root, host_network, host_files], ids=lambda spoil: spoil.__name__
)
def test_pod_security_refuses_a_pod_that_may_more_than_ours(cluster, pod, spoil):
    spoil(pod)
    with pytest.raises(RefusedError, match='violates PodSecurity "restricted:v'):
        cluster.create(pod)


def test_a_workload_whose_pods_could_not_start_is_refused_by_the_servers_warning(cluster, pod):
    privileged(pod)
    labels = pod["metadata"]["labels"]
    template = {"metadata": {"labels": labels}, "spec": pod["spec"]}
    workload = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "spoiled", "namespace": "rialto"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    with pytest.raises(RefusedError, match="would violate PodSecurity"):
        cluster.create(workload)


def test_a_field_that_kubernetes_does_not_know_is_refused(cluster, pod):
    pod["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(RefusedError, match=r'unknown field "spec\.containers\[0\]\.readynessProbe"'):
        cluster.create(pod)


def test_a_value_that_kubernetes_does_not_take_is_refused(cluster, pod):
    pod["spec"]["containers"][0]["imagePullPolicy"] = "Sometimes"
    with pytest.raises(RefusedError, match='Unsupported value: "Sometimes"'):
        cluster.create(pod)


def test_a_pod_whose_service_account_nobody_made_is_refused(cluster, pod):
    pod["spec"]["serviceAccountName"] = "tritom"
    with pytest.raises(RefusedError, match='serviceaccount "tritom" not found'):
        cluster.create(pod)
