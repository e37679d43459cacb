"""A throw-away clone of the project, with its own engine state, release store and ports."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.settings.local import PORT_STEP, LocalSettings
from serving.edge.process import EdgeHandle
from serving.runtime import launcher
from serving.runtime.control import ServerControl
from serving.runtime.note import ProcessNote
from serving.runtime.process import mentioning
from serving.runtime.server import ServerHandle

PROJECT = Path(__file__).parents[2]
COPIED = ("infra", "model", "scripts", "serving", "stacks", "Pulumi.yaml")
UP = ("up", "--stack", "local", "--yes", "--skip-preview")
COMMAND_SECONDS = 500
KILL_SECONDS = 5


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def errors(done: subprocess.CompletedProcess) -> list[str]:
    """The lines of an update that say what went wrong, without where."""
    lines = done.stdout.partition("Diagnostics:")[2].splitlines()
    return [line.strip() for line in lines if "error: " in line and "update failed" not in line]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Clone:
    """A copy of the working tree that shares only the environments and the engine with it."""

    folder: Path
    cache: Path

    @classmethod
    def make(cls, folder: Path, cache: Path) -> "Clone":
        cache.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True)
        for name in COPIED:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        (folder / ".rialto" / "state").mkdir(parents=True)
        shutil.copytree(PROJECT / ".rialto" / "bin", folder / ".rialto" / "bin")
        (folder / ".rialto" / "environments").symlink_to(PROJECT / ".rialto" / "environments")
        return cls(folder, cache)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        return {**kept, "RIALTO_CACHE": str(self.cache), "PYTHONPATH": str(self.folder)}

    @property
    def stack_file(self) -> Path:
        return self.folder / "stacks" / "Pulumi.local.yaml"

    def settings(self) -> dict:
        return yaml.safe_load(self.stack_file.read_text())["config"]["rialto:settings"]

    def choose(self, **groups: dict) -> None:
        """Change settings of the local stack: `choose(triton={"http-port": 9000})`."""
        stack = yaml.safe_load(self.stack_file.read_text())
        for group, values in groups.items():
            stack["config"]["rialto:settings"][group].update(values)
        self.stack_file.write_text(yaml.safe_dump(stack))

    def edit(self, file: str, old: str, new: str) -> None:
        """Write `new` for `old` in one of the clone's files."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} no longer holds {old!r}"
        path.write_text(text.replace(old, new))

    @contextlib.contextmanager
    def edited(self, file: str, old: str, new: str):
        """Have `new` for `old` in one of the clone's files for as long as the block runs."""
        self.edit(file, old, new)
        try:
            yield
        finally:
            self.edit(file, new, old)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run one command of the engine; what it printed is in `stdout`, colourless."""
        return self._run(*self._engine(*arguments))

    def up(self, *options: str) -> subprocess.CompletedProcess:
        return self.pulumi(*UP, *options)

    def start_up(self) -> subprocess.Popen:
        """An `up` that goes on in the background, in a process group of its own; it prints to the file `said`."""
        with self.said.open("w") as out:
            return subprocess.Popen(
                self._engine(*UP),
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> Path:
        return self.folder / "up.log"

    def recover(self) -> subprocess.CompletedProcess:
        """`scripts/recover`, after its set-up."""
        return self._run(sys.executable, "-m", "scripts.recovery", "local")

    def _engine(self, *arguments: str) -> list[str | Path]:
        program = self.folder / ".rialto" / "bin" / "pulumi"
        return [program, *arguments, "--non-interactive", "--color", "never"]

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def destroy(self) -> subprocess.CompletedProcess:
        return self.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")

    def outputs(self) -> dict:
        return json.loads(self.pulumi("stack", "output", "--stack", "local", "--json").stdout)

    def state(self, type_: str) -> dict:
        """The resource of a type, as the engine keeps it; of several, the one whose name is first."""
        found = [each for each in self.deployment()["resources"] if each["type"] == type_]
        return min(found, key=lambda each: each["urn"])

    def deployment(self) -> dict:
        """The state, as the engine keeps it."""
        return json.loads(self.pulumi("stack", "export", "--stack", "local").stdout)["deployment"]

    @property
    def local(self) -> Path:
        return self.folder / ".rialto" / "local"

    @property
    def server(self) -> ServerHandle | None:
        """The first of the two Tritons."""
        return ServerHandle.read(self.local / f"triton-{self.settings()['triton']['http-port']}")

    @property
    def edge(self) -> EdgeHandle | None:
        """The edge that the client would find."""
        return EdgeHandle.read(self.local / "edge")

    @property
    def inside_port(self) -> int:
        """Where both protocols are answered without a token."""
        return self.settings()["edge"]["inside-port"]

    @property
    def control(self) -> ServerControl:
        return ServerControl(self.settings()["triton"]["http-port"])

    @property
    def ports(self) -> list[int]:
        """Every port that the stack listens on."""
        settings = LocalSettings.model_validate(self.settings())
        servers = [port for server in settings.triton.servers() for port in server]
        return [*servers, *settings.edge.model_dump().values(), settings.gateway.port]

    def left_running(self) -> list[str]:
        """Processes that run out of this clone, and its ports that are not free."""
        processes = [f"process {process.pid}" for process in mentioning(str(self.folder))]
        return processes + [f"port {port}" for port in self.ports if listening(port)]

    def end_all(self) -> list[str]:
        """End what a test left; return what that was."""
        self.destroy()
        left = self.left_running()
        for note in self.local.glob("triton-*"):
            if handle := ServerHandle.read(note):
                launcher.stop(handle)
        for note in (*self.local.glob("edge-*"), self.local / "gateway"):
            if process := ProcessNote.read(note):
                process.process.end(signal.SIGKILL, KILL_SECONDS)
        return left


def free_triton_ports(copies: int, beside: Collection[int]) -> dict[str, int]:
    """Ports for the first of several Tritons, whose others are ten apart each, and none of those in `beside`."""
    while True:
        ports = dict(zip(("http-port", "grpc-port", "metrics-port"), free_ports(3), strict=True))
        steps = [port + PORT_STEP * copy for port in ports.values() for copy in range(copies)]
        apart = len({*steps, *beside}) == len(steps) + len(beside)
        if apart and max(steps) < 65536 and not any(map(listening, steps)):
            return ports
