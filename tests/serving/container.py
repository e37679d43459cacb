"""podman as a test's own: its storage, its settings, and a base image from Debian's packages.

Docker's python image is in no package registry. In its place stands a bare Debian with the same Python, `python` and
pip; glibc and Python are Debian's, everything that our Containerfiles add is the same.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAMS = ("podman", "runc", "debootstrap")
BASE = "localhost/rialto-base"
RELEASE = "bookworm"
PACKAGES = "ca-certificates,python3,python3-pip,python-is-python3"
# Where the machine keeps whom it trusts; builds see it, images do not.
CERTIFICATES = Path("/etc/ssl/certs")
# An ordinary machine's cgroups may be another's: runc with limits of our own works in both.
SETTINGS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "{runc}"
cgroup_manager = "cgroupfs"
"""
STORAGE = """\
[storage]
driver = "{driver}"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""


def missing() -> str:
    """Why no container can be built or run here; empty if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not installed: apt-get install podman buildah runc debootstrap"
    if os.geteuid() != 0:
        return "containers without root need a set-up of the machine's own"
    # As in a chroot that mounts none: runc starts nothing there.
    mounts = Path("/proc/self/mountinfo").read_text()
    return "" if " - cgroup" in mounts else "no control groups are mounted here"


MARKS = [
    pytest.mark.podman,
    # A first build brings a Debian and all packages.
    pytest.mark.timeout(1800),
    pytest.mark.skipif(bool(missing()), reason=f"no container can be built here: {missing()}"),
]


@dataclass(frozen=True)
class Podman:
    """One storage of images; `folder` holds everything."""

    folder: Path

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command; its end is the caller's to judge."""
        return subprocess.run(
            ["podman", *arguments], env=self._environment, cwd=PROJECT, capture_output=True, text=True
        )

    def done(self, *arguments: str | Path) -> str:
        """What a command printed that must succeed."""
        done = self(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    @property
    def _environment(self) -> dict[str, str]:
        files = {"containers.conf": SETTINGS, "storage.conf": STORAGE}
        chosen = {"runc": shutil.which("runc"), "driver": "overlay", "folder": self.folder}
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self.folder / name).write_text(text.format(**chosen))
        return {
            **os.environ,
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
        }

    def bring_base(self) -> None:
        """Make the base image unless it is there."""
        if self("image", "exists", BASE).returncode == 0:
            return
        root = self.folder / "base"
        shutil.rmtree(root, ignore_errors=True)
        options = ["--variant=minbase", f"--include={PACKAGES}"]
        command = ["debootstrap", *options, RELEASE, str(root), *_mirror()]
        made = subprocess.run(command, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr
        # Docker's image lets pip install into its Python, which Debian's forbids.
        for file in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            file.unlink()
        archive = self.folder / "base.tar"
        subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
        self.done("import", archive, BASE)
        archive.unlink()
        shutil.rmtree(root)

    def build(self, name: str, context: Path = PROJECT) -> str:
        """Build serving/images/<name>.Containerfile; the image's name."""
        image = f"localhost/rialto-{name}"
        file = context / "serving" / "images" / f"{name}.Containerfile"
        options = ["--network", "host", "--isolation", "chroot", "--build-arg", f"BASE={BASE}"]
        self.done("build", *options, *self._mounts(), "--file", file, "--tag", image, context)
        return image

    def _mounts(self) -> list[str]:
        """What this machine needs to reach its package index: seen while building, and in no layer."""
        settings = self.folder / "pip.conf"
        with settings.open("w") as file:
            pip_settings().write(file)
        return [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro", f"--volume={settings}:/etc/pip.conf:ro"]


def pip_settings() -> ConfigParser:
    """This machine's way to its package index, as pip itself tells it."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    settings = ConfigParser(interpolation=None)
    settings["global"] = {}
    for line in told.stdout.splitlines():
        key, _, value = line.partition("=")
        if key.rpartition(".")[2] in ("cert", "index-url", "extra-index-url", "timeout", "trusted-host"):
            settings["global"][key.rpartition(".")[2]] = value.strip("'")
    return settings


def run_options(environment: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """As the pods do: nobody's user, nothing to write but what is mounted, no rights."""
    return [
        "--rm",
        "--network=host",
        "--user=1000:1000",
        "--read-only",
        "--read-only-tmpfs=false",
        "--tmpfs=/tmp",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        *[f"--env={key}={value}" for key, value in environment.items()],
    ]


# The image says who runs it; the pods say it again.
AS_IT_IS = [each for each in run_options() if not each.startswith("--user")]


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses; Debian's own where that cannot be told."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    )
    return told.stdout.split()[:1]
