from dataclasses import replace

import pytest

from scripts.setup.environment import ProjectEnvironment
from scripts.setup.failure import SetupError
from scripts.setup.installer import Installer
from scripts.setup.interpreter import Interpreter

# Stands where uv would: notes what it is asked for, makes environments with only a python, fails on request.
UV = """\
#!/bin/sh
here=$(dirname "$0")
echo "$1 $2" >> "$here/asked"
for last; do :; done
case "$1 $2" in
  venv*) mkdir -p "$last/bin" && touch "$last/bin/python" ;;
  "cache dir") echo /tmp ;;
  "pip sync") [ ! -e "$here/broken" ] || { echo "error: interrupted here"; exit 1; } ;;
esac
"""


@pytest.fixture
def uv(layout):
    program = layout.environment("uv") / "bin" / "uv"
    program.parent.mkdir(parents=True)
    program.write_text(UV)
    program.chmod(0o755)
    return program


@pytest.fixture
def asked(uv):
    """What uv was asked for since the last look: "venv", "pip sync", "pip install"."""

    def look():
        file = uv.with_name("asked")
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return ["venv" if line.startswith("venv") else line for line in lines if line != "cache dir"]

    return look


@pytest.fixture
def environment(layout, interpreter, uv):
    return ProjectEnvironment(layout, interpreter, Installer(layout, interpreter))


FROM_NOTHING = [
    "venv",
    "pip sync",
    "pip sync",
    "pip install",
]  # the first sync is the dry run that sizes the download


def test_an_environment_is_complete_once_it_was_installed(environment, shell, asked):
    assert not environment.complete()
    environment.install(shell)

    assert environment.complete()
    assert asked() == FROM_NOTHING


def test_an_environment_that_was_interrupted_is_not_complete_and_is_made_anew(environment, shell, asked, uv):
    uv.with_name("broken").touch()
    with pytest.raises(SetupError, match="error: interrupted here"):
        environment.install(shell)
    assert not environment.complete()

    uv.with_name("broken").unlink()
    asked()
    environment.install(shell)
    assert environment.complete()
    assert asked() == FROM_NOTHING


def test_an_update_that_was_interrupted_does_not_leave_the_old_mark(environment, shell, layout, uv):
    environment.install(shell)
    lock = layout.root / "requirements.lock"
    old = lock.read_text()
    lock.write_text(f"{old}# changed\n")
    uv.with_name("broken").touch()
    with pytest.raises(SetupError):
        environment.install(shell)

    lock.write_text(old)
    assert not environment.complete()


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "scripts/setup/locks/pip.lock"])
def test_a_changed_lock_updates_the_environment_in_place(environment, shell, asked, layout, name):
    environment.install(shell)
    asked()
    with (layout.root / name).open("a") as file:
        file.write("# changed\n")
    assert not environment.complete()

    environment.install(shell)
    assert environment.complete()
    assert "venv" not in asked()


def test_another_python_makes_the_environment_anew(environment, shell, asked, interpreter):
    environment.install(shell)
    asked()
    upgraded = replace(environment, interpreter=replace(interpreter, full_version="3.11.99"))
    assert not upgraded.complete()

    upgraded.install(shell)
    assert "venv" in asked()


def test_a_deleted_environment_is_not_complete(environment, shell, layout):
    environment.install(shell)
    (layout.environment("project") / "bin" / "python").unlink()

    assert not environment.complete()


def test_inside_an_environment_its_base_python_is_used():
    current = Interpreter.current()

    assert not current.path.is_symlink()
    assert "environments" not in current.path.parts
