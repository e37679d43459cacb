"""Whether a release can run where a stack would put it."""

from dataclasses import replace

import pytest

from infra.settings.fit import misfits

GIB = 1 << 30


@pytest.fixture
def record(dev_settings):
    """The release that `dev` serves."""
    return dev_settings.release.record


@pytest.fixture
def replicas(dev_settings):
    """Triton's pods on AWS, on one card each."""
    return dev_settings.inference.aws


def lines(record, replicas, *, capability=8.9, memory=16, card=24):
    return list(
        misfits("aws", record, replicas, {"gpu-pools.base": capability}, {"gpu-pools.base": (memory, card)})
    )


def test_the_committed_release_fits_its_nodes(record, replicas):
    assert lines(record, replicas) == []


def test_gpus_that_the_image_is_not_built_for_are_refused(record, replicas):
    assert lines(record, replicas, capability=7.0) == [
        "release.digest is a release in int8, which with Triton's image needs compute capability 7.5, "
        "but aws.gpu-pools.base has GPUs of 7.0; choose newer GPUs or another release"
    ]


def test_a_release_in_fp8_wants_gpus_that_compute_in_it(record, replicas):
    fp8 = replace(record, manifest=replace(record.manifest, precision="fp8"))

    assert lines(fp8, replicas, capability=8.9) == []
    (line,) = lines(fp8, replicas, capability=8.6)
    assert "in fp8" in line
    assert "needs compute capability 8.9" in line


def test_a_cpu_pod_asks_no_gpu_of_any_age(record, dev_settings):
    assert lines(record, dev_settings.inference.openstack, capability=5.0, card=None) == []


def test_a_release_that_outgrew_its_pod_is_refused(record, replicas):
    large = replace(record, sizes={"recommend.onnx": 8 * GIB})
    found = lines(large, replicas, card=80)

    assert found[0].startswith("inference.aws.memory-mib is 8192, but the release needs ")


def test_a_release_that_outgrew_the_card_is_refused(record, replicas):
    large = replace(record, sizes={"recommend.onnx": 8 * GIB})
    roomy = replicas.model_copy(update={"memory_mib": 64 * 1024})

    (line,) = lines(large, roomy, memory=128, card=16)
    assert line.startswith("aws.gpu-pools.base has GPUs of 16 GiB, less than the ")


def test_nodes_smaller_than_the_pod_are_refused(record, replicas):
    (line,) = lines(record, replicas, memory=4)

    assert line.startswith("aws.gpu-pools.base has nodes of 4 GiB, less than inference.aws.memory-mib 8192")
