"""The wires: private cloud, internet and AWS, as far as packets can tell.

host -- router == gateway-a, gateway-b       the private cloud; the router translates floating addresses
          |
       internet                              netem, and the capture
          |
one namespace for each AWS endpoint          IPsec only; their tunnels' interfaces lie in `transit`
          |
       transit -- vpc                        the Transit Gateway with its BGP, and AWS's hosts
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

from .shell import inside, run

__all__ = [
    "FLOWS",
    "HOST",
    "INTERNET",
    "ROUTER",
    "TRANSIT",
    "VPC",
    "build",
    "endpoint",
    "pairs",
    "peers",
    "plug",
    "raw_icmp",
    "unplug",
    "within",
]

HOST, ROUTER, INTERNET, TRANSIT, VPC = "host", "router", "internet", "transit", "vpc"
# Enough pairs of addresses that every tunnel carries some of them.
FLOWS = 16
FIRST_HOST = 10
CLONE_NEWNET = 0x40000000
# Between router and internet (https://www.rfc-editor.org/rfc/rfc5737).
OUTSIDE = "198.51.100"
SYSCTL = Path("/proc/sys/net")
SETTINGS = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/fib_multipath_hash_policy": "1",
    "ipv6/conf/all/disable_ipv6": "1",
}
Result = TypeVar("Result")


def within(namespace: str, act: Callable[[], Result]) -> Result:
    """The result of `act` in a network namespace; a socket that it opens stays there."""

    def enter() -> Result:
        place = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(place, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter network namespace {namespace}")
        finally:
            os.close(place)
        return act()

    # A thread of its own, which ends there: a namespace is a thread's, not a process's.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter).result()


def endpoint(gateway: str, tunnel: str) -> str:
    """The namespace of an AWS endpoint."""
    return f"{gateway}-{tunnel}"


def pairs(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """The private and the AWS address of each flow."""
    near, far = IPv4Network(plan["hosts_range"]), IPv4Network(plan["remote_range"])
    return [(str(near[FIRST_HOST + each]), str(far[FIRST_HOST + each])) for each in range(FLOWS)]


class Wiring:
    """What is to be done in each namespace, done by one `ip` each: a process costs an emulated processor much."""

    def __init__(self) -> None:
        self._wires: list[str] = []
        self._lines: dict[str, list[str]] = {}

    def namespace(self, name: str, *, forwards: bool = True) -> None:
        """A namespace; what a gateway is told of forwarding is the business of its own files."""
        run("ip", "netns", "add", name)
        self.add(name, "link set lo up")
        if forwards:
            within(name, lambda: [(SYSCTL / key).write_text(value) for key, value in SETTINGS.items()])

    def wire(self, near: str, near_name: str, far: str, far_name: str) -> None:
        """A cable between two namespaces."""
        self._wires.append(f"link add {near_name} netns {near} type veth peer name {far_name} netns {far}")
        self.add(near, f"link set {near_name} up")
        self.add(far, f"link set {far_name} up")

    def address(self, namespace: str, interface: str, *addresses: str) -> None:
        """Addresses of an interface."""
        self.add(namespace, *(f"addr add {each} dev {interface}" for each in addresses))

    def add(self, namespace: str, *lines: str) -> None:
        """Lines for `ip` in a namespace."""
        self._lines.setdefault(namespace, []).extend(lines)

    def connect(self) -> None:
        """Do it all."""
        run("ip", "-batch", "-", given="\n".join(self._wires))
        for namespace, lines in self._lines.items():
            run("ip", "-netns", namespace, "-batch", "-", given="\n".join(lines))


def build(plan: dict[str, Any]) -> None:
    """Make all namespaces but the gateways' insides, and the wires between them."""
    wiring = Wiring()
    for name in (HOST, ROUTER, INTERNET, TRANSIT, VPC):
        wiring.namespace(name)
    _hosts(plan, wiring)
    _subnet(plan, wiring)
    _outside(plan, wiring)
    for gateway, tunnel, peer in peers(plan):
        _endpoint(endpoint(gateway, tunnel), peer["address"], peer["wire"], wiring)
    wiring.connect()
    inside(ROUTER, "nft", "-f", "-", given=_floating(plan))


