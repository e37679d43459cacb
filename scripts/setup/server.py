"""The environment of the embedded Triton: the server, its python backend, and what runs inside it."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.setup import libpython, marker
from scripts.setup.disk import require_space
from scripts.setup.failure import SetupError
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter
from scripts.setup.layout import Layout
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["TritonEnvironment", "require_platform"]

_NEEDED_GB = 0.5
# The wheel nvidia-pytriton is tagged manylinux_2_35_x86_64.
_OLDEST_GLIBC = (2, 35)
# NumPy 1, which the stub needs, has no wheels for later versions.
_SUITABLE_PYTHONS = ((3, 11), (3, 12))
_SUITABLE_RANGE = ">=3.11,<3.13"


def require_platform(system: str, machine: str, libc: tuple[str, str]) -> None:
    """Raise SetupError on a machine that the wheel's server cannot run on."""
    name, version = libc
    if (system, machine, name) == ("Linux", "x86_64", "glibc") and _numbers(version) >= _OLDEST_GLIBC:
        return
    raise SetupError(
        "the embedded Triton runs on Linux x86_64 with glibc 2.35 or later and this is "
        f"{system} {machine} with {name or 'an unknown libc'} {version}; use such a machine (scripts/check "
        "and scripts/test --fast work here)"
    )


@dataclass(frozen=True)
class TritonEnvironment:
    """`.rialto/environments/triton`.

    Beside its packages it has `bin/tritonserver`, `backends/python/`, `caches/`, and `libraries/` for
    LD_LIBRARY_PATH, at the same paths whatever the Python's version.
    """

    layout: Layout
    interpreter: Interpreter
    installer: Installer
    name: str = "triton"

    @property
    def _folder(self) -> Path:
        return self.layout.environment("triton")

    @property
    def _lock(self) -> Path:
        return self.layout.root / "serving" / "runtime" / "requirements.lock"

    @property
    def _facts(self) -> dict[str, str]:
        here = Path(__file__)
        return {
            "python": self.interpreter.identity,
            "folder": str(self._folder),
            "lock": marker.digest([self._lock]),
            "layout": marker.digest([here, here.with_name("libpython.py")]),
        }

    def complete(self) -> bool:
        """Whether the environment was finished from the present lock and its libpython is still there."""
        parts = (self._folder / "bin" / "tritonserver", *(self._folder / "libraries").glob("libpython*"))
        return (
            marker.complete(self._folder, self._facts)
            and len(parts) > 1
            and all(part.exists() for part in parts)
        )

    def install(self, shell: Shell) -> None:
        """Make the environment anew; uv's cache makes a second time quick."""
        require_platform(platform.system(), platform.machine(), platform.libc_ver())
        suitable = self.interpreter.version in _SUITABLE_PYTHONS
        with shell.progress.step("installing Triton") as step:
            require_space([self._folder], _NEEDED_GB, "installing Triton")
            self.installer.create(
                shell, step, self._folder, str(self.interpreter.path) if suitable else _SUITABLE_RANGE
            )
            self.installer.sync(shell, step, self._folder, [self._lock])
            self._arrange(shell, step)
            self._prove(shell, step)
            marker.write(self._folder, self._facts)

    def _arrange(self, shell: Shell, step: Step) -> None:
        """Bring server, backend, cache and libpython to paths that name no Python version."""
        build = libpython.PythonBuild.of(self._folder / "bin" / "python", shell, step)
        packages = self._folder / "lib" / f"python{build.version}" / "site-packages"
        server = packages / "pytriton" / "tritonserver"
        backend = self._folder / "backends" / "python"
        shutil.copytree(server / "backends" / "python", backend)
        stub = shutil.copy(
            server / "python_backend_stubs" / build.version / "triton_python_backend_stub", backend
        )
        (server / "bin" / "tritonserver").chmod(0o755)
        Path(stub).chmod(0o755)
        libraries = self._folder / "libraries"
        libraries.mkdir()
        (libraries / build.file_name).symlink_to(libpython.provide(build, shell, step))
        for bundled in (packages / "nvidia_pytriton.libs").iterdir():
            (libraries / bundled.name).symlink_to(os.path.relpath(bundled, libraries))
        (self._folder / "bin" / "tritonserver").symlink_to(server / "bin" / "tritonserver")
        (self._folder / "caches").symlink_to(server / "caches")

    def _prove(self, shell: Shell, step: Step) -> None:
        """Start server and stub once, so that a missing library shows now and not at the first model."""
        env = {**os.environ, "LD_LIBRARY_PATH": str(self._folder / "libraries")}
        stub = self._folder / "backends" / "python" / "triton_python_backend_stub"
        for program in (self._folder / "bin" / "tritonserver", stub):
            # Asked for help, both end with an error of their own; the loader's is 127.
            probe: list[str | Path] = ["sh", "-c", '"$0" --help; [ $? -ne 127 ]', program]
            shell.run(step, probe, env=env, what=f"the first start of {program.name}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".")[:2])
