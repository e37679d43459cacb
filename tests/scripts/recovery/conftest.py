"""A stack of a small program over stand-ins, whose engine can be killed at any request to create something."""

import json
import os
import signal
import subprocess
import threading
from collections import deque
from pathlib import Path

import pytest

from scripts.recovery.stack import PROJECT, Stack
from scripts.standins.server import StandIns, standins

PULUMI = PROJECT / ".rialto" / "bin" / "pulumi"
COUNT = 8
# Two chains, so that two are always being made at once; one of them is protected.
PROGRAM = f"""
import pulumi, pulumi_random as random

secret = pulumi.Config().get_secret("key") or pulumi.Output.secret("unset")
last = {{}}
for index in range({COUNT}):
    last[index] = random.RandomPet(
        f"pet-{{index}}",
        keepers={{"after": last[index - 2].id if index > 1 else "nothing", "key": secret}},
        opts=pulumi.ResourceOptions(protect=pulumi.Config().get_bool("protect") and index == 3),
    )
pulumi.export("key", secret)
"""


class Trap(deque):
    """Keeps calls as the stand-ins do, and does something when the chosen one has been carried out."""

    def __init__(self, at=0, then=None):
        super().__init__()
        self.at, self.then = at, then

    def append(self, call):
        super().append(call)
        if len(self) == self.at:
            self.then()


class Small:
    """A small program's stack, its state in a folder of its own."""

    def __init__(self, folder: Path, serving: StandIns, program: str = PROGRAM) -> None:
        self.folder, self.serving = folder, serving
        (folder / "state").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(
            "name: small\nruntime: {name: python, options: {toolchain: pip}}\n"
        )
        (folder / "__main__.py").write_text(program)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        variables = {
            **kept,
            **serving.environment,
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "old",
            # Offers --event-log.
            "PULUMI_DEBUG_COMMANDS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self.stack = Stack(name="small", folder=folder, variables=variables)
        self.done("stack", "init")

    def ids(self) -> dict[str, str]:
        """What each thing that was made is called in the cloud."""
        return {urn: each["id"] for urn, each in self.resources().items() if each["id"]}

    def done(self, *arguments: str) -> str:
        done = self.stack.ask(*arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self) -> str:
        return self.done("up", "--yes", "--skip-preview")

    def start(self) -> subprocess.Popen:
        """An `up` that goes on in the background; it prints to the file `said`."""
        command = [PULUMI, "up", "--yes", "--skip-preview", "--stack", "small", "--non-interactive"]
        command += ["--event-log", self.events]
        with self.said.open("w") as out:
            return subprocess.Popen(
                [*command, "--color", "never"],
                cwd=self.folder,
                env=self.stack.variables,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> Path:
        return self.folder / "up.log"

    @property
    def events(self) -> Path:
        return self.folder / "events.json"

    def trap(self, at: int, then=None) -> Trap:
        """Have `then` called when the stand-in has carried out change number `at` from now on."""
        trap = Trap(at, then)
        self.serving.providers["random"].calls = trap
        return trap

    def killed_after(self, creates: int) -> Trap:
        """Run an `up` whose engine gets SIGKILL once the cloud has made so many, before it hears of the last."""
        reached, gone = threading.Event(), threading.Event()

        def wait():
            reached.set()
            assert gone.wait(60)

        trap = self.trap(creates, wait)
        engine = self.start()
        try:
            assert reached.wait(60), "the update never came so far"
        finally:
            engine.send_signal(signal.SIGKILL)
            engine.wait()
            gone.set()
        return trap

    def resources(self) -> dict[str, dict]:
        """What the state keeps of each resource, without times and what has no order."""
        kept = ("id", "inputs", "outputs", "protect")
        shown = json.loads(self.done("stack", "export", "--show-secrets"))
        found = [
            each
            for each in shown["deployment"].get("resources", [])
            # The engine draws the id of its own default providers.
            if "pulumi:providers:" not in each["type"]
        ]
        assert len({each["urn"] for each in found}) == len(found), "something is there twice"
        return {each["urn"]: {key: each.get(key) for key in kept} for each in found}


@pytest.fixture(scope="module")
def serving():
    assert PULUMI.exists(), "run scripts/setup first"
    with standins() as serving:
        yield serving


@pytest.fixture
def small(tmp_path, serving):
    return Small(tmp_path / "small", serving)
