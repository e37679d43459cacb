import json

import pytest

from tests.infra.inference.estate import (
    ACCESS_KEY,
    DIGEST,
    SECRET_KEY,
    device_plugin,
    in_cloud,
    inference,
    on_openstack,
    triton,
)
from tests.manifests import manifests, of_kind, pod_specs

CLOUDS = ("aws", "openstack")


@pytest.fixture(params=CLOUDS)
def objects(request):
    """What Kubernetes is sent, in each cloud."""
    return manifests(in_cloud(request.param))


@pytest.fixture
def pod(objects):
    (spec,) = pod_specs(objects)
    return spec


def only(objects, kind):
    (found,) = of_kind(objects, kind)
    return found


def test_both_clouds_get_the_same_objects():
    kinds = [
        [f"{each['kind']} {each['metadata']['name']}" for each in manifests(in_cloud(cloud))]
        for cloud in CLOUDS
    ]

    assert sorted(kinds[0]) == sorted(set(kinds[1]) - {"Secret triton-store"})


def test_every_object_but_the_cluster_wide_is_in_our_namespace(objects):
    outside = [each["kind"] for each in objects if each["metadata"].get("namespace") != "rialto"]

    assert sorted(outside) == ["Namespace", "PriorityClass"]


def test_the_namespace_refuses_pods_beyond_restricted_by_a_pinned_version(objects):
    labels = only(objects, "Namespace")["metadata"]["labels"]

    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"].startswith("v1.")


