import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from infra.inference.edge_pod import CERTIFICATES, CONFIG, edge_files
from infra.settings.edge import EdgeSettings, OverflowSettings
from infra.settings.inference import InferenceSettings
from serving.edge import launcher
from serving.edge.config import TokenConfig, TritonUpstream
from tests.infra.inference.estate import chosen, edge, in_cloud, inference
from tests.manifests import manifests, of_kind, pod_specs
from tests.serving.edge.estate import Estate

OVERFLOW = {"host": "triton.aws.rialto.shop", "range": "10.20.0.0/16"}


def settings(**changes):
    values = chosen("prod")["inference"]
    return InferenceSettings.model_validate({**values, "edge": {**values["edge"], **changes}})


def only(objects, kind):
    (found,) = of_kind(objects, kind)
    return found


@pytest.fixture
def private():
    return manifests(edge("openstack"))


@pytest.fixture
def public():
    return manifests(edge("aws"))


def files(objects):
    return {name: json.loads(text) for name, text in only(objects, "ConfigMap")["data"].items()}


def clusters(objects):
    return {each["name"]: each for each in files(objects)["clusters.json"]["resources"]}


def test_the_private_edge_hangs_into_the_load_balancer_that_is_there(private):
    service = only(private, "Service")

    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    assert service["spec"]["loadBalancerSourceRanges"] == ["192.168.32.0/22"]
    assert service["metadata"]["annotations"]["loadbalancer.openstack.org/load-balancer-id"] == "lb-1"


def test_nobody_outside_reaches_the_edge_on_aws(public):
    assert only(public, "Service")["spec"]["type"] == "ClusterIP"


def test_another_configuration_is_another_config_map_so_that_pods_keep_what_they_began_with():
    names = set()
    for audience in ("rialto", "another"):
        tokens = {**chosen("prod")["inference"]["edge"]["tokens"], "audience": audience}
        config_map = only(manifests(edge("aws", settings(tokens=tokens))), "ConfigMap")
        assert config_map["immutable"]
        names.add(config_map["metadata"]["name"])

    assert len(names) == 2


def test_the_config_map_holds_no_secret_and_only_public_keys(private):
    text = json.dumps(only(private, "ConfigMap")["data"])

    assert "PRIVATE KEY" not in text
    listener = next(
        each for each in files(private)["listeners.json"]["resources"] if each["name"] == "outside"
    )
    assert '\\"d\\"' not in json.dumps(listener)


def test_triton_is_asked_by_name_with_certificates_of_the_cluster(private):
    triton = clusters(private)["triton-grpc"]
    (group,) = triton["load_assignment"]["endpoints"]

    assert triton["type"] == "STRICT_DNS"
    assert "triton.rialto.svc" in json.dumps(group)
    client = files(private)["client-certificate.json"]["resources"][0]["tls_certificate"]
    assert client["private_key"]["filename"] == f"{CERTIFICATES}/edge-client/tls.key"
    mounts = {each["mountPath"] for each in pod_specs(private)[0]["containers"][0]["volumeMounts"]}
    assert {CONFIG, f"{CERTIFICATES}/edge-client", f"{CERTIFICATES}/edge-server"} < mounts


def test_aws_takes_what_the_private_cloud_cannot_where_a_stack_says_how_to_reach_it():
    objects = manifests(edge("openstack", settings(overflow=OVERFLOW)))
    groups = clusters(objects)["triton-grpc"]["load_assignment"]["endpoints"]

    assert [group["priority"] for group in groups] == [0, 1]
    assert OVERFLOW["host"] in json.dumps(groups[1])
    flows = only(objects, "NetworkPolicy")["spec"]["egress"]
    assert {"ipBlock": {"cidr": OVERFLOW["range"]}} in [peer for flow in flows for peer in flow.get("to", [])]


def test_the_edge_may_call_names_and_triton_and_be_called_at_its_two_ports(private):
    policy = only(private, "NetworkPolicy")["spec"]

    called = [port["port"] for flow in policy["egress"] for port in flow["ports"]]
    assert called == [53, 53, 8000, 8001, 8080]
    assert [port["port"] for flow in policy["ingress"] for port in flow["ports"]] == [8443, 8445]
    assert policy["ingress"][0]["from"] == [{"ipBlock": {"cidr": "10.10.129.0/28"}}]
    assert policy["ingress"][1]["from"]
    inside = only(manifests(edge("aws")), "NetworkPolicy")["spec"]["ingress"][0]["from"]
    assert inside == [{"namespaceSelector": {}}]


