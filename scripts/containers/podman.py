"""podman: builds our Containerfiles, also where no registry can be reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DEBIAN", "PROJECT", "Podman", "PodmanError", "containerfile", "containerfiles"]

PROJECT = Path(__file__).parents[2]
# Made here from Debian's packages: a Debian with the same Python, `python` and pip.
DEBIAN = "localhost/rialto-base"
RELEASE = "bookworm"
PACKAGES = "ca-certificates,python3,python3-pip,python-is-python3"
# Where the machine keeps whom it trusts; builds see it, images do not.
CERTIFICATES = Path("/etc/ssl/certs")


class PodmanError(RuntimeError):
    """A command that failed; the message is what it said last."""


def containerfiles() -> list[str]:
    """The names of our images."""
    return sorted(file.stem for file in (PROJECT / "serving" / "images").glob("*.Containerfile"))


def containerfile(name: str, context: Path = PROJECT) -> Path:
    """What an image of ours is built from."""
    return context / "serving" / "images" / f"{name}.Containerfile"


@dataclass(frozen=True)
class Podman:
    """podman with the user's own settings and storage, or with others from `settings`, its environment."""

    settings: tuple[tuple[str, str], ...] = ()
    inside: tuple[str, ...] = ()

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command; its end is the caller's to judge. `inside` is what runs podman itself."""
        return subprocess.run(
            [*self.inside, "podman", *arguments],
            env={**os.environ, **dict(self.settings)},
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )

    def done(self, *arguments: str | Path) -> str:
        """What a command printed that must succeed; PodmanError otherwise."""
        done = self(*arguments)
        if done.returncode:
            raise PodmanError((done.stdout[-2000:] + done.stderr).strip())
        return done.stdout.strip()

    def build(self, file: Path, image: str, base: str | None = None, context: Path = PROJECT) -> str:
        """Build a Containerfile as `image`, on the base that it names itself or on another; its name."""
        options = ["--network", "host", "--isolation", "chroot"]
        if base:
            options += ["--build-arg", f"BASE={base}"]
        with _mounts() as mounts:
            self.done("build", *options, *mounts, "--file", file, "--tag", image, context)
        return image

    def bring_debian(self) -> str:
        """Make the image `DEBIAN` unless it is there; its name."""
        if self("image", "exists", DEBIAN).returncode == 0:
            return DEBIAN
        if shutil.which("debootstrap") is None:
            raise PodmanError("debootstrap is not installed: apt-get install debootstrap")
        with tempfile.TemporaryDirectory() as folder:
            root, archive = Path(folder) / "root", Path(folder) / "base.tar"
            _done(
                ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(root), *_mirror()]
            )
            # Docker's image lets pip install into its Python, which Debian's forbids.
            for file in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
                file.unlink()
            _done(["tar", "-C", str(root), "-cf", str(archive), "."])
            self.done("import", archive, DEBIAN)
        return DEBIAN


@contextmanager
def _mounts() -> Iterator[list[str]]:
    """What this machine needs to reach its package index: seen while building, and in no layer."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "pip.conf"
        with settings.open("w") as file:
            _pip_settings().write(file)
        yield [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro", f"--volume={settings}:/etc/pip.conf:ro"]


def _pip_settings() -> ConfigParser:
    """This machine's way to its package index, as pip itself tells it."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    settings = ConfigParser(interpolation=None)
    settings["global"] = {}
    for line in told.stdout.splitlines():
        key, _, value = line.partition("=")
        if key.rpartition(".")[2] in ("cert", "index-url", "extra-index-url", "timeout", "trusted-host"):
            settings["global"][key.rpartition(".")[2]] = value.strip("'")
    return settings


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses; Debian's own where that cannot be told."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    try:
        told = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return []
    return told.stdout.split()[:1]


def _done(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PodmanError((done.stdout[-2000:] + done.stderr).strip())
