"""The shared library of a Python: Triton's python stub loads it, Debian keeps it in a package of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.debian import apt_install, may_apt_install
from scripts.setup.failure import SetupError
from scripts.setup.progress import Step
from scripts.setup.shell import Shell

__all__ = ["PythonBuild", "provide"]

_QUESTION = """
import json, sys, sysconfig
get = sysconfig.get_config_var
print(json.dumps([sys.base_prefix, list(sys.version_info[:2]), get("LIBDIR"), get("MULTIARCH")]))
"""


@dataclass(frozen=True)
class PythonBuild:
    """Where a Python says that it and its libraries were installed."""

    prefix: str
    version: str
    library_folders: tuple[Path, ...]

    @classmethod
    def of(cls, python: Path, shell: Shell, step: Step) -> PythonBuild:
        """Ask a Python, which may be one of a virtual environment."""
        prefix, version, libdir, multiarch = json.loads(shell.run(step, [python, "-c", _QUESTION]))
        folders = [Path(prefix) / "lib"]
        if libdir:
            folders += [Path(libdir), Path(libdir) / (multiarch or "")]
        return cls(prefix, ".".join(map(str, version)), tuple(folders))

    @property
    def file_name(self) -> str:
        """The name that the stub was linked against."""
        return f"libpython{self.version}.so.1.0"

    @property
    def debian_package(self) -> str:
        """The package of Debian and Ubuntu that holds the library of their own Python."""
        return f"libpython{self.version}"

    @property
    def is_the_systems(self) -> bool:
        """Whether the system's packages own this Python, so that one of them can bring its library."""
        return self.prefix == "/usr"

    def library(self) -> Path | None:
        """The shared library, if it is there."""
        return next(
            (found for folder in self.library_folders if (found := folder / self.file_name).exists()), None
        )


def provide(build: PythonBuild, shell: Shell, step: Step) -> Path:
    """The shared library of a Python, installed with apt-get where that may be; else SetupError says how."""
    if found := build.library():
        return found
    if build.is_the_systems and may_apt_install():
        apt_install([build.debian_package], shell, step)
        if found := build.library():
            return found
    raise SetupError(missing(build))


def missing(build: PythonBuild) -> str:
    """The one line that says how the library is brought."""
    if not build.is_the_systems:
        return (
            f"the Python at {build.prefix} has no {build.file_name}, which Triton's python backend loads; "
            "rebuild it with --enable-shared, or put the system's python3 first on PATH"
        )
    return (
        f"{build.file_name} is missing, and Triton's python backend loads it; run: "
        f"sudo apt-get install {build.debian_package} (elsewhere than on Debian: the package with that file)"
    )
