"""The whole laboratory: both clouds, the probe between them and the capture."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from . import network
from .aws import Transit
from .capture import Capture
from .machine import Machine
from .network import ROUTER
from .probe import Loss, Probe
from .shell import LabError, inside, say, wait_until

__all__ = ["Lab"]

UP_SECONDS = 180
STEADY_SECONDS = 3.0
METRIC_SECONDS = 90
METRIC_PAUSE_SECONDS = 3.0
METRICS = "var/lib/prometheus/node-exporter/bridge.prom"


class Lab:
    """Everything that a scenario may touch."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        network.build(plan)
        self.transit = Transit(plan)
        self.transit.start()
        self.machines = {name: Machine(name) for name in plan["gateways"]}
        self.rotations = Counter[str]()
        self.flows = network.pairs(plan)
        self.probe = Probe(self.flows)
        self.capture = Capture()

    @property
    def tunnels(self) -> set[str]:
        """All tunnels."""
        return set(self.transit.endpoints)

    def tunnels_of(self, gateway: str) -> set[str]:
        """Those of one gateway."""
        return {name for name, each in self.transit.endpoints.items() if each.gateway == gateway}

    def together(self, acts: Iterable[Callable[[], object]]) -> None:
        """Do things at the same time; LabError if one of them failed."""
        failures: list[BaseException] = []

        def attempt(act: Callable[[], object]) -> None:
            try:
                act()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=attempt, args=(act,)) for act in acts]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if failures:
            raise LabError(str(failures[0]))

    def wait_for_all(self) -> float:
        """Wait until every session stands and every flow flows; the seconds that took."""
        start = time.monotonic()
        self.transit.wait_for(self.tunnels, UP_SECONDS)
        self.wait_for_traffic()
        return time.monotonic() - start

    def wait_for_traffic(self, seconds: float = UP_SECONDS) -> None:
        """Wait until nothing was lost for some seconds."""
        wait_until(lambda: self.probe.flows_well(STEADY_SECONDS), seconds, "all flows flow")

    def holder(self) -> str:
        """The gateway that holds the virtual address."""
        wanted = self.plan["virtual_address"]
        for name, each in self.machines.items():
            if each.on and wanted in each.run(
                "ip", "-brief", "address", "show", "dev", self.plan["lan_interface"]
            ):
                return name
        raise LabError(f"no gateway holds {wanted}")

    def create(self, gateway: str) -> None:
        """Make a gateway from nothing, with the files of its present generation of keys."""
        network.plug(self.plan, gateway)
        self.machines[gateway].create(self.generation(gateway)["user_data"])

    def generation(self, gateway: str) -> dict[str, Any]:
        """The first tunnel's key and the user data that it is in, as they are now."""
        found: list[dict[str, Any]] = self.plan["gateways"][gateway]["generations"]
        return found[self.rotations[gateway] % len(found)]

    def cut(self, gateway: str) -> None:
        """A gateway loses its power: no frame leaves it any more."""
        inside(ROUTER, "ip", "link", "set", gateway, "down")
        self.machines[gateway].kill()
        network.unplug(gateway)

    def turn_off(self, gateway: str) -> None:
        """Stop a gateway as a cloud does before it replaces it."""
        self.machines[gateway].shut_down()
        network.unplug(gateway)

    def turn_on(self, gateway: str) -> None:
        """Boot a gateway that was made before."""
        network.plug(self.plan, gateway)
        self.machines[gateway].boot()

    def metrics(self, gateway: str) -> dict[str, float]:
        """What a gateway's exporter says now; its timer would ask for it a few seconds later."""
        self.machines[gateway].run("systemctl", "start", "bridge-metrics.service")
        text = (self.machines[gateway].root / METRICS).read_text()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def wait_for_metric(self, gateway: str, name: str, holds: Callable[[float], bool]) -> float:
        """Wait until a metric is as it should be; its value."""
        found: list[float] = []

        def there() -> bool:
            found.append(self.metrics(gateway).get(name, float("nan")))
            return holds(found[-1])

        wait_until(there, METRIC_SECONDS, f"{gateway}: {name} becomes what it should", METRIC_PAUSE_SECONDS)
        return found[-1]

    def since(self, moment: float) -> Loss:
        """The probe's losses since a moment."""
        return self.probe.loss(moment)

    def keep_logs(self, folder: Path) -> None:
        """Write what everybody said, for whoever looks for a fault."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, each in self.machines.items():
            if each.on:
                try:
                    (folder / f"{name}.log").write_text(each.journal())
                    (folder / f"{name}-state.log").write_text(each.run("sh", "-c", STATE))
                except LabError as error:
                    say(str(error))
        for name, end in self.transit.endpoints.items():
            (folder / f"aws-{name}.log").write_text(end.log)
        (folder / "transit.log").write_text(self.transit.vtysh("show bgp summary", "show ip route"))
        (folder / "capture.json").write_text(
            json.dumps({"counts": self.capture.counts, "plain": self.capture.examples})
        )


STATE = """
exec 2>&1
ip address; ip route; ip -d link show type xfrm; ip xfrm state count
swanctl --list-sas; vtysh -c 'show bgp summary' -c 'show ip route'; nft list ruleset; systemctl --failed --no-pager
systemctl list-units --no-pager --no-legend; cat /var/lib/prometheus/node-exporter/bridge.prom
systemd-analyze blame --no-pager; ps ax
"""
