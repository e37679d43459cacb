import pulumi
import pytest

from infra.monitoring.receiver import SECRET, ReceiverSecrets
from tests.infra.inference.estate import inference, monitoring
from tests.manifests import SIGNATURE, manifests, of_kind

KEYS = {
    "pager_key": "the-pager's-key",
    "slack_url": "slack's-address",
    "mail_password": "the-mail's-password",
}
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture(scope="module")
def recorded():
    return monitoring(
        secrets=ReceiverSecrets(**{name: pulumi.Output.secret(text) for name, text in KEYS.items()})
    )


@pytest.fixture(scope="module")
def chart(recorded):
    return next(
        each for each in recorded.of_type(RELEASE) if each.inputs["chart"].endswith("kube-prometheus-stack")
    )


@pytest.fixture(scope="module")
def policy(recorded):
    (found,) = of_kind(manifests(recorded), "NetworkPolicy")
    return found["spec"]


def test_keys_are_files_of_one_secret_and_secret_in_the_state(recorded):
    (secret,) = [each for each in recorded.resources if each.type.endswith(":Secret")]
    (found,) = of_kind(manifests(recorded), "Secret")

    assert SIGNATURE in str(secret.inputs["stringData"])
    assert found["metadata"]["name"] == SECRET
    assert sorted(found["stringData"].values()) == sorted(KEYS.values())
    assert [each.name for each in recorded.resources if any(text in str(each) for text in KEYS.values())] == [
        secret.name
    ]


def test_alertmanager_mounts_the_keys_that_its_file_names_and_comes_after_them(recorded, chart):
    spec = chart.inputs["values"]["alertmanager"]["alertmanagerSpec"]
    (keys,) = of_kind(manifests(recorded), "Secret")

    assert spec["secrets"] == [SECRET]
    for name in keys["stringData"]:
        assert f"/etc/alertmanager/secrets/{SECRET}/{name}" in str(chart.inputs["values"])
    assert any(urn.endswith("::aws-delivery-keys") for urn in chart.depends_on)


def test_one_alertmanager_goes_and_another_still_calls(chart):
    values = chart.inputs["values"]["alertmanager"]

    assert values["alertmanagerSpec"]["replicas"] == 2
    assert values["podDisruptionBudget"] == {"enabled": True, "minAvailable": 1}


def test_every_alert_says_which_cluster_it_comes_from(chart):
    spec = chart.inputs["values"]["prometheus"]["prometheusSpec"]

    assert spec["externalLabels"] == {"cluster": "prod-aws"}


def test_only_prometheus_and_its_like_call_alertmanager(policy):
    assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "alertmanager"}
    callers = {
        rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"]: [
            (each["protocol"], each["port"]) for each in rule["ports"]
        ]
        for rule in policy["ingress"]
    }

    assert callers == {
        "prometheus": [("TCP", 9093), ("TCP", 8080)],
        "alertmanager": [("TCP", 9094), ("UDP", 9094)],
    }


def test_alertmanager_reaches_the_outside_by_https_and_of_the_inside_only_its_mail_server(policy):
    mail = inference().monitoring.receivers.mail
    blocks = {
        peer["ipBlock"]["cidr"]: (peer["ipBlock"].get("except", []), [each["port"] for each in rule["ports"]])
        for rule in policy["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }

    inside = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
    assert blocks == {"0.0.0.0/0": (inside, [443]), str(mail.ranges[0]): ([], [mail.port])}


def test_who_has_nobody_to_call_runs_no_alertmanager():
    quiet = monitoring()
    (chart,) = [
        each for each in quiet.of_type(RELEASE) if each.inputs["chart"].endswith("kube-prometheus-stack")
    ]

    assert chart.inputs["values"]["alertmanager"] == {"enabled": False}
    assert not of_kind(manifests(quiet), "Secret")
