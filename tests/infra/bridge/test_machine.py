"""The programs on the gateways, with what swanctl, FRR and the kernel say made up; the laboratory runs them really."""

import pytest

from infra.bridge.machine import metrics, watch
from infra.bridge.machine.metrics import refused, render
from infra.bridge.machine.sa import carrying, parse
from infra.bridge.machine.watch import Watch, reason

# As strongSwan 5.9.8 prints it, shortened.
UP = (
    "{first {uniqueid=3 version=2 state=ESTABLISHED local-host=10.10.128.3 local-port=4500 local-id=203.0.113.10 "
    "remote-host=198.51.100.10 remote-port=4500 remote-id=198.51.100.10 initiator=yes encr-alg=AES_GCM_16 "
    "tasks-active=[] child-sas {first-7 {name=first uniqueid=7 reqid=1 state=INSTALLED mode=TUNNEL protocol=ESP "
    "encap=yes if-id-in=00000001 if-id-out=00000001 bytes-in=840 packets-in=10 local-ts=[0.0.0.0/0] "
    "remote-ts=[0.0.0.0/0]}}}}"
)
CALLING = "{second {uniqueid=4 version=2 state=CONNECTING initiator=yes tasks-queued=[QUICK] child-sas {}}}"
TUNNELS = {
    "first": {"interface": "tunnel-first", "aws_address": "169.254.20.1"},
    "second": {"interface": "tunnel-second", "aws_address": "169.254.20.5"},
}
CONFIG = {"private_ranges": ["10.10.0.0/16"], "private_asn": 64620, "tunnels": TUNNELS}


@pytest.fixture
def links(monkeypatch):
    """Which interfaces the watch wants up."""
    found = {}
    monkeypatch.setattr(watch, "set_link", lambda interface, *, up: found.update({interface: up}))
    return found


