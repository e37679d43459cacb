import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()


def block(language: str, holding: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in blocks if holding in text)


@pytest.mark.triton
def test_the_readmes_calls_give_the_same_top_ten_over_http_and_grpc(served):
    """The README's own text, with the ports of this test's server, which has one for each protocol."""

    def run(command, port):
        command = [part.replace(":8444", f":{port}") for part in command]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=60
        ).stdout

    over_http = json.loads(run(["bash", "-c", block("sh", "/v2/models")], served.ports.http))["outputs"]
    asked = run([sys.executable, "-c", block("python", "Client.open")], served.ports.grpc)
    top_ten, chances = asked.splitlines()

    items = next(output["data"] for output in over_http if output["name"] == "item_ids")
    assert items == json.loads(top_ten)
    assert len(items) == 10
    assert all(0 <= chance <= 1 for chance in json.loads(chances))


def test_every_command_that_the_readme_names_exists():
    for name in set(re.findall(r"scripts/([a-z]+)(?: |`|\n|\))", README)):
        assert (PROJECT / "scripts" / name).is_file(), name


def test_ci_runs_both_commands_of_the_readme_on_a_bare_machine():
    ci = (PROJECT / ".ci" / "run").read_text()

    assert "\nscripts/test" in ci
    assert "'scripts/up && scripts/down'" in ci


def test_every_page_that_the_readme_points_to_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / target).exists(), target
