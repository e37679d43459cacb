"""The READMEs' own calls, with the port, a user and an item of this test's gateway."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from serving.gateway.__main__ import main

PROJECT = Path(__file__).parents[3]
README = (PROJECT / "README.md").read_text()
FOLDER_README = (PROJECT / "serving" / "gateway" / "README.md").read_text()


def block(text, language, holding):
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(each for each in blocks if holding in each)


def adapted(text, gateway):
    here = text.replace(":8080", f":{gateway.port}").replace("1082185", "900001")
    return here.replace("user_id=42", "user_id=household-1").replace('"42"', '"household-1"')


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=60).stdout


@pytest.mark.triton
def test_the_readmes_calls_with_curl_are_answered(gateway):
    for text in (README, FOLDER_README):
        calls = adapted(block(text, "sh", "/predict?"), gateway)
        for call in re.findall(r"^curl .*?(?<!\\)$", calls, re.MULTILINE | re.DOTALL):
            answer = json.loads(run(["bash", "-c", call]))
            assert answer["user_id"] == "household-1", call


@pytest.mark.triton
def test_the_readmes_python_prints_names_prices_and_a_chance(gateway):
    *items, chance = run(
        [sys.executable, "-c", adapted(block(README, "python", "Shop"), gateway)]
    ).splitlines()

    assert len(items) == 3
    assert all(re.fullmatch(r"Thing \d+ [0-9.]+", item) for item in items)
    assert 0 < float(chance) < 1


def test_the_command_that_starts_it_is_one_that_it_knows(capsys):
    command = block(FOLDER_README, "sh", "-m serving.gateway").split("-m serving.gateway", 1)[1]
    options = re.findall(r"--[a-z-]+", command.split("\ncurl")[0])

    with pytest.raises(SystemExit):
        main(["--help"])
    known = capsys.readouterr().out
    assert options
    assert all(option in known for option in options)
