"""Prometheus' own tools, and made-up series for them."""

import shutil
import subprocess

import pytest

PROMTOOL = shutil.which("promtool")
real = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")


def promtool(folder, *arguments):
    return subprocess.run([PROMTOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def series(name, values, /, **labels):
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{inner}}}", "values": values}
