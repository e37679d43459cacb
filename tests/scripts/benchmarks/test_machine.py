import os

import numpy

from scripts.benchmarks.machine import cores, describe


def test_a_machine_is_told_by_processor_cores_memory_and_versions():
    machine = describe(["numpy"])

    assert machine["cpu"]
    assert machine["cores"] == cores() == sorted(os.sched_getaffinity(0))
    assert machine["memory-gib"] > 0.5
    assert machine["versions"]["numpy"] == numpy.__version__
