"""Keep each tunnel's interface up while it has an SA and down while it has none, and begin tunnels that nobody begins.

A tunnel whose SA is gone takes its BGP session and routes with it at once, instead of after BGP's hold time. charon
itself would not ask again after a refusal, and after a deletion also where the peer has begun another pair already.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

# Relative: on a gateway this folder is the package /usr/local/lib/bridge.
from .sa import begun, carrying, sas

__all__ = ["CONFIG", "REFUSALS", "Watch", "reason", "set_link", "write"]

CONFIG = Path("/etc/bridge.json")
REFUSALS = Path("/run/bridge-refusals.json")
LINKS = Path("/sys/class/net")
# https://www.kernel.org/doc/html/latest/networking/operstates.html, linux/if.h
IFF_UP = 0x1
POLL_SECONDS = 1.0
# How long a tunnel that nobody begins is left to itself and to AWS, which begins too.
PATIENCE_SECONDS = 4.0
ANSWER_SECONDS = 8
# What charon says when it was turned away or turned its peer away, and why that was.
REASONS = {
    "AUTHENTICATION_FAILED": "key",
    "N(AUTH_FAILED)": "key",
    "NO_PROPOSAL_CHOSEN": "proposal",
    "N(NO_PROP)": "proposal",
    "N(INVAL_KE)": "proposal",
    "TS_UNACCEPTABLE": "selectors",
}


def reason(said: str) -> str:
    """Why a tunnel did not come up, as far as charon said."""
    return next((why for word, why in REASONS.items() if word in said), "silence")


class Watch:
    """The tunnels of this gateway: their interfaces, and since when each has been left alone."""

    def __init__(self, tunnels: dict[str, dict[str, Any]]) -> None:
        self._tunnels = tunnels
        self._alone_since: dict[str, float] = {}
        self._asking: dict[str, subprocess.Popen[str]] = {}
        self._refusals: Counter[tuple[str, str]] = Counter()

    def look(self, found: list[dict[str, Any]], now: float) -> None:
        """Bring interfaces in line with the SAs that there are."""
        up, present = carrying(found), begun(found)
        for name, tunnel in self._tunnels.items():
            set_link(tunnel["interface"], up=name in up)
            self._hear(name)
            if name in present or name in self._asking:
                self._alone_since.pop(name, None)
            elif now - self._alone_since.setdefault(name, now) > PATIENCE_SECONDS:
                self._ask(name)

    def _ask(self, name: str) -> None:
        del self._alone_since[name]
        command = ["swanctl", "--initiate", "--child", name, "--timeout", str(ANSWER_SECONDS)]
        self._asking[name] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def _hear(self, name: str) -> None:
        """Count the refusal of a tunnel that was asked for, and say why."""
        asked = self._asking.get(name)
        if asked is None or asked.poll() is None:
            return
        said, _ = self._asking.pop(name).communicate()
        if asked.returncode:
            self._refusals[name, reason(said)] += 1
            print(f"{name} refused: {reason(said)}", flush=True)
            refusals = [
                {"tunnel": tunnel, "reason": why, "count": n} for (tunnel, why), n in self._refusals.items()
            ]
            write(REFUSALS, json.dumps(refusals))


def set_link(interface: str, *, up: bool) -> None:
    """Take an interface up or down, if it is not yet."""
    # Read every second for each tunnel: a file costs less than a process.
    flags = int((LINKS / interface / "flags").read_text(), 16)
    if bool(flags & IFF_UP) != up:
        subprocess.run(["ip", "link", "set", "dev", interface, "up" if up else "down"], check=True)
        print(f"{interface} {'up' if up else 'down'}", flush=True)


def write(path: Path, text: str) -> None:
    """Replace a file as a whole."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def main() -> None:
    """Look every second; a charon that does not answer has no tunnel."""
    watch = Watch(json.loads(CONFIG.read_text())["tunnels"])
    while True:
        watch.look(sas(), time.monotonic())
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main()