def peers(plan: dict[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Every AWS endpoint: gateway, tunnel, and what is known of it."""
    for gateway, facts in plan["gateways"].items():
        for tunnel, peer in facts["tunnels"].items():
            yield gateway, tunnel, peer


def _hosts(plan: dict[str, Any], wiring: Wiring) -> None:
    """The private hosts behind the router, and AWS's behind the Transit Gateway."""
    near, far = IPv4Network(plan["hosts_range"]), IPv4Network(plan["remote_range"])
    flows = pairs(plan)
    wiring.wire(HOST, "eth0", ROUTER, "hosts")
    wiring.address(ROUTER, "hosts", f"{near[1]}/{near.prefixlen}")
    wiring.address(HOST, "eth0", *(f"{mine}/{near.prefixlen}" for mine, _ in flows))
    wiring.add(HOST, f"route add default via {near[1]}")
    wiring.wire(VPC, "eth0", TRANSIT, "vpc")
    wiring.address(TRANSIT, "vpc", f"{far[1]}/{far.prefixlen}")
    wiring.address(VPC, "eth0", *(f"{theirs}/{far.prefixlen}" for _, theirs in flows))
    wiring.add(VPC, f"route add default via {far[1]}")


def _subnet(plan: dict[str, Any], wiring: Wiring) -> None:
    """The gateways' subnet: a bridge in the router, with the one static route that Neutron has."""
    subnet = IPv4Network(plan["gateways_range"])
    wiring.add(ROUTER, "link add subnet type bridge", "link set subnet up")
    wiring.address(ROUTER, "subnet", f"{subnet[1]}/{subnet.prefixlen}")
    wiring.add(ROUTER, f"route add {plan['remote_range']} via {plan['virtual_address']}")


def plug(plan: dict[str, Any], gateway: str) -> None:
    """Give a gateway machine its network card, with the address that its config drive would tell."""
    subnet = IPv4Network(plan["gateways_range"])
    wiring = Wiring()
    wiring.namespace(gateway, forwards=False)
    wiring.wire(gateway, plan["lan_interface"], ROUTER, gateway)
    wiring.add(ROUTER, f"link set {gateway} master subnet")
    wiring.address(
        gateway, plan["lan_interface"], f"{plan['gateways'][gateway]['address']}/{subnet.prefixlen}"
    )
    wiring.add(gateway, f"route add default via {subnet[1]}")
    wiring.connect()


def unplug(gateway: str) -> None:
    """The card is gone, and all that the kernel knew of this machine with it."""
    run("ip", "-netns", ROUTER, "link", "del", gateway)
    run("ip", "netns", "del", gateway)


def _outside(plan: dict[str, Any], wiring: Wiring) -> None:
    """The router's leg into the internet, where each gateway has its floating address."""
    wiring.wire(ROUTER, "outside", INTERNET, "router")
    wiring.address(ROUTER, "outside", f"{OUTSIDE}.2/24")
    wiring.address(INTERNET, "router", f"{OUTSIDE}.1/24")
    wiring.add(ROUTER, f"route add default via {OUTSIDE}.1")
    wiring.address(ROUTER, "outside", *(f"{each['public_address']}/24" for each in plan["gateways"].values()))


def _floating(plan: dict[str, Any]) -> str:
    """Nftables' file of the router: each gateway's floating address, both ways."""
    floating = [(each["address"], each["public_address"]) for each in plan["gateways"].values()]
    into = "\n".join(f"    ip daddr {public} dnat to {address}" for address, public in floating)
    out = "\n".join(
        f'    oifname "outside" ip saddr {address} snat to {public}' for address, public in floating
    )
    return f"""
table ip floating {{
  chain into {{
    type nat hook prerouting priority dstnat;
{into}
  }}
  chain out {{
    type nat hook postrouting priority srcnat;
{out}
  }}
}}
"""


def _endpoint(name: str, address: str, wire: str, wiring: Wiring) -> None:
    """One AWS endpoint on a wire of its own."""
    near = IPv4Network(f"{address}/30", strict=False)[1]
    wiring.namespace(name)
    wiring.wire(name, "eth0", INTERNET, wire)
    wiring.address(name, "eth0", f"{address}/30")
    wiring.address(INTERNET, wire, f"{near}/30")
    wiring.add(name, f"route add default via {near}")
    # What it decrypts comes out in the Transit Gateway.
    wiring.add(name, "link add aws type xfrm dev lo if_id 1", f"link set aws netns {TRANSIT} name {wire}")


def raw_icmp(address: str = "") -> socket.socket:
    """A socket that hears all ICMP of its namespace, and sends from `address`."""
    found = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    if address:
        found.bind((address, 0))
    return found
