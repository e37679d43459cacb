"""The bridge's laboratory: an emulator, a disk image with what gateway machines run, and a kernel with IPsec."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scripts.setup import marker
from scripts.setup.cached import CachedPrograms
from scripts.setup.debian import apt_install, may_apt_install
from scripts.setup.failure import SetupError
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["Laboratory"]

_NEEDED_GB = 1.5
# The release that infra/bridge/README.md asks of a gateway's image.
SUITE = "bookworm"
# Programs of this machine, with their packages. None of them is a service, none touches how the machine boots.
TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "file": "file",
    "genext2fs": "genext2fs",
    "modprobe": "kmod",
    "busybox": "busybox-static",
}
# What is on the image and never on this machine: a gateway's packages (infra/bridge/README.md), and what the
# laboratory itself needs.
PACKAGES = (
    "charon-systemd",
    "frr",
    "frr-pythontools",
    "iproute2",
    "keepalived",
    "kmod",
    "libcharon-extra-plugins",
    "libstrongswan-standard-plugins",
    "netbase",
    "nftables",
    "procps",
    "prometheus-node-exporter",
    "python3",
    "strongswan-swanctl",
    "systemd-sysv",
)
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")
# Run by mmdebstrap while its own APT is set up: the kernel is unpacked beside the image, installed nowhere.
KERNEL_HOOK = """
cd "$RIALTO_KERNEL"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
apt-get download "$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" { print $2 }')"
mkdir -p "$1/lib/modules"
"""


@dataclass(frozen=True)
class Laboratory:
    """`<cache>/laboratory/<suite>/`: `image.ext2`, `kernel/`; and virtme-ng in `.rialto/environments/laboratory`."""

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    name: str = "laboratory"

    @classmethod
    def here(cls) -> Self:
        """The one of this clone."""
        layout, interpreter = Layout.here(), Interpreter.current()
        return cls(layout, interpreter, Installer(layout, interpreter))

    @property
    def environment(self) -> Path:
        """Where virtme-ng is."""
        return self.layout.environment("laboratory")

    @property
    def folder(self) -> Path:
        """Where image and kernel lie, for every clone of this person."""
        return self.layout.cache / "laboratory" / SUITE

    @property
    def _lock(self) -> Path:
        return self.layout.pins / "laboratory.lock"

    @property
    def _facts(self) -> dict[str, str]:
        return {
            "python": self.interpreter.identity,
            "folder": str(self.environment),
            "lock": marker.digest([self._lock]),
        }

    @property
    def _image(self) -> CachedPrograms:
        facts = {
            "suite": SUITE,
            "packages": " ".join(PACKAGES),
            "left-out": " ".join(LEFT_OUT),
            "kernel": KERNEL_HOOK,
        }
        return CachedPrograms(self.folder, facts, _NEEDED_GB, "the laboratory's disk image")

    def missing(self) -> str:
        """What of it is not there; empty if all is."""
        for program, package in TOOLS.items():
            if not _found(program):
                return f"no {program} (Debian: apt-get install {package})"
        if not self._image.complete():
            return "no disk image; only root may make it: sudo python3 scripts/setup laboratory"
        if not marker.complete(self.environment, self._facts):
            return "no virtme-ng; run: python3 scripts/setup laboratory"
        return ""

    def complete(self) -> bool:
        """Whether all of it is there."""
        return not self.missing()

    def install(self, shell: Shell) -> None:
        """Bring it where that may be; else say why its tests are skipped, and go on."""
        trouble = ""
        try:
            self._bring(shell)
        except SetupError as error:
            trouble = f"{error}: "
        if missing := self.missing():
            shell.progress.say(
                f"[set-up] no laboratory for the bridge, its tests are skipped: {trouble}{missing}"
            )

    def _bring(self, shell: Shell) -> None:
        absent = [package for program, package in TOOLS.items() if not _found(program)]
        if absent and may_apt_install():
            with shell.progress.step(f"installing {', '.join(absent)}") as step:
                apt_install(absent, shell, step)
        if not marker.complete(self.environment, self._facts):
            with shell.progress.step("installing virtme-ng") as step:
                self.installer.create(shell, step, self.environment, str(self.interpreter.path))
                self.installer.sync(shell, step, self.environment, [self._lock])
                marker.write(self.environment, self._facts)
        if may_apt_install() and all(map(_found, TOOLS)):
            self._image.bring(shell, self._make)

    def _make(self, shell: Shell, folder: Path) -> str:
        """Fill `folder` with image and kernel; returns where they come from."""
        kernel = folder / "kernel"
        kernel.mkdir()
        with shell.progress.step("making the disk image of gateway machines (about two minutes)") as step:
            # APT drops root's rights to download, and must still write there.
            kernel.chmod(0o777)
            shell.run(step, _mmdebstrap(folder), env={**os.environ, "RIALTO_KERNEL": str(kernel)})
            self._unpack(shell, step, kernel)
            kernel.chmod(0o755)
        version = next((kernel / "lib" / "modules").iterdir()).name
        return f"Debian {SUITE}, as its repository was that day; the kernel is {version}.\n"

    def _unpack(self, shell: Shell, step: Step, kernel: Path) -> None:
        package = next(kernel.glob("linux-image-*.deb"))
        shell.run(step, ["dpkg-deb", "--extract", package, kernel])
        package.unlink()
        version = next((kernel / "lib" / "modules").iterdir()).name
        shell.run(step, [_found("depmod"), "--basedir", kernel, version])


def _mmdebstrap(folder: Path) -> list[str | Path]:
    """The command that makes the image, of the repositories that this machine has for that release."""
    leave_out = [f"--dpkgopt=path-exclude={each}" for each in LEFT_OUT]
    include = f"--include={','.join(PACKAGES)}"
    hook = f"--customize-hook={KERNEL_HOOK}"
    kind = ["--format=ext2", "--variant=essential"]
    return ["mmdebstrap", *kind, *leave_out, include, hook, SUITE, folder / "image.ext2", *_sources()]


def _sources() -> Iterable[Path]:
    lists = Path("/etc/apt")
    files = [
        lists / "sources.list",
        *sorted(lists.glob("sources.list.d/*.list")),
        *sorted(lists.glob("sources.list.d/*.sources")),
    ]
    return [file for file in files if file.exists() and SUITE in file.read_text()]


def _found(program: str) -> str:
    """Where a program is; administrators' programs may not be on PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""
