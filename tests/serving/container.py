"""podman as a test's own: its storage and its settings; images are built on Debian's packages.

Docker's python image is in no package registry. In its place stands a bare Debian with the same Python, `python` and
pip; glibc and Python are Debian's, everything that our Containerfiles add is the same.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from scripts.containers.podman import DEBIAN, PROJECT, Podman, containerfile

PROGRAMS = ("podman", "runc", "debootstrap")
# An ordinary machine's cgroups may be another's: runc with limits of our own works in both.
SETTINGS = """\
[containers]
base_hosts_file = "{hosts}"
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


def own_podman(folder: Path, hosts: Path = Path("/etc/hosts")) -> Podman:
    """One storage of images below `folder`; `hosts` names whom containers know."""
    chosen = {"runc": shutil.which("runc"), "driver": "overlay", "folder": folder, "hosts": hosts}
    place = folder if hosts == Path("/etc/hosts") else hosts.parent
    place.mkdir(parents=True, exist_ok=True)
    settings = {
        "CONTAINERS_CONF": ("containers.conf", SETTINGS),
        "CONTAINERS_STORAGE_CONF": ("storage.conf", STORAGE),
    }
    for name, text in settings.values():
        (place / name).write_text(text.format(**chosen))
    return Podman(settings=tuple((key, str(place / name)) for key, (name, _) in settings.items()))


def build(podman: Podman, name: str, context: Path = PROJECT) -> str:
    """Build an image of ours on Debian's base; its name."""
    return podman.build(containerfile(name, context), f"localhost/rialto-{name}", DEBIAN, context)


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
