"""Copies programs with what they load, and nothing else of the system around them: the root of an image's last stage.

`python3 minimal_root.py [--python] [--program FILE ...] <new root> [FOLDER ...]`; the folders are copied as they are.
Runs while an image is built, on a Debian of any kind; what is copied of Debian's packages is noted where scanners look.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

# Of the standard library: what only people at a terminal, or builders, use.
UNUSED = (
    *("__pycache__", "config-*", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data"),
    *("site-packages", "test", "tests", "tkinter", "turtledemo", "_tkinter*", "_test*", "_xxtest*"),
)
# Whom to trust, and where names are looked up.
SETTINGS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/nsswitch.conf", "/etc/ld.so.cache")
OPENSSL_FOLDER = "/usr/lib/ssl/cert.pem"
NOBODY = "nobody:x:1000:1000::/:/sbin/nologin\n"
SCANNED = "var/lib/dpkg/status.d"


def main() -> None:
    """Make the root."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--python", action="store_true", help="with this interpreter and its library")
    parser.add_argument("--program", type=Path, action="append", default=[])
    parser.add_argument("folder", type=Path, nargs="*")
    chosen = parser.parse_args()
    root, programs = chosen.root, list(chosen.program)
    for folder in chosen.folder:
        shutil.copytree(folder, _inside(root, folder), symlinks=True)
    if chosen.python:
        programs.append(Path(sys.executable).resolve())
        library = Path(sysconfig.get_path("stdlib"))
        shutil.copytree(library, _inside(root, library), ignore=shutil.ignore_patterns(*UNUSED))
        _inside(root, Path("/usr/bin/python3")).parent.mkdir(parents=True, exist_ok=True)
        _inside(root, Path("/usr/bin/python3")).symlink_to(programs[-1])
    for file in (*programs, *map(Path, SETTINGS)):
        _copy(file, root)
    taken = {*programs, *_libraries([*programs, *_shared_objects(root)], root)}
    for file in taken:
        _copy(file, root)
    for name in ("passwd", "group"):
        (root / "etc" / name).write_text(NOBODY if name == "passwd" else "nobody:x:1000:\n")
    certificates = root / OPENSSL_FOLDER.lstrip("/")
    certificates.parent.mkdir(parents=True, exist_ok=True)
    certificates.symlink_to(SETTINGS[0])
    (root / "tmp").mkdir(mode=0o1777)
    (root / "tmp").chmod(0o1777)
    _note_packages(taken, root)


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _copy(file: Path, root: Path) -> None:
    target = _inside(root, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)


def _shared_objects(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if ".so" in path.suffixes and path.is_file() and not path.is_symlink():
            yield path


def _libraries(files: Iterable[Path], root: Path) -> set[Path]:
    """The system's shared libraries that any of the files loads, and what loads them."""
    told = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    words = {word for line in told.splitlines() if ": " not in line for word in line.split()}
    paths = {Path(word) for word in words if word.startswith("/") and not word.endswith(":")}
    return {path for path in paths if path.exists() and not path.is_relative_to(root)}


def _note_packages(files: Iterable[Path], root: Path) -> None:
    # dpkg knows a file by the one of its names that it was unpacked under, before /lib became a link.
    names = {str(each) for file in files for each in (file, file.resolve())}
    names |= {name.removeprefix("/usr") for name in names}
    told = subprocess.run(["dpkg-query", "--search", *names], capture_output=True, text=True, check=False)
    packages = {line.partition(": ")[0].partition(":")[0] for line in told.stdout.splitlines()}
    (root / SCANNED).mkdir(parents=True)
    for package in sorted(packages):
        status = subprocess.run(["dpkg-query", "--status", package], capture_output=True, check=True)
        (root / SCANNED / package).write_bytes(status.stdout)


if __name__ == "__main__":
    os.umask(0o022)
    main()
