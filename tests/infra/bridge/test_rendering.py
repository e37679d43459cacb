"""The files of a gateway machine: reviewed once as a whole, and held to what must be true of any."""

import json
import re
from dataclasses import replace

import pytest

from infra.bridge.aws import tunnel_options
from infra.bridge.cloud_init import MAX_BYTES, user_data
from infra.bridge.rendering import File, gateway_files
from infra.bridge.unit import UNITS
from tests.infra.bridge.bridges import PEERS, PUBLIC_ADDRESS, bridge, rendered
from tests.recording import golden

KEYS = {peer.preshared_key for peer in PEERS.values()}


def listing(files):
    """All files as one text for reviewers; our programs are reviewed where they are written."""
    shown = {path: each for path, each in files.items() if not path.endswith(".py")}
    return "".join(
        f"=== {path} {each.mode} {each.owner}\n{each.content}" for path, each in sorted(shown.items())
    )


def chain(name, files=None):
    """The rules of one of the firewall's chains."""
    text = (files or rendered())["/etc/nftables.conf"].content
    (body,) = re.findall(rf"  chain {name} {{\n(.*?)\n  }}", text, re.DOTALL)
    return [line.strip() for line in body.splitlines()]


def test_a_gateway_has_exactly_the_reviewed_files():
    assert listing(rendered()) == golden("gateway-a.files.txt")


def test_keys_are_in_files_that_only_root_reads_and_nowhere_else():
    for path, each in rendered().items():
        holds = [key for key in KEYS if key in each.content]
        assert bool(holds) == path.endswith("-key.conf"), path
        assert not holds or (each.mode, each.owner) == ("0600", "root:root")


def test_another_gateway_differs_in_its_addresses_only():
    ours, theirs = rendered(), rendered(name="gateway-b")

    assert ours.keys() == theirs.keys()
    differ = {path for path in ours if ours[path] != theirs[path]}
    assert differ == {
        "/etc/bridge.json",
        "/etc/frr/frr.conf",
        "/etc/keepalived/keepalived.conf",
        "/etc/nftables.conf",
        "/etc/swanctl/conf.d/first.conf",
        "/etc/swanctl/conf.d/second.conf",
        "/usr/local/sbin/bridge-interfaces",
    }


def test_another_key_changes_one_file_of_one_gateway():
    before = rendered()
    peers = {**PEERS, "second": replace(PEERS["second"], preshared_key="AnotherKey")}
    after = gateway_files(bridge(), "gateway-a", peers, PUBLIC_ADDRESS)

    assert {path for path in before if before[path] != after[path]} == {"/etc/swanctl/conf.d/second-key.conf"}


def test_another_lifetime_changes_the_same_number_at_both_ends_and_nothing_else():
    before, after = bridge(), bridge(proposal={"child-lifetime-seconds": 1800})
    differ = {path for path, each in rendered(before).items() if each != rendered(after)[path]}
    options = {
        key
        for key, value in tunnel_options(before, "gateway-a", "first").items()
        if tunnel_options(after, "gateway-a", "first")[key] != value
    }

    assert differ == {"/etc/swanctl/conf.d/first.conf", "/etc/swanctl/conf.d/second.conf"}
    assert options == {"phase2_lifetime_seconds"}
    for path in differ:
        assert "life_time = 1800s" in rendered(after)[path].content


def test_nothing_is_forwarded_past_the_tunnels():
    first, second, *_, last = chain("forward")[1:]

    assert chain("forward")[0].endswith("policy drop;")
    assert first == 'iifname != "tunnel-*" oifname != "tunnel-*" counter name plain drop'
    assert second == 'iifname "tunnel-*" oifname "tunnel-*" counter name hairpin drop'
    assert last == "counter name foreign drop"


def test_a_flow_begins_on_the_side_that_declares_it_and_is_answered_by_the_other():
    flows = {"https": {"source": "openstack", "protocol": "tcp", "port": 443}}
    files = rendered(bridge(flows=flows))
    back = {"https": {"source": "aws", "protocol": "tcp", "port": 443}}
    turned = rendered(bridge(flows=back))

    begins = 'tcp dport 443 accept comment "https"'
    answers = 'tcp sport 443 tcp flags & (ack | rst) != 0 accept comment "https"'
    assert (begins in chain("into", files), answers in chain("out_of", files)) == (True, True)
    assert (answers in chain("into", turned), begins in chain("out_of", turned)) == (True, True)
    assert begins not in chain("out_of", files)


@pytest.mark.parametrize("name", ["into", "out_of"])
def test_segments_fit_the_tunnel_in_both_directions(name):
    assert chain(name)[0] == "tcp flags syn tcp option maxseg size set 1398"


@pytest.mark.parametrize("name", ["into", "out_of", "forward", "input", "output"])
def test_every_packet_that_is_dropped_is_counted(name):
    rules = chain(name)

    assert all("counter name" in each for each in rules if each.endswith(" drop"))
    assert rules[-1].startswith("counter name ")
    assert rules[-1].endswith(" drop")


def test_no_rule_remembers_a_connection():
    text = rendered()["/etc/nftables.conf"].content

    assert not re.findall(r"\bct\b|established|masquerade|snat|dnat", text)


def test_only_the_remote_range_is_believed_and_only_private_ranges_are_told():
    conf = rendered()["/etc/frr/frr.conf"].content

    assert re.findall(r"^ip prefix-list (.*)$", conf, re.MULTILINE) == [
        "REMOTE seq 10 permit 10.20.0.0/16",
        "PRIVATE seq 10 permit 10.10.0.0/16",
    ]
    assert "neighbor AWS route-map FROM-AWS in" in conf
    assert "neighbor AWS route-map TO-AWS out" in conf


def test_our_services_start_in_order_after_all_files_are_there():
    config = json.loads(user_data(rendered()).removeprefix("#cloud-config\n"))
    paths = {each["path"] for each in config["write_files"]}

    assert [command[-1] for command in config["runcmd"][-len(UNITS) :]] == list(UNITS)
    ours = {each for each in UNITS if each.startswith("bridge-")}
    assert {f"/etc/systemd/system/{each}" for each in ours} <= paths
    assert {(each["permissions"], each["owner"]) for each in config["write_files"]} == {
        ("0600", "root:root"),
        ("0640", "frr:frr"),
        ("0644", "root:root"),
        ("0755", "root:root"),
    }


def test_user_data_that_nova_would_refuse_is_refused_here():
    assert len(user_data(rendered()).encode()) < MAX_BYTES * 0.8
    with pytest.raises(
        ValueError, match=r"user data has \d+ bytes, but Nova takes 49151; make files smaller"
    ):
        user_data({"/large": File(content="x" * MAX_BYTES)})
