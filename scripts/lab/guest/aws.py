"""AWS's running end: a charon for each endpoint, and the Transit Gateway's BGP."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from . import aws_end
from .network import INTERNET, TRANSIT, endpoint, peers
from .shell import LabError, inside, run, wait_until

__all__ = ["Endpoint", "Transit"]

FOLDER = Path("/run/lab")
FRR = Path("/usr/lib/frr")
START_SECONDS = 60
ANSWER_SECONDS = 10.0
# What bgpd ends an answer with: three zeros and the result.
END_BYTES = 4
# Led away from an endpoint: AWS raises the other's MED before it replaces one.
MED, MED_AWAY = 100, 200


class Endpoint:
    """One AWS endpoint: its charon, and the tunnel's interface that lies in the Transit Gateway's namespace."""

    def __init__(self, gateway: str, tunnel: str, peer: dict[str, Any]) -> None:
        self.gateway, self.tunnel = gateway, tunnel
        self.name = endpoint(gateway, tunnel)
        self.peer = peer
        self._folder = FOLDER / self.name
        self._charon: subprocess.Popen[bytes] | None = None
        self._folder.mkdir(parents=True)

    @property
    def interface(self) -> str:
        """The tunnel's interface, and the wire to the endpoint: names of interfaces are short."""
        return str(self.peer["wire"])

    @property
    def log(self) -> str:
        """What its charon said."""
        return (self._folder / "charon.log").read_text()

    def start(self, **changed: object) -> None:
        """Turn it on with what AWS was told, but for what is `changed`."""
        self.turn_on(**changed)
        self.begin()

    def turn_on(self, **changed: object) -> None:
        """Start its charon, which is not waited for."""
        peer = {**self.peer, **changed}
        (self._folder / "strongswan.conf").write_text(aws_end.CHARON.format(folder=self._folder))
        (self._folder / "swanctl.conf").write_text(aws_end.connection(peer))
        with (self._folder / "output.log").open("ab") as output:
            self._charon = subprocess.Popen(
                ["ip", "netns", "exec", self.name, "env", self._settings, "/usr/sbin/charon-systemd"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def begin(self) -> None:
        """Have its charon do what AWS was told."""
        wait_until((self._folder / "vici").exists, START_SECONDS, f"{self.name}: charon answers")
        self.swanctl("--load-all", "--file", str(self._folder / "swanctl.conf"))

    def swanctl(self, *words: str) -> str:
        """What its charon answers."""
        where = f"unix://{self._folder / 'vici'}"
        return inside(self.name, "env", self._settings, "swanctl", *words, "--uri", where)

    @property
    def _settings(self) -> str:
        """Where its programs look for settings."""
        return f"STRONGSWAN_CONF={self._folder / 'strongswan.conf'}"

    def vanish(self) -> None:
        """Lose power: nothing is sent any more, nothing answers, and nobody is told."""
        inside(INTERNET, "ip", "link", "set", self.interface, "down")
        self._end()

    def come_back(self, **changed: object) -> None:
        """Be there again, as a new machine with the same address."""
        inside(INTERNET, "ip", "link", "set", self.interface, "up")
        self.start(**changed)

    def replace(self, **changed: object) -> None:
        """Say goodbye to the peer, end, and be a new machine."""
        # A tunnel that was refused has nothing to say goodbye to.
        with suppress(LabError):
            self.swanctl("--terminate", "--ike", "aws", "--timeout", "3")
        self._end()
        self.start(**changed)

    def _end(self) -> None:
        assert self._charon is not None
        self._charon.kill()
        self._charon.wait()
        (self._folder / "vici").unlink(missing_ok=True)
        for what in ("state", "policy"):
            inside(self.name, "ip", "xfrm", what, "flush")

    @contextmanager
    def disturbed(self, *netem: str) -> Iterator[None]:
        """Packets to it and from it are treated as `netem` says."""
        ends = ((INTERNET, self.interface), (self.name, "eth0"))
        for namespace, interface in ends:
            inside(namespace, "tc", "qdisc", "add", "dev", interface, "root", "netem", *netem)
        try:
            yield
        finally:
            for namespace, interface in ends:
                inside(namespace, "tc", "qdisc", "del", "dev", interface, "root")


class Transit:
    """The Transit Gateway: one BGP speaker for all tunnels."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._folder = FOLDER / TRANSIT
        self.endpoints = {
            endpoint(gateway, tunnel): Endpoint(gateway, tunnel, peer)
            for gateway, tunnel, peer in peers(plan)
        }

    def start(self) -> None:
        """Turn on BGP and all endpoints."""
        self._folder.mkdir(parents=True)
        file = self._folder / "frr.conf"
        file.write_text(aws_end.bgp(self._plan))
        for each in self.endpoints.values():
            each.turn_on()
        self._interfaces()
        shutil.chown(self._folder, "frr", "frr")
        for daemon in ("zebra", "bgpd"):
            inside(
                TRANSIT,
                str(FRR / daemon),
                *("--daemon", "--vty_port", "0", "--vty_socket", str(self._folder)),
                *("--pid_file", str(self._folder / f"{daemon}.pid"), "--socket", str(self._folder / "zserv")),
            )
        run("vtysh", "--vty_socket", str(self._folder), "--inputfile", str(file))
        for each in self.endpoints.values():
            each.begin()

    def _interfaces(self) -> None:
        """The inside addresses of all tunnels."""
        lines = [
            line
            for each in self.endpoints.values()
            for line in (
                f"link set {each.interface} mtu {self._plan['mtu']} up",
                f"addr add {each.peer['aws_address']}/30 dev {each.interface}",
            )
        ]
        run("ip", "-netns", TRANSIT, "-batch", "-", given="\n".join(lines))

    def ask(self, command: str) -> str:
        """What bgpd answers, over the socket that vtysh would use: vtysh itself costs an emulated second."""
        with socket.socket(socket.AF_UNIX) as vty:
            vty.connect(str(self._folder / "bgpd.vty"))
            vty.settimeout(ANSWER_SECONDS)
            vty.sendall(b"enable\0")
            _answer(vty)
            vty.sendall(command.encode() + b"\0")
            return _answer(vty)

    def vtysh(self, *commands: str) -> str:
        """What vtysh says to some commands."""
        words = [word for command in commands for word in ("-c", command)]
        return run("vtysh", "--vty_socket", str(self._folder), *words)

    def established(self) -> set[str]:
        """The tunnels whose BGP session stands and brought routes."""
        found = json.loads(self.ask("show bgp ipv4 unicast summary json")).get("peers", {})
        return {
            name
            for name, each in self.endpoints.items()
            if found.get(each.peer["gateway_address"], {}).get("pfxRcd")
        }

    def wait_for(self, names: set[str], seconds: float) -> float:
        """Wait until the sessions of exactly these tunnels stand."""
        what = f"the BGP sessions that stand are those of {', '.join(sorted(names)) or 'nobody'}"
        return wait_until(lambda: self.established() == names, seconds, what)

    def lead_away(self, name: str) -> None:
        """Prefer all other tunnels, both ways, as AWS does before it replaces an endpoint."""
        self._prefer(name, f"set metric {MED_AWAY}", "set local-preference 50")

    def lead_back(self, name: str) -> None:
        """Use this tunnel as all others."""
        self._prefer(name, f"set metric {MED}", "no set local-preference")

    def _prefer(self, name: str, out: str, into: str) -> None:
        address = self.endpoints[name].peer["gateway_address"]
        self.vtysh(
            "configure terminal",
            f"route-map OUT-{name} permit 10",
            out,
            "exit",
            f"route-map IN-{name} permit 10",
            into,
            "end",
            f"clear bgp ipv4 unicast {address} soft",
        )

    def announce(self, *ranges: str) -> None:
        """Tell all gateways of ranges that AWS has no business with."""
        self._networks("network", *ranges)

    def take_back(self, *ranges: str) -> None:
        """Tell them no more."""
        self._networks("no network", *ranges)

    def _networks(self, verb: str, *ranges: str) -> None:
        where = ("configure terminal", f"router bgp {self._plan['aws_asn']}", "address-family ipv4 unicast")
        self.vtysh(*where, *(f"{verb} {each}" for each in ranges), "end")


def _answer(vty: socket.socket) -> str:
    found = b""
    while found[-END_BYTES:-1] != bytes(END_BYTES - 1):
        part = vty.recv(1 << 16)
        if not part:
            raise LabError("bgpd ended a conversation")
        found += part
    return found[:-END_BYTES].decode()
