import pulumi
import pytest

from infra.monitoring.receiver import SECRET, ReceiverSecrets, people
from infra.naming import ALERTMANAGER_ACCOUNT
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
    secrets = ReceiverSecrets(**{name: pulumi.Output.secret(text) for name, text in KEYS.items()})
    return monitoring(outlet=people(inference().monitoring.receivers, secrets))


def chart_of(declared):
    return next(
        each for each in declared.of_type(RELEASE) if each.inputs["chart"].endswith("kube-prometheus-stack")
    )


def blocks_of(policy):
    """The addresses that pods may call: what is left out of them, and the ports."""
    return {
        peer["ipBlock"]["cidr"]: (peer["ipBlock"].get("except", []), [each["port"] for each in rule["ports"]])
        for rule in policy["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }


@pytest.fixture(scope="module")
def chart(recorded):
    return chart_of(recorded)


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
    inside = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]
    assert blocks_of(policy) == {"0.0.0.0/0": (inside, [443]), str(mail.ranges[0]): ([], [mail.port])}


@pytest.fixture(scope="module")
def aws():
    return monitoring()


def test_alerts_of_aws_leave_by_topics_and_need_no_key(aws):
    values = chart_of(aws).inputs["values"]["alertmanager"]

    assert not of_kind(manifests(aws), "Secret")
    assert values["alertmanagerSpec"]["secrets"] == []
    # EKS knows the pod by this name: infra/aws/alert_topic.py.
    assert values["serviceAccount"] == {"name": ALERTMANAGER_ACCOUNT}
    assert {
        each["name"]: each["sns_configs"][0]["topic_arn"].rpartition("-")[2]
        for each in values["config"]["receivers"]
    } == {"page": "page", "ticket": "ticket"}


def test_alertmanager_on_aws_reaches_services_of_aws_and_the_agent_that_says_who_it_is(aws):
    (found,) = of_kind(manifests(aws), "NetworkPolicy")

    assert blocks_of(found["spec"]) == {"10.20.0.0/16": ([], [443]), "169.254.170.23/32": ([], [80])}
