"""Alertmanager's own amtool reads the routes, and a real Alertmanager holds back what follows from something else."""

import json
from datetime import UTC, datetime

import pytest
import yaml
from moto.core import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.sns import sns_backends

from infra.bridge.alerts import rule_groups as bridge_rules
from infra.monitoring.objective import OBJECTIVES
from infra.monitoring.routing import FOLLOWS
from infra.monitoring.rules import rule_groups
from infra.monitoring.topic import topic_configuration
from tests.infra.bridge.bridges import bridge
from tests.infra.monitoring.alertmanager import (
    KEYS,
    amtool,
    real,
    receivers,
    running_alertmanager,
    until,
    written,
)
from tests.infra.monitoring.promtool import alerts_of

ALERTS = alerts_of(rule_groups(queue_time_ms=20, gpu=True)) | alerts_of(bridge_rules(bridge()))
CLUSTER, REGION = "prod-openstack", "eu-central-1"


@pytest.fixture
def config(tmp_path):
    return written(tmp_path)


@real
def test_alertmanager_takes_the_file(config):
    checked = amtool("check-config", config)

    assert checked.returncode == 0, checked.stderr
    assert "2 receivers" in checked.stdout


def receiver_of(config, **labels):
    arguments = [f"{key}={value}" for key, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={config}", *arguments).stdout.strip()


@real
def test_every_alert_that_pages_reaches_the_pager_and_every_other_does_not(config):
    for name, rule in ALERTS.items():
        severity = rule["labels"]["severity"]
        assert receiver_of(config, alertname=name, severity=severity) == severity


@real
def test_an_alert_that_does_not_say_how_urgent_it_is_becomes_a_ticket(config):
    assert receiver_of(config, alertname="New") == "ticket"


def test_a_page_goes_to_the_pager_and_slack_and_a_ticket_to_slack_and_by_mail(config):
    found = {each["name"]: set(each) - {"name"} for each in yaml.safe_load(config.read_text())["receivers"]}

    assert found == {
        "page": {"pagerduty_configs", "slack_configs"},
        "ticket": {"slack_configs", "email_configs"},
    }


def test_no_secret_is_in_the_file(config):
    text = config.read_text()

    assert not [key for key in (*KEYS.values(), "/slack\n") if key in text]
    assert text.count("_file: ") == 3


def test_what_follows_and_what_it_follows_from_are_alerts_that_exist():
    assert {*FOLLOWS, *(each for others in FOLLOWS.values() for each in others)} <= ALERTS.keys()


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alertmanager")
    # Nobody is called in this test; who would be is in test_live.py.
    with running_alertmanager(folder, written(folder, group_wait="1h")) as ask:
        yield ask


def alert(name, cluster=CLUSTER, **labels):
    rule = ALERTS[name]
    return {
        "labels": {"alertname": name, "cluster": cluster, **rule["labels"], **labels},
        "startsAt": datetime.now(UTC).isoformat(),
    }


def held_back(manager, cluster=CLUSTER):
    """Which alerts of a cluster are told to nobody, since others say it."""
    listed = manager.get("/api/v2/alerts", params={"filter": f'cluster="{cluster}"'}).json()
    return {each["labels"]["alertname"] for each in listed if each["status"]["inhibitedBy"]}


def post(manager, *alerts):
    assert manager.post("/api/v2/alerts", content=json.dumps(alerts), headers=JSON).is_success


JSON = {"Content-Type": "application/json"}


@real
@pytest.mark.parametrize("cause", FOLLOWS)
def test_what_follows_is_held_back_and_nothing_else(manager, cause):
    cluster = f"cluster-of-{cause}"
    post(manager, *(alert(name, cluster) for name in ALERTS if name not in FOLLOWS or name == cause))

    until(lambda: set(FOLLOWS[cause]) <= held_back(manager, cluster), lambda: held_back(manager, cluster))
    assert held_back(manager, cluster) == set(FOLLOWS[cause])


@real
def test_a_page_of_an_objective_holds_back_its_own_ticket_and_no_other(manager):
    slow = [f"{each.alert}BurnsSlowly" for each in OBJECTIVES]
    fast = alert("LatencyBurnsFast", slo="latency")
    post(manager, fast, *(alert(f"{each.alert}BurnsSlowly", slo=each.name) for each in OBJECTIVES))

    until(lambda: held_back(manager), lambda: slow)
    assert held_back(manager) == {"LatencyBurnsSlowly"}


@pytest.fixture
def topic_server(monkeypatch):
    """An SNS of moto's: where it answers, the topics by severity, and what was sent to each."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of-the-test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        backend = sns_backends[DEFAULT_ACCOUNT_ID][REGION]
        arns = {each: backend.create_topic(f"rialto-{each}", {}, {}).arn for each in ("page", "ticket")}
        yield (
            f"http://{host}:{port}",
            arns,
            lambda severity: backend.topics[arns[severity]].sent_notifications,
        )
    finally:
        server.stop()
        sns_backends.reset()


@real
def test_an_alert_of_aws_is_published_to_the_topic_of_its_severity(tmp_path, topic_server):
    url, arns, sent = topic_server
    config = topic_configuration(arns, REGION)
    for each in (config["route"], *config["route"]["routes"]):
        each["group_wait"] = "1s"
    for each in config["receivers"]:
        each["sns_configs"][0]["api_url"] = url
    (path := tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    annotations = {"annotations": ALERTS["TritonGone"]["annotations"]}

    with running_alertmanager(tmp_path, path) as manager:
        post(
            manager,
            alert("TritonGone", "prod-aws") | annotations,
            alert("ReleaseOld", "prod-aws") | annotations,
        )
        until(lambda: sent("page") and sent("ticket"), (tmp_path / "log").read_text)

    (page,), (ticket,) = sent("page"), sent("ticket")
    assert [each[2] for each in (page, ticket)] == [
        "[firing] TritonGone (prod-aws)",
        "[firing] ReleaseOld (prod-aws)",
    ]
    assert annotations["annotations"]["summary"] in page[1]


@real
def test_the_pager_is_told_what_happened_where_and_what_to_read(tmp_path):
    rule = ALERTS["BridgeDown"]
    with (
        receivers() as (called, port),
        running_alertmanager(tmp_path, written(tmp_path, port, group_wait="1s")) as manager,
    ):
        post(manager, alert("BridgeDown") | {"annotations": rule["annotations"]})
        until(lambda: {path for path, _ in called.calls} == {"/pager", "/slack"}, lambda: called.calls)

    calls = dict(called.calls)
    assert calls["/pager"]["routing_key"] == KEYS["pager-key"]
    assert calls["/pager"]["payload"]["severity"] == "critical"
    assert (
        calls["/pager"]["payload"]["summary"] == f"BridgeDown ({CLUSTER}): {rule['annotations']['summary']}"
    )
    assert calls["/pager"]["payload"]["custom_details"]["runbook"] == "infra/bridge/README.md"
    (told,) = calls["/slack"]["attachments"]
    assert rule["annotations"]["summary"] in told["text"]
