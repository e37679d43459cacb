"""Entry point of `python3 scripts/setup`; every Python 3 can read it and say that it is too old."""

import os
import subprocess
import sys

OLDEST = (3, 11)


def works(name: str) -> bool:
    """Whether a Python can be started by this name; a version manager's stand-in may be there and refuse."""
    try:
        return subprocess.call([name, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def main() -> int:
    """Run the set-up, under a newer Python of this machine where this one is too old for it."""
    if sys.version_info[:2] < OLDEST:
        for name in ("python3.13", "python3.12", "python3.11"):
            if works(name):
                os.execvp(name, [name, *sys.argv])
        found, wanted = (".".join(str(number) for number in pair) for pair in (sys.version_info[:2], OLDEST))
        sys.stderr.write(
            f"error: Python {found} at {sys.executable} is too old; put {wanted} or later on PATH\n"
        )
        return 1
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    from scripts.setup.command import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
