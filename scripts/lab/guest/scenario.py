"""What is done to the bridge, one function each: what it returns is written to the results as it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from .aws import Endpoint
from .lab import Lab
from .traffic import forbidden_flow, full_size_transfer

__all__ = ["SCENARIOS"]

Outcome = dict[str, Any]
COLD_SECONDS = 240
MOVE_SECONDS = 90
# How long AWS waits between leading traffic away from an endpoint and ending it.
AWAY_SECONDS = 8
# A path on which nobody can work: nearly everything is lost, the rest is late.
HOPELESS = ("loss", "95%", "delay", "300ms", "50ms")
# A bad day on the internet.
ROUGH = ("loss", "2%", "delay", "40ms", "15ms")
ROUGH_SECONDS = 20
QUIET_SECONDS = 10
OUTAGE_SECONDS = 12
DEFAULT_ROUTE = "0.0.0.0/0"


def cold_start(lab: Lab) -> Outcome:
    """Both gateways are made from nothing, as after their first declaration."""
    for name, each in lab.machines.items():
        if each.on:
            lab.cut(name)
    start = time.monotonic()
    lab.together(partial(lab.create, name) for name in lab.machines)
    booted = time.monotonic() - start
    lab.transit.wait_for(lab.tunnels, COLD_SECONDS)
    sessions = time.monotonic() - start
    lab.wait_for_traffic()
    return {"booted_seconds": booted, "sessions_seconds": sessions, "seconds": time.monotonic() - start}


def tunnel_dies(lab: Lab) -> Outcome:
    """The AWS endpoint of a tunnel that carries traffic vanishes without a word, and comes back."""
    end = _endpoint_in_use(lab)
    fault = lab.probe.now
    end.vanish()
    lab.wait_for_traffic()
    lab.transit.wait_for(lab.tunnels - {end.name}, MOVE_SECONDS)
    lab.wait_for_metric(end.gateway, f'bridge_bgp_established{{tunnel="{end.tunnel}"}}', _none)
    loss = lab.since(fault)
    back = lab.probe.now
    end.come_back()
    seconds = lab.wait_for_all()
    return {**loss.as_dict(), "back_seconds": seconds, "back_lost": lab.since(back).lost}


def gateway_dies(lab: Lab) -> Outcome:
    """The gateway that holds the virtual address loses its power; later it is turned on again."""
    name = lab.holder()
    fault = lab.probe.now
    lab.cut(name)
    lab.wait_for_traffic()
    lab.transit.wait_for(lab.tunnels - lab.tunnels_of(name), MOVE_SECONDS)
    loss = lab.since(fault)
    back = lab.probe.now
    lab.turn_on(name)
    seconds = lab.wait_for_all()
    return {**loss.as_dict(), "back_seconds": seconds, "back_lost": lab.since(back).lost}


def aws_replaces_endpoint(lab: Lab) -> Outcome:
    """AWS prefers the other tunnels, ends an endpoint, and has a new one in its place."""
    end = _endpoint_in_use(lab)
    fault = lab.probe.now
    lab.transit.lead_away(end.name)
    time.sleep(AWAY_SECONDS)
    end.replace()
    lab.transit.wait_for(lab.tunnels, COLD_SECONDS)
    lab.transit.lead_back(end.name)
    seconds = lab.wait_for_all()
    return {**lab.since(fault).as_dict(), "back_seconds": seconds}


def hopeless_path(lab: Lab) -> Outcome:
    """The path to one endpoint loses nearly everything: its traffic moves, and comes back when the path is well."""
    end = _endpoint_in_use(lab)
    fault = lab.probe.now
    with end.disturbed(*HOPELESS):
        lab.transit.wait_for(lab.tunnels - {end.name}, MOVE_SECONDS)
        lab.wait_for_traffic()
        loss = lab.since(fault)
    lab.wait_for_all()
    return loss.as_dict()


def rough_path(lab: Lab) -> Outcome:
    """All paths lose and delay some packets: no session falls, no more is lost than the paths lose."""
    with ExitStack() as stack:
        for each in lab.transit.endpoints.values():
            stack.enter_context(each.disturbed(*ROUGH))
        fault = lab.probe.now
        time.sleep(ROUGH_SECONDS)
        loss = lab.since(fault)
        standing = len(lab.transit.established())
    lab.wait_for_all()
    return {**loss.as_dict(), "share": loss.lost / loss.sent, "sessions": standing}


def key_rotation(lab: Lab) -> Outcome:
    """One tunnel gets a new key as infra/bridge/README.md says: stop the gateway, change AWS, a new machine."""
    name = lab.holder()
    end = lab.transit.endpoints[f"{name}-first"]
    planned = lab.probe.now
    lab.turn_off(name)
    lab.rotations[name] += 1
    end.peer["preshared_key"] = lab.generation(name)["key"]
    end.replace()
    lab.create(name)
    seconds = lab.wait_for_all()
    return {**lab.since(planned).as_dict(), "seconds": seconds}


def wrong_key(lab: Lab) -> Outcome:
    """AWS comes back with another key than the gateway's."""
    return _refused(lab, "key", preshared_key="another_key_than_agreed")


