"""The whole benchmark with real edges, a gateway and two Tritons, one kill and a moment's soak."""

import json
import shutil
import time
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console

from model.artifact import Artifact
from scripts.benchmarks.fault.course import Course
from scripts.benchmarks.fault.servers import PARTS
from scripts.benchmarks.faults import bench
from serving.runtime.process import mentioning

STUB_GRACE_SECONDS = 15
COPIES = 50


@pytest.fixture(scope="module")
def crowded_release(real_release, tmp_path_factory):
    """With so many households that nobody asks the same twice: what a cache answers tells nothing of a dead Triton."""
    folder = tmp_path_factory.mktemp("crowded") / "release"
    shutil.copytree(real_release.folder, folder)
    histories = pd.read_parquet(folder / "histories.parquet")
    copies = [histories.assign(user_id=histories.user_id + f"-{copy}") for copy in range(COPIES)]
    pd.concat(copies, ignore_index=True).to_parquet(folder / "histories.parquet")
    about = vars(real_release.manifest).copy()
    del about["files"]
    return Artifact.seal(folder, **about)


@pytest.mark.triton
@pytest.mark.envoy
def test_a_kill_costs_no_request_and_the_killed_triton_answers_again(crowded_release, tmp_path):
    folder = tmp_path / "run"
    said = StringIO()

    result = bench(
        crowded_release,
        Course(kills=1, requests=200, soak=200, batch=20),
        folder,
        Console(file=said, width=200),
    )

    deadline = time.monotonic() + STUB_GRACE_SECONDS
    while (left := mentioning(str(folder))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    file = json.loads(result.write(tmp_path).read_text())
    rows = {row["name"]: row["measured"] for row in file["rows"]}
    for where in ("Triton killed once", "soak"):
        assert rows[f"{where}: requests"] >= 200
        assert rows[f"{where}: failed"] == rows[f"{where}: told to come again"] == 0
    assert rows["answers of the gateway from its cache"] == 0
    assert rows["fewest requests under way when it was killed"] > 0
    assert rows["longest until the edge knew of a kill"] > 0
    first, second = file["machine"]["processes of the killed Triton"]
    assert first != second
    for part in PARTS.values():
        assert rows[f"{part}: after a tenth of the soak"] > 10
        assert rows[f"{part}: at the end"] > 10
    assert "kill 1 of 1" in said.getvalue()
    assert "soak, 10 of 10" in said.getvalue()
