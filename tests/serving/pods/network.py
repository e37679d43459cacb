"""A network of a test's own: a namespace for each pod, and one between them where callers and stores are."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Interface

# Of RFC 5737, for examples: no route of this machine's leads there, and the namespaces have none.
MIDDLE = IPv4Interface("192.0.2.1/24")


def missing() -> str:
    """Why there can be no namespaces here; empty if there can."""
    absent = [name for name in ("ip", "nsenter") if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed: apt-get install iproute2 util-linux"
    name = f"rialto-{secrets.token_hex(3)}"
    if _ip("netns", "add", name).returncode:
        return "this machine lets nobody make a network namespace"
    _ip("netns", "delete", name)
    return ""


@dataclass(frozen=True)
class Network:
    """The addresses of pods by name; `name` is the namespace in their middle."""

    name: str
    pods: dict[str, str]

    @property
    def middle(self) -> str:
        """The address of whoever serves pods from outside of any."""
        return str(MIDDLE.ip)

    def inside(self, pod: str = "") -> Sequence[str]:
        """What runs a command inside a pod's namespace, or in the middle."""
        return ("nsenter", f"--net=/run/netns/{_namespace(self.name, pod)}")


@contextmanager
def network(pods: Sequence[str]) -> Iterator[Network]:
    """A bridge that every pod has a cable to, for as long as the block runs."""
    name = f"rialto-{secrets.token_hex(3)}"
    made = []
    try:
        _namespaced(name, made)
        _done("-n", name, "link", "add", "bridge", "type", "bridge")
        _done("-n", name, "address", "add", str(MIDDLE), "dev", "bridge")
        _done("-n", name, "link", "set", "bridge", "up")
        addresses = {}
        for number, pod in enumerate(pods, start=1):
            there, cable = _namespace(name, pod), f"cable{number}"
            _namespaced(there, made)
            _done(*("-n", name, "link", "add", cable, "type", "veth", "peer", "eth0", "netns", there))
            _done("-n", name, "link", "set", cable, "master", "bridge", "up")
            addresses[pod] = str(MIDDLE.ip + number)
            own = f"{addresses[pod]}/{MIDDLE.network.prefixlen}"
            _done("-n", there, "address", "add", own, "dev", "eth0")
            _done("-n", there, "link", "set", "eth0", "up")
        yield Network(name, addresses)
    finally:
        for each in reversed(made):
            _ip("netns", "delete", each)


def _namespace(network: str, pod: str) -> str:
    return f"{network}-{pod}" if pod else network


def _namespaced(name: str, made: list[str]) -> None:
    _done("netns", "add", name)
    made.append(name)
    _done("-n", name, "link", "set", "lo", "up")


def _done(*arguments: str) -> None:
    done = _ip(*arguments)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True)
