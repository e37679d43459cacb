"""`python -m model.data`: prepare a data set and print its report."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from rich.console import Console

from model.data.config import HOLDOUTS, DataConfig
from model.data.prepare import prepare
from model.data.source import SOURCES

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Print the report, write what was kept aside where asked to, and say what to do next."""
    parser = argparse.ArgumentParser(prog="python -m model.data", description=main.__doc__)
    parser.add_argument("--source", default=DataConfig.source, help=f"one of {', '.join(SOURCES)}")
    parser.add_argument("--path", default=DataConfig.path, help="the file to read; not for completejourney")
    parser.add_argument("--holdout", default=DataConfig.holdout, help=f"one of {', '.join(HOLDOUTS)}")
    parser.add_argument("--refused", type=Path, help="a CSV to write refused and repaired rows to")
    given = parser.parse_args(arguments)
    try:
        config = DataConfig(source=given.source, path=given.path, holdout=given.holdout)
        with Console(stderr=True).status(f"Preparing {config.source}") as status:
            prepared = prepare(config, say=lambda line: status.update(f"Preparing {config.source}: {line}"))
        if given.refused:
            _write(prepared.refused.to_csv(index=False), given.refused)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(prepared.report.as_markdown())
    print(f"\nData {prepared.fingerprint}")
    where = f"--source {config.source}" + (f" --path {shlex.quote(config.path)}" if config.path else "")
    print(f"Next: python -m model.release --recipe baseline {where}")
    return 0


def _write(text: str, path: Path) -> None:
    """Write all of it or nothing."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise ValueError(f"refused is {str(path)!r}, which cannot be written ({error.strerror})") from error


if __name__ == "__main__":
    sys.exit(main())
