"""The CI files for teams: no GitHub, GitLab or Jenkins is here, so they are held to schemas and to what exists."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml

from scripts.setup.actionlint import Actionlint
from tests.scripts.conftest import PROJECT

GITHUB, GITLAB, JENKINS = ".github/workflows/estate.yml", ".gitlab-ci.yml", "Jenkinsfile"
ACTIONLINT = Actionlint.here().program


def commands(name):
    """Every piece of shell that a file has."""
    text = (PROJECT / name).read_text()
    if name == JENKINS:
        return [
            part
            for found in re.findall(r"sh '''(.*?)'''|sh '([^']*)'", text, re.DOTALL)
            for part in found
            if part
        ]
    jobs = yaml.safe_load(text)
    if name == GITHUB:
        return [step["run"] for job in jobs["jobs"].values() for step in job["steps"] if "run" in step]
    scripts = [
        job.get(key, [])
        for job in jobs.values()
        if isinstance(job, dict)
        for key in ("script", "before_script")
    ]
    return [line for script in scripts for line in script]


@pytest.mark.parametrize(
    ("name", "options"),
    [(GITHUB, ["vendor.github-workflows"]), (GITLAB, ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])],
)
def test_a_file_keeps_its_published_schema(name, options):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *options, str(PROJECT / name)]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(
    not ACTIONLINT.exists() or not shutil.which("shellcheck"),
    reason="actionlint or shellcheck is missing: python3 scripts/setup shellcheck actionlint",
)
@pytest.mark.parametrize(
    ("written", "mistaken", "said"),
    [
        ("", "", None),
        ("${{ github.ref }}", "${{ github.reff }}", 'property "reff" is not defined'),
        ("fetch-depth: 0", "fetch-deph: 0", 'input "fetch-deph" is not defined'),
        ('cron: "17 3', 'cron: "77 3', "invalid CRON"),
    ],
)
def test_the_workflow_is_what_github_would_run(written, mistaken, said):
    text = (PROJECT / GITHUB).read_text()
    assert written in text

    done = subprocess.run(
        [ACTIONLINT, "-no-color", "-config-file", PROJECT / ".github" / "actionlint.yaml", "-"],
        input=text.replace(written, mistaken) if written else text,
        capture_output=True,
        text=True,
    )

    if said is None:
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
    else:
        assert done.returncode == 1
        assert said in done.stdout


@pytest.mark.parametrize("name", [GITHUB, GITLAB, JENKINS])
def test_every_command_is_shell_and_names_scripts_that_exist(name):
    found = commands(name)
    text = "\n".join(found)

    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    named = set(re.findall(r"\bscripts/\w+", text))
    assert {"scripts/preview", "scripts/setup"} <= named
    assert [each for each in named if not (PROJECT / each).exists()] == []


@pytest.mark.parametrize("name", [GITHUB, GITLAB, JENKINS])
def test_what_is_applied_is_the_plan_that_was_saved_and_drift_only_looks(name):
    ups = [
        line
        for each in commands(name)
        for line in each.splitlines()
        if "scripts/up" in line or "pulumi up" in line
    ]
    looks = [line for each in commands(name) for line in each.splitlines() if "pulumi refresh" in line]

    assert ups
    assert all(
        line.strip().removeprefix("- ").startswith("scripts/up prod ") and "--plan plan.json" in line
        for line in ups
    )
    assert looks
    assert all("--preview-only --expect-no-changes" in line for line in looks)
    assert "--save-plan plan.json" in "\n".join(commands(name))
