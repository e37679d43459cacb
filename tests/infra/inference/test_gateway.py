import json

import pytest

from infra.inference.gateway import Gateway
from serving.gateway.__main__ import _config, _parser
from tests.infra.inference.estate import DIGEST, PSEUDONYM_KEY, edge, gateway, inference
from tests.manifests import SIGNATURE, manifests, of_kind


@pytest.fixture(scope="module")
def recorded():
    return gateway()


@pytest.fixture(scope="module")
def objects(recorded):
    return manifests(recorded)


def named(objects, kind, name):
    (found,) = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name]
    return found


@pytest.fixture
def pod(objects):
    return named(objects, "StatefulSet", "gateway")["spec"]["template"]["spec"]


def flows(objects, name, way):
    return named(objects, "NetworkPolicy", name)["spec"].get(way, [])


def test_the_pod_starts_a_gateway_with_options_that_the_gateway_knows(pod):
    config = _config(_parser().parse_args(pod["containers"][0]["args"]))

    assert config.triton == ["127.0.0.1:8444"]
    assert config.histories.startswith("rediss://histories.rialto.svc:6379?ssl_ca_certs=/etc/edge/")
    assert not config.local
    mounts = {each["mountPath"]: each for each in pod["containers"][0]["volumeMounts"]}
    assert mounts[str(config.pseudonym_key.parent)]["readOnly"]
    assert mounts[str(config.state)]["name"] == "audit"
    assert mounts["/release"]["readOnly"]


def test_the_release_is_proven_by_its_digest_before_the_gateway_starts(pod):
    (fetch,) = pod["initContainers"]

    assert fetch["args"] == ["serving.fetch_release", "s3://releases", DIGEST, "/release"]


def test_the_pseudonym_key_is_a_file_of_the_gateway_alone_and_secret_in_the_state(recorded, objects, pod):
    (secret,) = [each for each in recorded.resources if each.name == "gateway-pseudonym-key"]

    assert PSEUDONYM_KEY in json.dumps(secret.inputs)
    assert SIGNATURE in secret.inputs["stringData"]
    others = [each for each in objects if each["metadata"]["name"] != "gateway-pseudonym-key"]
    assert PSEUDONYM_KEY not in json.dumps(others)
    holders = [
        each["name"]
        for each in [*pod["initContainers"], *pod["containers"]]
        if "key" in {mount["name"] for mount in each["volumeMounts"]}
    ]
    assert holders == ["gateway"]


def test_each_gateway_has_an_audit_log_on_an_encrypted_volume_that_stays(objects):
    (claim,) = named(objects, "StatefulSet", "gateway")["spec"]["volumeClaimTemplates"]
    made = named(objects, "StorageClass", claim["spec"]["storageClassName"])

    assert claim["metadata"]["name"] == "audit"
    assert made["parameters"] == {"type": "rialto-prod-luks"}
    assert made["reclaimPolicy"] == "Retain"


def test_only_the_edge_and_prometheus_call_a_gateway(objects):
    callers, watching = flows(objects, "gateway", "ingress")
    (deployment,) = of_kind(manifests(edge("openstack")), "Deployment")

    (allowed,) = callers["from"]
    assert allowed["podSelector"]["matchLabels"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert [port["port"] for port in watching["ports"]] == [8080, 8445]


def test_only_gateways_reach_the_histories_which_call_nobody(objects):
    (flow,) = flows(objects, "histories", "ingress")
    labels = named(objects, "StatefulSet", "gateway")["spec"]["template"]["metadata"]["labels"]

    assert [each["podSelector"]["matchLabels"] for each in flow["from"]] == [labels]
    assert named(objects, "NetworkPolicy", "histories")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert flows(objects, "histories", "egress") == []


def test_the_histories_speak_tls_to_who_shows_a_certificate_and_forget_nothing(objects):
    (config,) = [each for each in of_kind(objects, "ConfigMap") if "valkey.conf" in each["data"]]
    chosen = dict(line.split(" ", 1) for line in config["data"]["valkey.conf"].splitlines())

    assert (chosen["port"], chosen["tls-auth-clients"]) == ("0", "yes")
    assert (chosen["appendonly"], chosen["appendfsync"], chosen["maxmemory-policy"]) == (
        "yes",
        "always",
        "noeviction",
    )
    assert chosen["maxmemory"] == f"{inference().gateway.histories.memory_mib * 3 // 4}mb"


def test_the_envoy_beside_a_gateway_takes_calls_from_its_pod_only(objects):
    (config,) = [each for each in of_kind(objects, "ConfigMap") if "listeners.json" in each["data"]]
    listeners = {
        each["name"]: each["address"]["socket_address"]["address"]
        for each in json.loads(config["data"]["listeners.json"])["resources"]
    }

    assert listeners == {"inside": "127.0.0.1", "status": "0.0.0.0"}
    assert "server-certificate.json" not in config["data"]


def test_the_private_edge_sends_the_domain_api_to_the_gateways_and_awss_has_none():
    def clusters(cloud):
        (config,) = of_kind(manifests(edge(cloud)), "ConfigMap")
        return {each["name"]: each for each in json.loads(config["data"]["clusters.json"])["resources"]}

    assert Gateway.upstream.host == "gateway.rialto.svc"
    assert clusters("openstack")["gateway"]["type"] == "STRICT_DNS"
    assert "gateway" not in clusters("aws")


def test_pods_are_replaced_one_by_one_and_as_many_as_load_wants(objects):
    spec = named(objects, "StatefulSet", "gateway")["spec"]
    scaling = named(objects, "HorizontalPodAutoscaler", "gateway")["spec"]

    assert "replicas" not in spec
    assert scaling["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gateway"}
    assert (scaling["minReplicas"], scaling["maxReplicas"]) == (3, 9)
    assert named(objects, "PodDisruptionBudget", "gateway")["spec"]["maxUnavailable"] == 1
