"""Prometheus' own tools, and made-up series for them."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

PROMTOOL = shutil.which("promtool")
real = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")


def promtool(folder, *arguments):
    return subprocess.run([PROMTOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def series(name, values, /, **labels):
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{inner}}}", "values": values}


def complaint(folder, rules):
    """What promtool has against the rules; nothing where it takes them."""
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    checked = promtool(folder, "check", "rules", "rules.yml")
    return checked.stdout + checked.stderr if checked.returncode else ""


def outcome(folder, rules, input_series, every, **checks):
    """What promtool says to a test of the rules: (exit code, output)."""
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    test = {"interval": "1m", "input_series": input_series, **checks}
    suite = {"rule_files": ["rules.yml"], "evaluation_interval": every, "tests": [test]}
    (folder / "test.yml").write_text(json.dumps(suite))
    ran = promtool(folder, "test", "rules", "test.yml")
    return ran.returncode, ran.stdout + ran.stderr


def alerts_of(rules):
    """The alerts among the rules, by name."""
    flat = [rule for group in rules["groups"] for rule in group["rules"]]
    return {rule["alert"]: rule for rule in flat if "alert" in rule}


def firing(folder, rules, input_series, minutes, every):
    """The alerts that fire after so many minutes over these series."""
    # promtool prints whatever fires and was not expected.
    expected = [
        {"eval_time": f"{minutes}m", "alertname": name, "exp_alerts": []} for name in alerts_of(rules)
    ]
    code, output = outcome(folder, rules, input_series, every, alert_rule_test=expected)
    found = set(re.findall(r"alertname: (\w+), time", output))
    assert bool(found) == bool(code), output
    return found