class Asked:
    """A swanctl that was told to begin a tunnel."""

    def __init__(self, said, returncode):
        self.said, self.returncode = said, returncode

    def poll(self):
        return self.returncode

    def communicate(self):
        return self.said, None


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The commands that the watch started, all refused for their key."""
    commands = []

    def start(command, **_):
        commands.append(command)
        return Asked("[IKE] received AUTHENTICATION_FAILED notify error\ninitiate failed", 1)

    monkeypatch.setattr(watch.subprocess, "Popen", start)
    monkeypatch.setattr(watch, "REFUSALS", tmp_path / "refusals.json")
    return commands


def test_a_line_of_swanctl_becomes_groups_and_values():
    (child,) = parse(UP)["first"]["child-sas"].values()

    assert (child["name"], child["state"], child["remote-ts"]) == ("first", "INSTALLED", ["0.0.0.0/0"])
    assert parse(UP)["first"]["remote-id"] == "198.51.100.10"
    assert parse(CALLING)["second"]["child-sas"] == {}


@pytest.mark.parametrize(("state", "carries"), [("REKEYING", True), ("REKEYED", True), ("DELETING", False)])
def test_a_tunnel_carries_packets_while_its_keys_change(state, carries):
    found = [parse(UP.replace("state=INSTALLED", f"state={state}"))]

    assert carrying(found) == ({"first"} if carries else set())


def test_interfaces_follow_their_sas(links):
    Watch(TUNNELS).look([parse(UP), parse(CALLING)], 0)

    assert links == {"tunnel-first": True, "tunnel-second": False}


def test_a_charon_that_does_not_answer_has_no_tunnel(links):
    Watch(TUNNELS).look([], 0)

    assert links == {"tunnel-first": False, "tunnel-second": False}


def test_a_tunnel_that_nobody_begins_is_begun_after_a_while_and_once(links, asked):
    watching = Watch(TUNNELS)
    for now in range(6):
        watching.look([parse(UP)], now)

    assert asked == [["swanctl", "--initiate", "--child", "second", "--timeout", "8"]]


def test_a_tunnel_that_is_being_begun_is_left_alone(links, asked):
    watching = Watch(TUNNELS)
    for now in range(60):
        watching.look([parse(UP), parse(CALLING)], now)

    assert asked == []


def test_a_tunnel_without_a_child_sa_is_begun_again(links, asked):
    childless = parse(CALLING.replace("CONNECTING", "ESTABLISHED"))
    watching = Watch(TUNNELS)
    for now in range(6):
        watching.look([parse(UP), childless], now)

    assert [command[3] for command in asked] == ["second"]


def test_refusals_are_counted_with_their_reason(links, asked):
    watching = Watch(TUNNELS)
    for now in range(20):
        watching.look([parse(UP)], now)

    assert watch.REFUSALS.read_text() == '[{"tunnel": "second", "reason": "key", "count": 3}]'


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("[IKE] received AUTHENTICATION_FAILED notify error", "key"),
        ("[ENC] parsed IKE_AUTH response 1 [ N(AUTH_FAILED) ]", "key"),
        ("[IKE] received NO_PROPOSAL_CHOSEN notify error", "proposal"),
        ("[ENC] parsed IKE_SA_INIT response 0 [ N(NO_PROP) ]", "proposal"),
        ("[IKE] received TS_UNACCEPTABLE notify, no CHILD_SA built\n[ENC] [ N(TS_UNACCEPT) ]", "selectors"),
        ("[IKE] retransmit 4 of request with message ID 0\n[IKE] giving up after 4 retransmits", "silence"),
        (
            "[ENC] generating IKE_AUTH request 1 [ IDi IDr AUTH SA TSi TSr N(MULT_AUTH) N(EAP_ONLY) ]",
            "silence",
        ),
        ("[IKE] authentication of '203.0.113.10' (myself) with pre-shared key", "silence"),
    ],
)
def test_the_reason_is_what_charon_said(said, why):
    assert reason(said) == why


def test_routes_that_are_not_aws_own_are_counted_by_what_they_would_do():
    path = {"path": "64621"}
    received = {
        "10.20.0.0/16": path,
        "0.0.0.0/0": path,
        "10.10.7.0/24": path,
        "10.0.0.0/8": path,
        "192.0.2.0/24": path,
        # Our own announcement, come back.
        "10.10.0.0/16": {"path": "64621 64620"},
    }

    assert refused(received, {"10.20.0.0/16"}, CONFIG) == {"default": 1, "overlap": 2, "foreign": 1}


def test_metrics_of_one_name_stand_together_with_what_they_mean():
    text = render(
        iter(
            [
                ("bridge_tunnel_up", {"tunnel": "first"}, True),
                ("bridge_drained", {}, False),
                ("bridge_tunnel_up", {"tunnel": "second"}, False),
            ]
        )
    )

    assert text.splitlines() == [
        "# HELP bridge_tunnel_up Whether the tunnel has an SA that carries packets",
        "# TYPE bridge_tunnel_up gauge",
        'bridge_tunnel_up{tunnel="first"} 1.0',
        'bridge_tunnel_up{tunnel="second"} 0.0',
        "# HELP bridge_drained Whether this gateway was taken out of service",
        "# TYPE bridge_drained gauge",
        "bridge_drained 0.0",
    ]


def test_a_daemon_that_is_away_costs_its_own_figures_only(monkeypatch, tmp_path):
    def answer(*command):
        counters = '{"nftables": [{"counter": {"name": "plain", "packets": 3}}]}'
        return counters if command[0] == "nft" else ""

    monkeypatch.setattr(metrics, "_run", answer)
    monkeypatch.setattr(metrics, "sas", list)
    monkeypatch.setattr(metrics, "_reaches_aws", lambda: False)
    monkeypatch.setattr(metrics, "REACHED", tmp_path / "reached")
    samples = list(
        metrics.collect({**CONFIG, "virtual_address": "10.10.128.2", "lan_interface": "ens3"}, 0.0)
    )

    assert ("bridge_dropped_packets_total", {"reason": "plain"}, 3) in samples
    assert ("bridge_tunnel_up", {"tunnel": "first"}, False) in samples
    assert ("bridge_bgp_established", {"tunnel": "first"}, False) in samples
