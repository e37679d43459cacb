import runpy
import subprocess
import sys

import pytest

from scripts.setup.command import bring, main
from scripts.setup.progress import Progress
from tests.scripts.conftest import PROJECT

SETUP = PROJECT / "scripts" / "setup"


class Brick:
    """A part that counts how often it is brought."""

    def __init__(self, name, done=False):
        self.name, self.done, self.brought = name, done, 0

    def complete(self):
        return self.done

    def install(self, shell):
        with shell.progress.step(f"bringing {self.name}"):
            self.done = True
            self.brought += 1


def test_parts_that_are_there_cost_nothing_and_say_nothing(layout, said):
    assert not bring([Brick("a", done=True), Brick("b", done=True)], layout, Progress(said))

    assert said.getvalue() == ""
    assert not layout.machine.exists()


def test_only_the_parts_that_are_missing_are_brought(layout, said):
    bricks = [Brick("a", done=True), Brick("b"), Brick("c")]

    assert bring(bricks, layout, Progress(said))
    assert [brick.brought for brick in bricks] == [0, 1, 1]
    assert not bring(bricks, layout, Progress(said))


def test_a_part_that_does_not_exist_is_refused_with_those_that_do(capsys):
    assert main(["trition"]) == 1

    parts = (
        "project, triton, engine, kubernetes, redis, browser, promtool, alertmanager, podman, shellcheck, "
        "actionlint, cinder, laboratory, recbole"
    )
    assert capsys.readouterr().err == f"error: there is no part 'trition'; the parts are {parts}\n"


def test_an_old_python_is_refused_in_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match="1"):
        runpy.run_path(str(SETUP / "__main__.py"), run_name="__main__")
    said = capsys.readouterr().err
    assert said == f"error: Python 3.9 at {sys.executable} is too old; put 3.11 or later on PATH\n"


def test_under_an_old_python_a_newer_one_that_works_takes_over(tmp_path):
    for name, text in {"python3.13": "exit 127", "python3.12": 'echo "taken over: $*"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    program = (
        "import runpy, sys; sys.version_info = (3, 9); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    command = [sys.executable, "-c", program, SETUP, "engine"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)

    assert done.stdout == f"taken over: {SETUP} engine\n"


def test_set_up_needs_nothing_but_the_standard_library():
    program = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import scripts.setup.command
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))
"""
    command = [sys.executable, "-IS", "-c", program, PROJECT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["model", "scripts"]


COMMANDS = ["bench", "check", "down", "lock", "preview", "recover", "report", "test", "up"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_from_any_folder(name, tmp_path):
    done = subprocess.run(
        [PROJECT / "scripts" / name, "--help"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0
    assert f"usage: scripts/{name}" in done.stdout
    assert done.stdout.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_short_and_stops_at_its_first_error(name):
    lines = (PROJECT / "scripts" / name).read_text().splitlines()

    assert 5 <= len(lines) <= 40
    assert "set -euo pipefail" in lines


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["up", "staging"], "error: there is no environment 'staging'; stacks/ has: "),
        (["recover", "staging"], "error: there is no environment 'staging'; stacks/ has: "),
        (["preview", "staging"], "error: there is no environment 'staging'; stacks/ has: "),
        (["bench", "speed"], "error: there is no benchmark 'speed'; there are: "),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(command, message):
    done = subprocess.run([PROJECT / "scripts" / command[0], *command[1:]], capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
