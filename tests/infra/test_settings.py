import json
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest
import yaml
from pydantic import ValidationError

from infra.settings import __main__ as module
from infra.settings import load_settings, stack
from infra.settings.schema import schema

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def chosen():
    """The `local` stack's settings as plain values, to be spoiled."""
    file = yaml.safe_load((PROJECT / "stacks" / "Pulumi.local.yaml").read_text())
    return file["config"]["rialto:settings"]


@pytest.fixture
def load(monkeypatch):
    """Load settings as `pulumi up -s local` hands them over: JSON under rialto:settings."""

    def load(chosen):
        values = {} if chosen is None else {"rialto:settings": json.dumps(chosen)}
        monkeypatch.setattr(pulumi.Config, "_get", lambda self, key, *_: values.get(self.full_key(key)))
        monkeypatch.setattr(stack.pulumi, "get_stack", lambda: "local")
        monkeypatch.setattr("pulumi.config.get_project", lambda: "rialto")
        return load_settings()

    return load


def test_every_committed_stack_file_is_valid(load):
    files = sorted((PROJECT / "stacks").glob("Pulumi.*.yaml"))

    assert [load(yaml.safe_load(file.read_text())["config"]["rialto:settings"]) for file in files]


def test_settings_cannot_be_changed_after_they_were_read(local_settings):
    with pytest.raises(ValidationError, match="frozen"):
        local_settings.triton.http_port = 9000


@pytest.mark.parametrize(
    ("group", "key", "value", "line"),
    [
        ("triton", "http-port", "x", 'settings.triton.http-port is "x"; it must be a valid integer'),
        ("triton", "http-port", "8000", 'settings.triton.http-port is "8000"; it must be a valid integer'),
        ("triton", "http-port", True, "settings.triton.http-port is true; it must be a valid integer"),
        (
            "triton",
            "grpc-port",
            80,
            "settings.triton.grpc-port is 80; it must be greater than or equal to 1024",
        ),
        (
            "triton",
            "grpc-port",
            8000,
            "settings.triton.grpc-port is 8000, as is http-port; choose three different ports",
        ),
        ("triton", "instances", 0, "settings.triton.instances is 0; it must be greater than or equal to 1"),
        ("triton", "htp-port", 1, "settings.triton.htp-port is not a setting; did you mean http-port?"),
        (
            "triton",
            "colour",
            1,
            "settings.triton.colour is not a setting; "
            "the keys here are http-port, grpc-port, metrics-port, instances, threads, copies",
        ),
        (
            "edge",
            "port",
            8011,
            "settings.edge.port is 8011, as is triton.grpc-port of copy 2; choose ports apart",
        ),
        (
            "triton",
            "grpc-port",
            8010,
            "settings.triton.grpc-port of copy 1 is 8010, as is triton.http-port of copy 2; choose ports apart",
        ),
        ("release", "seed", -1, "settings.release.seed is -1; it must be greater than or equal to 0"),
        ("release", "recipe", "", 'settings.release.recipe is ""; it must have at least 1 character'),
        (
            "release",
            "source",
            "csv",
            'settings.release.source is "csv"; '
            "it must be 'completejourney', 'sequences', 'rees46' or 'table'",
        ),
        (
            "release",
            "source",
            "table",
            'settings.release.path is empty, but source "table" reads a file; name it in path',
        ),
        (
            "release",
            "path",
            "a.csv",
            'settings.release.path is "a.csv", but completejourney brings its own data; remove path',
        ),
    ],
)
def test_a_wrong_setting_is_one_line_with_file_key_value_and_remedy(load, chosen, group, key, value, line):
    chosen[group][key] = value

    with pytest.raises(pulumi.RunError) as error:
        load(chosen)

    assert f"stacks/Pulumi.local.yaml: {line}" == str(error.value)


def test_each_of_several_problems_has_its_line(load, chosen):
    chosen["triton"]["http-port"] = None
    chosen["relase"] = chosen.pop("release")

    with pytest.raises(pulumi.RunError) as error:
        load(chosen)

    assert str(error.value).splitlines() == [
        "stacks/Pulumi.local.yaml: settings.release is missing; "
        "add it (stacks/settings.schema.json says what it means)",
        "stacks/Pulumi.local.yaml: settings.triton.http-port is null; it must be a valid integer",
        "stacks/Pulumi.local.yaml: settings.relase is not a setting; did you mean release?",
    ]


@pytest.mark.parametrize(
    "value",
    [[], 3, "text", {"kind": "local", "release": None, "triton": [], "edge": 3, "gateway": []}],
)
def test_settings_that_are_no_group_of_keys_are_refused_in_lines(load, value):
    with pytest.raises(pulumi.RunError) as error:
        load(value)

    for line in str(error.value).splitlines():
        assert line.startswith("stacks/Pulumi.local.yaml: settings")
        assert "it must be a group of keys" in line


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (None, "settings.kind is missing; say local (this machine) or hybrid (OpenStack and AWS)"),
        ("cloud", 'settings.kind is "cloud"; it must be local or hybrid'),
    ],
)
def test_a_stack_must_say_what_kind_it_is(load, chosen, kind, line):
    chosen["kind"] = kind
    if kind is None:
        del chosen["kind"]

    with pytest.raises(pulumi.RunError) as error:
        load(chosen)

    assert str(error.value) == f"stacks/Pulumi.local.yaml: {line}"


def test_a_stack_without_settings_is_told_where_to_copy_them_from(load):
    with pytest.raises(pulumi.RunError, match="rialto:settings is missing; copy it from"):
        load(None)


def test_the_committed_schema_is_current():
    assert (PROJECT / "stacks" / "settings.schema.json").read_text() == schema()


def test_check_fails_in_one_line_when_the_schema_is_out_of_date(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "SCHEMA", tmp_path / "settings.schema.json")

    assert module.main(["check"]) == 1
    assert capsys.readouterr().err == (
        "error: settings.schema.json is out of date; run `python -m infra.settings write`\n"
    )
    assert module.main(["write"]) == 0
    assert module.main(["check"]) == 0


def test_the_command_line_refuses_what_it_does_not_know():
    done = subprocess.run(
        [sys.executable, "-m", "infra.settings", "fix"], cwd=PROJECT, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (1, "error: usage: python -m infra.settings check|write\n")


def test_stack_files_name_the_schema_for_editors():
    for file in (PROJECT / "stacks").glob("Pulumi.*.yaml"):
        assert file.read_text().startswith("# yaml-language-server: $schema=settings.schema.json\n")


def test_the_schema_knows_every_key_of_the_stack_file(chosen):
    definitions = json.loads(schema())["$defs"]
    known = {name for group in definitions.values() for name in group["properties"]}
    assert {key for group in chosen.values() if isinstance(group, dict) for key in group} <= known