def wrong_proposal(lab: Lab) -> Outcome:
    """AWS comes back with a proposal that was not agreed on."""
    end = _endpoint_in_use(lab)
    agreed = end.peer["options"]["phase1_dh_group_numbers"]
    other = {**end.peer["options"], "phase1_dh_group_numbers": [21 if 21 not in agreed else 20]}
    return _refused(lab, "proposal", options=other)


def _refused(lab: Lab, reason: str, **changed: object) -> Outcome:
    """What becomes of a tunnel whose far end was changed, and of all the others."""
    end = _endpoint_in_use(lab)
    lab.transit.lead_away(end.name)
    time.sleep(AWAY_SECONDS)
    end.replace(**changed)
    refused = lab.probe.now
    label = f'{{tunnel="{end.tunnel}",reason="{reason}"}}'
    refusals = lab.wait_for_metric(end.gateway, f"bridge_tunnel_refusals_total{label}", _some)
    up = lab.metrics(end.gateway)[f'bridge_tunnel_up{{tunnel="{end.tunnel}"}}']
    standing = lab.transit.established()
    loss = lab.since(refused)
    end.replace()
    lab.transit.wait_for(lab.tunnels, COLD_SECONDS)
    lab.transit.lead_back(end.name)
    lab.wait_for_all()
    return {
        **loss.as_dict(),
        "refusals": refusals,
        "up": up,
        "others_stand": standing == lab.tunnels - {end.name},
    }


def overlapping_routes(lab: Lab) -> Outcome:
    """AWS tells of ranges of ours, and of a default route."""
    ours = lab.plan["hosts_range"]
    gateway = lab.holder()
    told = lab.probe.now
    lab.transit.announce(ours, DEFAULT_ROUTE)
    counts = {
        reason: lab.wait_for_metric(
            gateway, f'bridge_bgp_refused_prefixes{{tunnel="first",reason="{reason}"}}', _some
        )
        for reason in ("overlap", "default")
    }
    routes = [each.run("ip", "route", "show", "proto", "bgp") for each in lab.machines.values()]
    believed = [
        line.split()[0] for text in routes for line in text.splitlines() if "nexthop" not in line.split()[0]
    ]
    lab.transit.take_back(ours, DEFAULT_ROUTE)
    lab.wait_for_all()
    return {**lab.since(told).as_dict(), **counts, "believed": sorted(set(believed))}


def total_outage(lab: Lab) -> Outcome:
    """All of AWS's endpoints vanish: nothing goes around the tunnels, and all is well when they are back."""
    for each in lab.transit.endpoints.values():
        each.vanish()
    time.sleep(OUTAGE_SECONDS)
    plain = lab.capture.counts["plain"]
    for each in lab.transit.endpoints.values():
        each.come_back()
    return {"plain": plain, "back_seconds": lab.wait_for_all()}


def quiet(lab: Lab) -> Outcome:
    """Nothing happens: nothing is lost."""
    start = lab.probe.now
    time.sleep(QUIET_SECONDS)
    return lab.since(start).as_dict()


def _some(value: float) -> bool:
    return value >= 1


def _none(value: float) -> bool:
    return value == 0


def _endpoint_in_use(lab: Lab) -> Endpoint:
    """An endpoint of the gateway that packets to AWS take."""
    gateway = lab.holder()
    return next(each for each in lab.transit.endpoints.values() if each.gateway == gateway)


SCENARIOS: dict[str, Callable[[Lab], Outcome]] = {
    "cold-start": cold_start,
    "quiet": quiet,
    "transfer": full_size_transfer,
    "forbidden": forbidden_flow,
    "tunnel-dies": tunnel_dies,
    "gateway-dies": gateway_dies,
    "aws-replaces-endpoint": aws_replaces_endpoint,
    "hopeless-path": hopeless_path,
    "rough-path": rough_path,
    "key-rotation": key_rotation,
    "wrong-key": wrong_key,
    "wrong-proposal": wrong_proposal,
    "overlapping-routes": overlapping_routes,
    "total-outage": total_outage,
}
