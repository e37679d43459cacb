"""A gateway machine: its own systemd over its own disk, which its user data is written to as cloud-init does.

As in production: Debian's packages with their units, the files, and the commands of `runcmd` in their order. Not as in
production: the kernel is shared with the rest of the laboratory, udev and networkd do not run (the laboratory gives the
network card its name and its address), cloud-init itself is not started, and the packages are on the disk from the
beginning with none of their services enabled, so that those start once, with their files, and not twice.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .shell import LabError, run, tries, wait_until

__all__ = ["Machine"]

DISKS = Path("/run/lab/machines")
BASE = DISKS / "base"
CGROUPS = Path("/sys/fs/cgroup")
# What a virtual machine has and a namespace lacks.
MASKED = (
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "e2scrub_reap.service",
    "getty.target",
    "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-modules-load.service",
    "systemd-remount-fs.service",
    "systemd-udev-trigger.service",
    "systemd-udevd.service",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
)
BOOT_SECONDS = 120
ENTER = """
echo $$ >"$0/cgroup.procs"
exec ip netns exec "$1" unshare -m -u -i -p -C --fork sh -c "$4" boot "$2" "$3"
"""
BOOT = """
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
pivot_root . mnt
cd /
mount -t proc proc /proc
mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mount -t tmpfs -o mode=755 dev /dev
for each in null zero full random urandom tty; do
  touch /dev/$each && mount --bind /mnt/dev/$each /dev/$each
done
mkdir /dev/shm /dev/pts
umount -l /mnt
hostname "$2"
export container=lab
exec /lib/systemd/systemd --unit=multi-user.target
"""


class Machine:
    """One gateway; its network card is plugged before it is turned on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = DISKS / name

    @property
    def root(self) -> Path:
        """Its disk, seen from outside."""
        return self._folder / "root"

    def create(self, user_data: Mapping[str, Any]) -> None:
        """Make a machine that never was: an empty disk, the files, the first boot, the commands of its user data."""
        self._make_disk()
        for each in user_data["write_files"]:
            self._write(each)
        self.boot()
        for command in user_data["runcmd"]:
            self.run(*command) if isinstance(command, list) else self.run("sh", "-c", command)

    def boot(self) -> None:
        """Turn it on, and wait until its systemd answers."""
        group = CGROUPS / self.name
        group.mkdir(exist_ok=True)
        log = (self._folder / "console.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                ["sh", "-c", ENTER, str(group), self.name, str(self.root), self.name, BOOT],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, BOOT_SECONDS, f"{self.name}: systemd answers")

    def run(self, *command: str) -> str:
        """What a command printed on the machine."""
        return run(*self._enter(), *command)

    def tries(self, *command: str) -> bool:
        """Whether a command succeeds on the machine."""
        return tries(*self._enter(), *command)

    def kill(self) -> None:
        """Cut its power: every process ends at once, and nobody is told."""
        (CGROUPS / self.name / "cgroup.kill").write_text("1")
        assert self._process is not None
        self._process.wait()

    def shut_down(self) -> None:
        """Stop it as a cloud does before it replaces a machine."""
        self.run("systemctl", "poweroff", "--no-block")
        assert self._process is not None
        try:
            self._process.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{self.name} does not shut down") from error

    def journal(self) -> str:
        """What its services said since the newest boot."""
        return self.run("journalctl", "--no-pager", "--boot", "--output", "short-monotonic")

    @property
    def on(self) -> bool:
        """Whether it is turned on."""
        return self._process is not None and self._process.poll() is None

    def _answers(self) -> bool:
        if not self.on:
            raise LabError(
                f"{self.name} ended while it booted: {(self._folder / 'console.log').read_text()[-500:]}"
            )
        return bool(self._children()) and self.tries("systemctl", "is-active", "--quiet", "sysinit.target")

    def _children(self) -> list[str]:
        """The process ids of its systemd: the child of what entered the namespaces."""
        assert self._process is not None
        pid = self._process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [each for each in found if Path(f"/proc/{each}/comm").read_text().strip() == "systemd"]

    def _enter(self) -> list[str]:
        children = self._children() if self.on else []
        if not children:
            raise LabError(f"{self.name} is off")
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        return ["nsenter", "--target", children[0], *spaces, "--root", "--wd"]

    def _make_disk(self) -> None:
        """An overlay over the image: what the machine writes is its own."""
        if self.root.is_mount():
            run("umount", str(self.root))
        shutil.rmtree(self._folder, ignore_errors=True)
        for each in ("upper", "work", "root"):
            (self._folder / each).mkdir(parents=True)
        options = f"lowerdir={BASE},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", options, str(self.root))
        units = self.root / "etc/systemd/system"
        for enabled in units.glob("*.target.wants/*"):
            enabled.unlink()
        # Units are all that counts; asking for the old scripts, too, takes an emulated processor seconds.
        shutil.rmtree(self.root / "etc/init.d")
        for unit in MASKED:
            (units / unit).unlink(missing_ok=True)
            (units / unit).symlink_to("/dev/null")

    def _write(self, file: Mapping[str, str]) -> None:
        """One file of `write_files` (https://cloudinit.readthedocs.io/en/latest/reference/modules.html#write-files)."""
        path = self.root / file["path"].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["content"])
        path.chmod(int(file.get("permissions", "0644"), 8))
        owner = file.get("owner", "root:root")
        if owner != "root:root":
            run("chroot", str(self.root), "chown", owner, file["path"])
