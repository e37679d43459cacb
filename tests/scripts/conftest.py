"""A clone in a temporary folder, and the servers and programs that set-up talks to."""

import functools
import http.server
import io
import shutil
import subprocess
import sys
import tarfile
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Progress
from scripts.setup.shell import Shell

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def layout(tmp_path):
    """A clone with everything that set-up reads, and a cache of its own."""
    root = tmp_path / "a clone"
    for name in ("scripts", "model"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, root / name)
    return Layout(root, tmp_path / "cache")


@pytest.fixture
def interpreter():
    return Interpreter.current()


@pytest.fixture
def said():
    """What set-up printed."""
    return io.StringIO()


@pytest.fixture
def shell(tmp_path, said):
    return Shell(tmp_path / "log", Progress(said))


@pytest.fixture
def python_in(layout):
    """Start a Python program with the clone's set-up importable: `python_in("print(1)")`."""

    def start(program, *arguments):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        return subprocess.Popen(command, cwd=layout.root, stdout=subprocess.PIPE, text=True)

    return start


@pytest.fixture
def served(tmp_path):
    """A folder and the address under which a real HTTP server offers it."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Keep the test's output clean."""


ENGINE = (
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
    "pulumi-language-dotnet",
)


def publish(folder, version, platform, *, prefix="pulumi/", digest=""):
    """Lay out a release of the engine as its owners do; the programs are shell scripts."""
    archive = folder / f"v{version}" / f"pulumi-v{version}-{platform}.tar.gz"
    pack(archive, {prefix + name: f"v{version}" for name in ENGINE})
    digest = digest or sha256(archive.read_bytes()).hexdigest()
    archive.with_name(f"pulumi-{version}-checksums.txt").write_text(
        f"{digest}  {archive.name}\n{'0' * 64}  another.zip\n"
    )
    return archive


def pack(archive, programs):
    """Write an archive of shell scripts, each of which says the words beside its path."""
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        for path, words in programs.items():
            program = f"#!/bin/sh\necho {words}\n".encode()
            member = tarfile.TarInfo(path)
            member.size = len(program)
            tar.addfile(member, io.BytesIO(program))
