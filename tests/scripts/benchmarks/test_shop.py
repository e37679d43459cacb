"""The whole benchmark with real edges, gateways and Tritons, for a moment; its figures mean nothing."""

import json
import time
from io import StringIO

import pytest
from rich.console import Console

from scripts.benchmarks.domain.rounds import Course
from scripts.benchmarks.domain.servers import NAMES, SHOPS
from scripts.benchmarks.shop import bench
from serving.runtime.process import mentioning
from tests.scripts.benchmarks.found import MOMENT

STUB_GRACE_SECONDS = 15


@pytest.mark.triton
@pytest.mark.envoy
def test_one_run_measures_the_whole_way_and_its_peers_and_leaves_nothing_behind(real_release, tmp_path):
    folder = tmp_path / "run"

    result = bench(
        real_release, Course(plan=MOMENT, surge_seconds=0.5), folder, Console(file=StringIO(), width=200)
    )

    deadline = time.monotonic() + STUB_GRACE_SECONDS
    while (left := mentioning(str(folder))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    file = json.loads(result.write(tmp_path).read_text())
    rows = {row["name"]: row for row in file["rows"]}
    for key in NAMES:
        assert rows[f"{NAMES[key]}: one caller, p50"]["measured"] > 0
    for key in SHOPS:
        assert rows[f"{NAMES[key]}: throughput at p99 <= 50 ms"]["measured"] > 0
    # A handful of users ask so little that the gateway remembers some of it, and the row says so.
    assert rows["answers of the gateway from its cache"]["measured"] > 0
    assert rows["Triton: memory of the server and its instances"]["measured"] > 50
    assert rows["twice saturation: neither answered nor 429/503 with Retry-After"]["measured"] == 0
    assert file["machine"]["release"] == real_release.digest
