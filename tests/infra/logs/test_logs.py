"""What collects logs, where they go and for how long. No Fluent Bit can be had where these run: that it takes the file,
and that CloudWatch and VictoriaLogs take its lines, is not shown here.
"""

import json
import re

import pytest

from infra.logs.collector import NAME, Collector, CollectorArgs
from infra.logs.outlet import to_cloudwatch, to_store
from infra.logs.store import LABELS, LogStore, LogStoreArgs
from infra.settings.logs import LogStoreSettings
from tests.manifests import manifests, of_kind, pod_specs
from tests.recording import record

OUTLETS = {
    "openstack": to_store(LogStore.host, LogStore.port, LABELS),
    "aws": to_cloudwatch("/rialto/test/pods", "eu-central-1", "10.20.0.0/16"),
}
STORE = LogStoreSettings.model_validate(
    {
        "image": {"name": "docker.io/store/logs", "tag": "v1"},
        "days": 30,
        "volume-gib": 200,
        "memory-mib": 1024,
    }
)


@pytest.fixture(scope="module", params=OUTLETS)
def cloud(request):
    return request.param


@pytest.fixture(scope="module")
def objects(cloud):
    def program():
        Collector("logs", CollectorArgs(image="fluent-bit:1", namespace="logs", outlet=OUTLETS[cloud]))
        return {}

    return manifests(record(program, stack="prod", computed={}))


@pytest.fixture(scope="module")
def store():
    def program():
        LogStore("store", LogStoreArgs(store=STORE, namespace="logs", storage_class="encrypted"))
        return {}

    return manifests(record(program, stack="prod", computed={}))


@pytest.fixture
def pipeline(objects):
    (config,) = of_kind(objects, "ConfigMap")
    (text,) = config["data"].values()
    return json.loads(text)["pipeline"]


def called(policy):
    """Whom pods of a policy may call, and at which ports."""
    return {
        json.dumps(peer.get("ipBlock") or peer["podSelector"]["matchLabels"], sort_keys=True): [
            each["port"] for each in rule["ports"]
        ]
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        if "namespaceSelector" not in peer
    }


def test_logs_stay_in_the_cloud_that_they_are_of(objects, cloud, pipeline):
    (policy,) = of_kind(objects, "NetworkPolicy")
    (output,) = pipeline["outputs"]

    where, calls = {
        "openstack": ("log-store.logs.svc", {json.dumps(LABELS, sort_keys=True): [9428]}),
        "aws": (
            "/rialto/test/pods",
            {'{"cidr": "10.20.0.0/16"}': [443], '{"cidr": "169.254.170.23/32"}': [80]},
        ),
    }[cloud]
    assert where in output.values()
    assert called(policy) == calls


def test_what_cannot_be_sent_waits_on_the_nodes_disk_up_to_a_limit(pipeline):
    (source,), (output,) = pipeline["inputs"], pipeline["outputs"]

    assert source["storage.type"] == "filesystem"
    assert output["retry_limit"] == "no_limits"
    assert output["storage.total_limit_size"] == "1G"


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("triton-7d9c5-x2x_rialto_triton-" + "a" * 64, ("triton-7d9c5-x2x", "rialto", "triton")),
        ("a_kube-system_fluent-bit-" + "0" * 64, ("a", "kube-system", "fluent-bit")),
        ("a_b_c", None),
    ],
)
def test_a_files_name_says_which_container_wrote_it(file, found):
    # Ruby's regular expressions, which Fluent Bit has, write names without the P.
    matched = re.match(NAME.replace("(?<", "(?P<"), f"/var/log/containers/{file}.log")

    assert (matched and matched.group("pod", "namespace", "container")) == found


def test_the_collector_keeps_of_root_only_that_it_reads_what_root_wrote(objects):
    (pod,) = pod_specs(objects)
    (container,) = pod["containers"]
    mounts = {each["name"]: each.get("readOnly", False) for each in container["volumeMounts"]}

    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert mounts == {"config": True, "source": True, "state": False}
    assert not pod["automountServiceAccountToken"]


def test_every_node_is_heard(objects):
    (pod,) = pod_specs(objects)

    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert "nodeSelector" not in pod


def test_the_store_forgets_after_the_days_of_the_stack_and_before_its_encrypted_volume_is_full(store):
    (stateful,) = of_kind(store, "StatefulSet")
    arguments = stateful["spec"]["template"]["spec"]["containers"][0]["args"]
    (claim,) = stateful["spec"]["volumeClaimTemplates"]

    assert "-retentionPeriod=30d" in arguments
    assert "-retention.maxDiskUsagePercent=80" in arguments
    assert claim["spec"]["storageClassName"] == "encrypted"
    assert claim["spec"]["resources"]["requests"] == {"storage": "200Gi"}


def test_only_collectors_call_the_store_and_it_calls_nobody(store):
    (policy,) = of_kind(store, "NetworkPolicy")
    (rule,) = policy["spec"]["ingress"]

    assert rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "collector"
    assert "egress" not in policy["spec"]
    assert "Egress" in policy["spec"]["policyTypes"]
