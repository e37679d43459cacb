import os
import shutil
import subprocess

import pytest

from scripts.setup import wrapper

ENGINE = """\
#!/bin/sh
echo "arguments=$*"
env
"""


@pytest.fixture
def engine(tmp_path):
    program = tmp_path / "an engine" / "pulumi"
    program.parent.mkdir()
    program.write_text(ENGINE)
    program.chmod(0o755)
    return program.parent


@pytest.fixture
def call(layout, engine):
    """Call the wrapper from another folder; returns what the engine found in its environment."""
    wrapper.write(layout, engine)

    def call(*arguments, program=None, **environment):
        env = {"PATH": os.environ["PATH"], "HOME": "/nowhere", **environment}
        command = [program or wrapper.path(layout), *arguments]
        done = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=True)
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    return call


def test_the_engine_gets_the_arguments_the_projects_python_and_this_clones_state(call, layout, engine):
    seen = call("up", "-s", "local", VIRTUAL_ENV="/another", PYTHONHOME="/another")

    assert seen["arguments"] == "up -s local"
    assert seen["PATH"].split(":")[:2] == [str(layout.environment("project") / "bin"), str(engine)]
    assert seen["PULUMI_HOME"] == str(layout.machine / "pulumi")
    assert seen["PULUMI_BACKEND_URL"] == f"file://{layout.machine / 'state'}"
    assert seen["PULUMI_CONFIG_PASSPHRASE"] == ""
    assert "VIRTUAL_ENV" not in seen
    assert "PYTHONHOME" not in seen


def test_a_backend_and_a_passphrase_that_someone_chose_are_kept(call):
    seen = call(PULUMI_BACKEND_URL="s3://states", PULUMI_CONFIG_PASSPHRASE="secret")

    assert seen["PULUMI_BACKEND_URL"] == "s3://states"
    assert seen["PULUMI_CONFIG_PASSPHRASE"] == "secret"


def test_a_passphrase_file_is_not_overruled_by_an_empty_passphrase(call):
    assert "PULUMI_CONFIG_PASSPHRASE" not in call(PULUMI_CONFIG_PASSPHRASE_FILE="/run/secret")


def test_python_keeps_what_it_compiled_also_where_it_may_not_write_beside_the_sources(call, layout):
    assert "PYTHONPYCACHEPREFIX" not in call()

    seen = call(PYTHONDONTWRITEBYTECODE="1")

    assert "PYTHONDONTWRITEBYTECODE" not in seen
    assert seen["PYTHONPYCACHEPREFIX"] == str(layout.machine / "bytecode")


def test_a_copied_clone_uses_its_own_state(call, layout, tmp_path):
    shutil.copytree(layout.machine, tmp_path / "copy" / ".rialto")
    seen = call(program=tmp_path / "copy" / ".rialto" / "bin" / "pulumi")

    assert seen["PULUMI_BACKEND_URL"] == f"file://{tmp_path / 'copy' / '.rialto' / 'state'}"


def test_a_wrapper_whose_engine_is_gone_says_how_to_bring_it_back(layout, engine):
    wrapper.write(layout, engine)
    shutil.rmtree(engine)
    done = subprocess.run([wrapper.path(layout), "up"], capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: the Pulumi engine is not at {engine}; run: python3 ")


def test_a_wrapper_for_another_engine_is_not_up_to_date(layout, engine, tmp_path):
    assert not wrapper.up_to_date(layout, engine)
    wrapper.write(layout, engine)

    assert wrapper.up_to_date(layout, engine)
    assert not wrapper.up_to_date(layout, tmp_path / "newer engine")
