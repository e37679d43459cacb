"""Another commit of this project, checked out where nobody works."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["checkout"]


def checkout(project: Path, revision: str, folder: Path) -> Path:
    """Check out a commit, a branch or a tag of `project` into `folder`; ValueError if there is none of that name."""
    found = _git(project, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if found.returncode != 0:
        raise ValueError(f'--against is "{revision}", which is no commit here; name one that `git log` shows')
    for arguments in (
        ("clone", "--quiet", "--shared", "--no-checkout", str(project), str(folder)),
        ("-C", str(folder), "checkout", "--quiet", "--detach", found.stdout.strip()),
    ):
        done = _git(project, *arguments)
        if done.returncode != 0:
            raise ValueError(f"git could not check out {revision}: {done.stderr.strip()}")
    return folder


def _git(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True)