def test_the_autoscaler_alone_says_how_many_pods_there_are(objects):
    deployment, scaler = only(objects, "Deployment"), only(objects, "HorizontalPodAutoscaler")

    assert "replicas" not in deployment["spec"]
    assert scaler["apiVersion"] == "autoscaling/v2"
    assert scaler["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": deployment["metadata"]["name"],
    }
    queue, cores = scaler["spec"]["metrics"]
    assert queue["pods"] == {
        "metric": {"name": "triton_queue_time_ms"},
        "target": {"type": "AverageValue", "averageValue": "10"},
    }
    # The queue alone swings between too many pods and too few (scripts/bench scaling).
    assert cores["containerResource"] == {
        "name": "cpu",
        "container": deployment["spec"]["template"]["spec"]["containers"][0]["name"],
        "target": {"type": "Utilization", "averageUtilization": 70},
    }
    assert scaler["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] >= 300


def test_an_upgrade_or_a_drain_never_takes_two_pods_at_once(objects):
    strategy = only(objects, "Deployment")["spec"]["strategy"]
    budget = only(objects, "PodDisruptionBudget")["spec"]

    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == only(objects, "Deployment")["spec"]["selector"]


def test_no_container_has_more_rights_than_it_needs(pod):
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert "hostNetwork" not in pod
    for container in pod["initContainers"] + pod["containers"]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert rights["privileged"] is False


def test_the_service_account_has_no_token(objects):
    assert only(objects, "ServiceAccount")["automountServiceAccountToken"] is False


def test_the_release_is_proven_before_triton_sees_it(pod):
    (fetch,), (server,) = pod["initContainers"], pod["containers"]
    writable = {each["mountPath"] for each in server["volumeMounts"] if not each.get("readOnly")}

    assert fetch["args"][0] == "serving.fetch"
    assert DIGEST in fetch["args"]
    assert writable == {"/tmp"}
    assert "--model-repository=/models" in server["args"]


def test_another_release_is_another_rollout(objects):
    assert only(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"] == {
        "rialto.shop/release": DIGEST
    }


def test_triton_loads_nothing_at_run_time_and_guesses_nothing(pod):
    arguments = pod["containers"][0]["args"]

    for flag in (
        "--model-control-mode=none",
        "--disable-auto-complete-config",
        "--exit-on-error=true",
        "--allow-sagemaker=false",
        "--allow-vertex-ai=false",
    ):
        assert flag in arguments


def test_a_pod_drains_before_it_is_told_to_stop_and_has_time_to_answer(pod):
    (server,) = pod["containers"]
    drain = server["lifecycle"]["preStop"]["sleep"]["seconds"]
    leave = int(next(each for each in server["args"] if "exit-timeout" in each).partition("=")[2])

    readiness = server["readinessProbe"]
    assert drain > readiness["periodSeconds"] * readiness["failureThreshold"] + readiness["timeoutSeconds"]
    assert pod["terminationGracePeriodSeconds"] > drain + leave


def test_probes_ask_triton_itself(pod):
    (server,) = pod["containers"]

    assert server["startupProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert server["startupProbe"]["failureThreshold"] * server["startupProbe"]["periodSeconds"] >= 300
    assert server["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
    assert server["livenessProbe"]["httpGet"]["path"] == "/v2/health/live"
    assert "http" in {each["name"] for each in server["ports"]}


def test_pods_are_spread_over_zones_and_over_nodes(pod):
    spread = pod["topologySpreadConstraints"]

    assert [each["topologyKey"] for each in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert all(each["maxSkew"] == 1 for each in spread)


def test_aws_pods_get_a_card_and_are_tolerated_where_cards_are():
    (pod,) = pod_specs(manifests(in_cloud("aws")))

    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod["nodeSelector"] == {"rialto.shop/accelerator": "nvidia"}
    assert pod["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}
    ]
    assert "--device=gpu" in pod["initContainers"][0]["args"]


def test_pods_without_a_card_are_not_tolerated_on_gpu_nodes():
    (pod,) = pod_specs(manifests(in_cloud("openstack")))

    assert "tolerations" not in pod
    assert "nvidia.com/gpu" not in pod["containers"][0]["resources"]["limits"]
    assert "--device=cpu" in pod["initContainers"][0]["args"]


def test_the_private_cloud_may_run_triton_on_its_own_cards_too():
    settings = inference()
    on_cards = settings.model_copy(update={"openstack": settings.aws})
    (pod,) = pod_specs(manifests(triton("openstack", on_cards)))

    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod["tolerations"]


def test_nothing_is_reached_unless_a_policy_says_so(objects):
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "NetworkPolicy")}

    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert set(policies) == {"default-deny", "triton"}
    assert sorted(policies["triton"]["policyTypes"]) == ["Egress", "Ingress"]


def flows(objects, direction, peers):
    spec = next(
        each["spec"] for each in of_kind(objects, "NetworkPolicy") if each["metadata"]["name"] == "triton"
    )
    return [(rule[peers], sorted(port["port"] for port in rule["ports"])) for rule in spec[direction]]


def test_only_callers_reach_triton_and_only_monitoring_its_metrics(objects):
    (callers, asked), (scrapers, scraped) = flows(objects, "ingress", "from")

    assert callers == [{"podSelector": {"matchLabels": {"rialto.shop/calls": "triton"}}}]
    assert asked == [8000, 8001]
    assert scrapers == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert scraped == [8002]


def test_on_aws_triton_reaches_dns_s3_and_the_identity_agent_only():
    names, store, agent = flows(manifests(in_cloud("aws")), "egress", "to")

    assert names[1] == [53, 53]
    assert store == ([{"ipBlock": {"cidr": "3.5.136.0/22"}}, {"ipBlock": {"cidr": "52.219.168.0/24"}}], [443])
    assert agent == ([{"ipBlock": {"cidr": "169.254.170.23/32"}}], [80])


def test_in_the_private_cloud_triton_reaches_dns_and_the_store_only():
    _, store = flows(manifests(in_cloud("openstack")), "egress", "to")

    assert store == ([{"ipBlock": {"cidr": "10.10.200.0/28"}}], [443])


def test_the_store_key_is_a_file_of_the_init_container_and_of_nobody_else():
    objects = manifests(in_cloud("openstack"))
    (pod,) = pod_specs(objects)
    (fetch,), (server,) = pod["initContainers"], pod["containers"]
    text = only(objects, "Secret")["stringData"]["credentials"]

    assert f"aws_access_key_id = {ACCESS_KEY}\n" in text
    assert f"aws_secret_access_key = {SECRET_KEY}\n" in text
    assert "/var/run/store" in {each["mountPath"] for each in fetch["volumeMounts"]}
    assert "/var/run/store" not in {each["mountPath"] for each in server["volumeMounts"]}
    assert {"name": "AWS_SHARED_CREDENTIALS_FILE", "value": "/var/run/store/credentials"} in fetch["env"]


def test_no_secret_is_in_the_environment_or_in_any_other_object():
    others = [each for each in manifests(in_cloud("openstack")) if each["kind"] != "Secret"]

    for secret in (ACCESS_KEY, SECRET_KEY):
        assert secret not in json.dumps(others)


def test_the_key_is_marked_secret_where_pulumi_keeps_it():
    declared = in_cloud("openstack").only("kubernetes:core/v1:Secret")

    assert (
        "4dabf18193072939515e22adb298388d" in json.dumps(declared.inputs)
        or "stringData" in declared.secret_outputs
    )


def test_aws_has_no_key_at_all():
    objects = manifests(in_cloud("aws"))
    (pod,) = pod_specs(objects)

    assert of_kind(objects, "Secret") == []
    assert {each["name"] for each in pod["initContainers"][0]["env"]} == {
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
    }


def test_dns_names_every_pod_so_that_the_edge_balances_requests(objects):
    service = only(objects, "Service")

    assert service["spec"]["clusterIP"] == "None"
    assert {each["name"]: each["port"] for each in service["spec"]["ports"]} == {"http": 8000, "grpc": 8001}
    assert service["spec"]["selector"] == only(objects, "Deployment")["spec"]["selector"]["matchLabels"]


def test_prometheus_finds_the_pods_by_what_they_carry(objects):
    monitor = only(objects, "PodMonitor")
    labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]

    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"


def test_images_are_pinned(pod):
    for container in pod["initContainers"] + pod["containers"]:
        assert ":" in container["image"]
        assert not container["image"].endswith(":latest")


def test_all_belongs_to_the_component():
    for each in in_cloud("aws").resources[1:]:
        assert each.parent.endswith("rialto:inference:Inference::aws-triton")


def test_the_device_plugin_runs_on_gpu_nodes_only_and_apart_from_everything_else():
    objects = manifests(device_plugin())
    (pod,) = pod_specs(objects)

    assert pod["nodeSelector"] == {"rialto.shop/accelerator": "nvidia"}
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    namespace = only(objects, "Namespace")["metadata"]
    assert namespace["name"] != "rialto"
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert [each["hostPath"]["path"] for each in pod["volumes"]] == ["/var/lib/kubelet/device-plugins"]


def test_the_wire_to_the_private_store_is_tls():
    assert str(on_openstack().endpoint).startswith("https://")
