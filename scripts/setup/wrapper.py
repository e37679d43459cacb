"""`.rialto/bin/pulumi`: the engine with this clone's environment and state, for scripts and for people."""

from __future__ import annotations

import shlex
from pathlib import Path

from scripts.setup.layout import Layout
from scripts.setup.marker import replace_file

__all__ = ["path", "text", "up_to_date", "write"]

_TEMPLATE = """\
#!/bin/sh
# Written by scripts/setup. What is set here is what `pulumi` typed by hand needs too.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
engine={engine}
if [ ! -x "$engine/pulumi" ]; then
  echo "error: the Pulumi engine is not at $engine; run: python3 $root/scripts/setup engine" >&2
  exit 1
fi
unset VIRTUAL_ENV PYTHONHOME
export PATH="$root/.rialto/environments/project/bin:$engine:$PATH"
export PULUMI_HOME="$root/.rialto/pulumi"
export PULUMI_BACKEND_URL="${{PULUMI_BACKEND_URL:-file://$root/.rialto/state}}"
if [ -z "${{PULUMI_CONFIG_PASSPHRASE_FILE-}}" ]; then
  export PULUMI_CONFIG_PASSPHRASE="${{PULUMI_CONFIG_PASSPHRASE-}}"
fi
export PULUMI_SKIP_UPDATE_CHECK=true
# Where Python may not write beside the sources it writes here: compiling the SDKs anew takes seconds a command.
if [ -n "${{PYTHONDONTWRITEBYTECODE-}}" ]; then
  unset PYTHONDONTWRITEBYTECODE
  export PYTHONPYCACHEPREFIX="$root/.rialto/bytecode"
fi
exec "$engine/pulumi" "$@"
"""


def path(layout: Layout) -> Path:
    """Where the wrapper lies."""
    return layout.machine / "bin" / "pulumi"


def text(engine: Path) -> str:
    """The wrapper for an engine; it finds its clone by itself, so that a copied one uses its own state."""
    return _TEMPLATE.format(engine=shlex.quote(str(engine)))


def up_to_date(layout: Layout, engine: Path) -> bool:
    """Whether the wrapper of this clone starts `engine`."""
    wrapper = path(layout)
    return wrapper.is_file() and wrapper.read_text() == text(engine) and (layout.machine / "state").is_dir()


def write(layout: Layout, engine: Path) -> None:
    """Write the wrapper, and the folder in which the file backend keeps the state."""
    (layout.machine / "state").mkdir(parents=True, exist_ok=True)
    replace_file(path(layout), text(engine), mode=0o755)