def test_triton_takes_calls_of_the_edge_only_and_wants_its_certificate():
    triton = manifests(in_cloud("aws"))
    (pod,) = pod_specs(manifests(edge("aws")))
    labels = only(manifests(edge("aws")), "Deployment")["spec"]["template"]["metadata"]["labels"]
    policy = next(each for each in of_kind(triton, "NetworkPolicy") if each["metadata"]["name"] == "triton")

    (allowed,) = policy["spec"]["ingress"][0]["from"]
    assert allowed["podSelector"]["matchLabels"].items() <= labels.items()
    assert "--grpc-use-ssl-mutual=true" in pod_specs(triton)[0]["containers"][0]["args"]
    assert pod["automountServiceAccountToken"] is False
    certificate = only(triton, "Certificate")["spec"]
    assert (certificate["dnsNames"], certificate["issuerRef"]["name"]) == (["triton"], "rialto-internal")


def test_certificates_are_for_the_name_that_callers_use_and_for_the_edge_itself(private):
    found = {each["metadata"]["name"]: each["spec"] for each in of_kind(private, "Certificate")}

    assert found["edge-server"]["dnsNames"] == [inference().edge.host]
    assert found["edge-server"]["issuerRef"]["name"] == "public"
    assert found["edge-client"]["dnsNames"] == ["edge"]
    assert "client auth" in found["edge-client"]["usages"]


def test_pods_keep_serving_while_they_change_and_spread(private):
    deployment = only(private, "Deployment")["spec"]
    pod = deployment["template"]["spec"]

    assert "replicas" not in deployment
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert [each["topologyKey"] for each in pod["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert only(private, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    scaling = only(private, "HorizontalPodAutoscaler")["spec"]
    assert (scaling["minReplicas"], scaling["maxReplicas"]) == (3, 9)


def test_the_heap_is_refused_before_the_kernel_would_end_the_pod(private):
    monitors = files(private)["bootstrap.json"]["overload_manager"]["resource_monitors"]
    memory = pod_specs(private)[0]["containers"][0]["resources"]["limits"]["memory"]

    assert memory == "1024Mi"
    assert monitors[0]["typed_config"]["max_heap_size_bytes"] == 768 << 20


@pytest.mark.envoy
def test_a_real_envoy_takes_the_configuration_of_each_cloud(tmp_path):
    estate = Estate.make(tmp_path / "estate")
    for overflow in (None, OverflowSettings.model_validate(OVERFLOW)):
        chosen_ = inference().edge
        tritons = [TritonUpstream(host="triton.rialto.svc", http_port=8000, grpc_port=8001)]
        if overflow:
            tritons.append(TritonUpstream(host=overflow.host, http_port=8000, grpc_port=8001, priority=1))
        assert edge_files(chosen_, chosen_.openstack, tritons)
        config = estate.config(tritons)
        jwks = chosen_.tokens.jwks()
        tokens = TokenConfig(issuer=chosen_.tokens.issuer, audience=chosen_.tokens.audience, jwks=jwks)
        launcher.check(replace(config, tokens=tokens))


def refused(**changes):
    with pytest.raises(ValidationError) as failure:
        EdgeSettings.model_validate({**chosen("prod")["inference"]["edge"], **changes})
    return failure.value.errors()[0]["msg"]


def test_wrong_choices_are_refused():
    few = {"cores": 1, "memory-mib": 512, "min-replicas": 5, "max-replicas": 2}
    tokens = chosen("prod")["inference"]["edge"]["tokens"]

    assert "min-replicas is 5, above max-replicas 2" in refused(aws=few)
    assert "pattern" in refused(tokens={**tokens, "issuer": "http://id.rialto.shop"})
    assert "pattern" in refused(tokens={**tokens, "keys": {"k": {"x": "short", "y": "short"}}})
    assert "at least 1" in refused(tokens={**tokens, "keys": {}})
