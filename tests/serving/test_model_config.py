import os

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from model.signature import MODELS
from serving.model_config import ModelConfig, TargetConfig

EMBEDDED = TargetConfig.embedded(instances=2, threads=3)
CPU = TargetConfig.production(device="cpu", instances=2, threads=3)
GPU = TargetConfig.production(device="gpu", instances=2)
TARGETS = {"embedded": EMBEDDED, "production on cores": CPU, "production on GPUs": GPU}


def config(model: str = "recommend", target: TargetConfig = EMBEDDED) -> ModelConfig:
    return ModelConfig(
        signature=MODELS[model],
        target=target,
        version=7,
        release="sha256:abc",
        catalogue=1000,
        max_history=300,
    )


def parsed(model_config: ModelConfig) -> pb.ModelConfig:
    """What Triton reads: the text, parsed again."""
    return text_format.Parse(model_config.as_text(), pb.ModelConfig())


def tensors(message: pb.ModelConfig) -> list[tuple[str, str, list[int]]]:
    return [
        (tensor.name, pb.DataType.Name(tensor.data_type), list(tensor.dims))
        for tensor in [*message.input, *message.output]
    ]


@pytest.mark.parametrize("model", MODELS)
def test_both_targets_take_and_return_the_same_tensors(model):
    embedded, *production = [tensors(parsed(config(model, target))) for target in TARGETS.values()]

    assert production == [embedded, embedded]


@pytest.mark.parametrize("model", MODELS)
def test_the_tensors_are_those_of_the_signature(model):
    signature = MODELS[model]

    assert tensors(parsed(config(model))) == [
        (tensor.name, f"TYPE_{tensor.dtype}", [-1 if size is None else size for size in tensor.shape])
        for tensor in [*signature.inputs, *signature.outputs]
    ]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_both_targets_batch_warm_up_and_describe_the_release_alike(target):
    ours, embedded = parsed(config(target=target)), parsed(config(target=EMBEDDED))

    for field in ("max_batch_size", "dynamic_batching", "version_policy"):
        assert getattr(ours, field) == getattr(embedded, field), field
    assert list(ours.model_warmup) == list(embedded.model_warmup)
    for name in ("release", "catalogue", "max_history"):
        assert ours.parameters[name] == embedded.parameters[name]


def test_the_embedded_server_runs_the_python_backend_and_production_onnxruntime():
    names = [
        (parsed(config(target=t)).backend, parsed(config(target=t)).default_model_filename)
        for t in TARGETS.values()
    ]

    assert names == [("python", "model.py"), ("onnxruntime", "model.onnx"), ("onnxruntime", "model.onnx")]


def test_gpus_get_gpu_instances_and_cores_get_cpu_instances():
    kinds = [parsed(config(target=t)).instance_group[0].kind for t in TARGETS.values()]

    group = pb.ModelInstanceGroup
    assert kinds == [group.KIND_CPU, group.KIND_CPU, group.KIND_GPU]


@pytest.mark.parametrize(
    ("cores", "threads", "instances"), [(1, 1, 1), (2, 1, 2), (8, 1, 8), (9, 2, 4), (8, 2, 4), (4, 16, 1)]
)
def test_instances_left_out_fill_the_cores(monkeypatch, cores, threads, instances):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))

    assert TargetConfig.embedded(threads=threads).instances == instances
    assert TargetConfig.embedded(instances=5, threads=threads).instances == 5


def test_the_threads_of_an_instance_reach_both_backends_under_one_name():
    for target in (EMBEDDED, CPU):
        message = parsed(config(target=target))
        assert message.parameters["intra_op_thread_count"].string_value == "3"
        assert message.instance_group[0].count == 2


def test_the_configuration_names_the_one_version_that_is_served():
    assert list(parsed(config()).version_policy.specific.versions) == [7]


def test_only_the_embedded_server_takes_lengths_that_differ_in_one_hand_over():
    embedded, production = parsed(config()), parsed(config(target=CPU))

    ragged = {tensor.name: tensor.allow_ragged_batch for tensor in embedded.input}
    assert ragged == {"history_ids": True, "history_ages": True, "exclude_seen": False, "k": False}
    assert not any(tensor.allow_ragged_batch for tensor in production.input)


@pytest.mark.parametrize("model", MODELS)
def test_every_file_that_a_warm_up_request_names_is_there(model):
    served = config(model)
    named = {
        tensor.input_data_file
        for request in parsed(served).model_warmup
        for tensor in request.inputs.values()
        if tensor.input_data_file
    }

    assert named == set(served.warmup_files())


def test_the_warm_up_asks_for_at_least_one_item():
    assert config("recommend").warmup_files()["k"] == (10).to_bytes(8, "little")
