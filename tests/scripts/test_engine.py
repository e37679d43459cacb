import re
import socket
import subprocess
import threading

import pytest

from scripts.setup import wrapper
from scripts.setup.engine import Engine, platform_name
from scripts.setup.failure import SetupError
from scripts.setup.installer import Installer
from scripts.setup.layout import Layout
from tests.scripts.conftest import PROJECT, publish


@pytest.fixture
def engine(layout, interpreter, served):
    """The engine of a clone, whose releases come from a server of the test."""
    return Engine(layout, interpreter, Installer(layout, interpreter), releases=served[1])


@pytest.fixture
def published(engine, served):
    return publish(served[0], engine.version, engine.folder.name.removeprefix(f"{engine.version}-"))


def test_the_engine_is_held_at_the_version_of_the_sdk(engine):
    sdk = re.search(r"^pulumi==(\S+)", (PROJECT / "requirements.lock").read_text(), re.MULTILINE)

    assert engine.version == sdk[1]


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-x64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64"),
    ],
)
def test_machines_are_named_as_the_releases_name_them(system, machine, name):
    assert platform_name(system, machine) == name


def test_a_machine_without_a_release_is_refused_by_its_name():
    with pytest.raises(SetupError, match="no Pulumi release for Linux riscv64; use Linux or macOS"):
        platform_name("Linux", "riscv64")


def test_a_release_within_reach_is_installed_and_says_where_it_came_from(engine, published, shell):
    assert not engine.complete()
    engine.install(shell)

    assert engine.complete()
    said = subprocess.run(
        [wrapper.path(engine.layout), "version"], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"v{engine.version}\n"
    assert (
        (engine.folder / "origin.txt")
        .read_text()
        .startswith(f"Pulumi {engine.version}, the official release.")
    )
    assert sorted(path.name for path in engine.folder.parent.iterdir()) == [engine.folder.name, "lock"]


def test_a_second_clone_takes_the_engine_from_the_cache(engine, published, shell, tmp_path):
    engine.install(shell)
    published.unlink()
    second = Layout(tmp_path / "second clone", engine.layout.cache)
    second.builds.parent.mkdir(parents=True)
    second.builds.symlink_to(engine.layout.builds)
    other = Engine(second, engine.interpreter, engine.installer)
    assert not other.complete()

    steps = shell.progress.steps
    other.install(shell)

    assert other.complete()
    assert shell.progress.steps == steps


def test_a_changed_module_or_a_truncated_program_makes_the_engine_incomplete(engine, published, shell):
    engine.install(shell)
    program = engine.folder / "pulumi"
    whole = program.read_bytes()
    program.write_bytes(whole[:-1])
    assert not engine.complete()

    program.write_bytes(whole)
    assert engine.complete()
    with (engine.layout.builds / "language" / "go.sum").open("a") as sums:
        sums.write("another h1:=\n")
    assert not engine.complete()


def test_a_release_that_says_another_version_is_refused_and_stays_incomplete(engine, served, shell):
    other = publish(served[0], "1.0.0", "linux-x64")
    honest = publish(served[0], engine.version, engine.folder.name.removeprefix(f"{engine.version}-"))
    honest.write_bytes(other.read_bytes())
    sums = honest.with_name(f"pulumi-{engine.version}-checksums.txt")
    sums.write_text(
        (other.parent / "pulumi-1.0.0-checksums.txt").read_text().replace(other.name, honest.name)
    )

    with pytest.raises(SetupError, match=r"says it is 'v1\.0\.0', not v3"):
        engine.install(shell)
    assert not engine.folder.exists()


INSTALL = """
import sys
from scripts.setup.engine import Engine
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Progress
from scripts.setup.shell import Shell
from pathlib import Path
layout = Layout(Path.cwd(), Path(sys.argv[1]))
layout.log.parent.mkdir(parents=True, exist_ok=True)
python = Interpreter.current()
engine = Engine(layout, python, Installer(layout, python), releases=sys.argv[2])
engine.install(Shell(layout.log, Progress(sys.stderr)))
"""


def test_a_set_up_killed_while_it_downloads_leaves_nothing_that_counts_and_the_next_one_succeeds(
    engine, published, shell, python_in, served
):
    arrived, stop = threading.Event(), threading.Event()
    address = stalling_server(served[0], arrived, stop)
    killed = python_in(INSTALL, engine.layout.cache, address)
    assert arrived.wait(30)
    killed.kill()
    killed.wait()
    killed.stdout.close()
    stop.set()
    assert not engine.complete()
    assert not engine.folder.exists()

    engine.install(shell)
    assert engine.complete()


def stalling_server(folder, arrived, stop):
    """An HTTP server that sends checksums, but only the beginning of an archive."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as request:
                    path = request.readline().split()[1].decode()
                    body = (folder / path.lstrip("/")).read_bytes()
                    connection.sendall(f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
                    if path.endswith(".txt"):
                        connection.sendall(body)
                    else:
                        connection.sendall(body[: len(body) // 2])
                        arrived.set()
                        stop.wait(30)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
