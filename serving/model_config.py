"""What a served model is to Triton: one typed specification, written as `config.pbtxt` for two targets.

The production image runs the release's ONNX files in Triton's onnxruntime backend, on GPUs or cores; the
embedded server runs the same files with onnxruntime inside the python backend (serving/runtime/model.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2 as pb

from model.signature import ModelSignature, TensorSpec
from serving.history import bucket

__all__ = ["MAX_BATCH_SIZE", "QUEUE_DELAY_MICROSECONDS", "ModelConfig", "TargetConfig"]

# Beyond 32 a batch gains nothing per request on a core and keeps its first request waiting for the last.
MAX_BATCH_SIZE = 32
# Batches form from what waits while the instances are busy. Waiting longer on purpose (500 us) cost 0.6 to
# 0.9 ms at one connection and brought no throughput at 16 or 64 connections.
QUEUE_DELAY_MICROSECONDS = 0
# No preferred sizes: they split a queue of seven into four and three, 5-15 % more core time a request.

WARMUP_K = 10
# Triton fills warm-up tensors with zeros by itself; k must be at least 1, so it comes from a file.
WARMUP_FILES = {"k": np.array([WARMUP_K], np.int64).tobytes()}
WARMUP_LENGTHS = {"candidate_ids": 16, "token_ids": 16}
WARMUP_BATCH_SIZES = (1, 8)


@dataclass(frozen=True, kw_only=True)
class TargetConfig:
    """Where a model runs: the backend, and instances x threads = the cores it may use.

    On GPUs, `instances` is for each GPU that Triton sees.
    """

    backend: Literal["onnxruntime", "python"]
    device: Literal["cpu", "gpu"]
    instances: int
    threads: int

    @classmethod
    def embedded(cls, *, instances: int | None = None, threads: int = 1, servers: int = 1) -> Self:
        """A server on this machine; left out, `instances` and those of the other `servers` fill the cores."""
        cores = len(os.sched_getaffinity(0))
        filling = max(cores // threads // servers, 1)
        return cls(backend="python", device="cpu", instances=instances or filling, threads=threads)

    @classmethod
    def production(cls, *, device: Literal["cpu", "gpu"], instances: int, threads: int = 1) -> Self:
        """The image with the onnxruntime backend; on a GPU, `threads` serve only what CUDA lacks."""
        return cls(backend="onnxruntime", device=device, instances=instances, threads=threads)

    @property
    def entry(self) -> str:
        """The file of a version folder that the backend opens."""
        return "model.py" if self.backend == "python" else "model.onnx"


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """One model of the repository, complete: the server does not guess.

    `release` is the digest of the artefact behind `version`, `catalogue` and `max_history` its manifest's.
    """

    signature: ModelSignature
    target: TargetConfig
    version: int
    release: str
    catalogue: int
    max_history: int

    def as_text(self) -> str:
        """The `config.pbtxt`."""
        return str(text_format.MessageToString(self.as_protobuf()))

    def as_protobuf(self) -> pb.ModelConfig:
        """Triton's own message (https://github.com/triton-inference-server/common, model_config.proto)."""
        return pb.ModelConfig(
            name=self.signature.name,
            backend=self.target.backend,
            default_model_filename=self.target.entry,
            max_batch_size=MAX_BATCH_SIZE,
            input=[self._input(tensor) for tensor in self.signature.inputs],
            output=[_output(tensor) for tensor in self.signature.outputs],
            instance_group=[self._instances()],
            dynamic_batching=pb.ModelDynamicBatching(max_queue_delay_microseconds=QUEUE_DELAY_MICROSECONDS),
            # Which version is served is written here, in one file that is replaced at once.
            version_policy=pb.ModelVersionPolicy(
                specific=pb.ModelVersionPolicy.Specific(versions=[self.version])
            ),
            parameters={name: pb.ModelParameter(string_value=value) for name, value in self._parameters()},
            model_warmup=[self._warmup(size) for size in WARMUP_BATCH_SIZES],
        )

    def warmup_files(self) -> dict[str, bytes]:
        """The files of `<model>/warmup/` that the warm-up requests name."""
        return {
            tensor.name: WARMUP_FILES[tensor.name]
            for tensor in self.signature.inputs
            if tensor.name in WARMUP_FILES
        }

    def _parameters(self) -> list[tuple[str, str]]:
        return [
            ("release", self.release),
            ("catalogue", str(self.catalogue)),
            ("max_history", str(self.max_history)),
            # The names that the onnxruntime backend reads; our python model reads the same.
            ("intra_op_thread_count", str(self.target.threads)),
            ("inter_op_thread_count", "1"),
        ]

    def _input(self, tensor: TensorSpec) -> pb.ModelInput:
        # The python model groups requests by shape, so one hand-over may hold several lengths: 20 % less core
        # time under mixed traffic. To the onnxruntime backend, ragged means concatenated, which is not ours.
        ragged = self.target.backend == "python" and None in tensor.shape
        return pb.ModelInput(
            name=tensor.name, data_type=_dtype(tensor), dims=_dims(tensor), allow_ragged_batch=ragged
        )

    def _instances(self) -> pb.ModelInstanceGroup:
        kind = (
            pb.ModelInstanceGroup.KIND_GPU if self.target.device == "gpu" else pb.ModelInstanceGroup.KIND_CPU
        )
        return pb.ModelInstanceGroup(name=self.signature.name, kind=kind, count=self.target.instances)

    def _warmup(self, batch_size: int) -> pb.ModelWarmup:
        inputs = {tensor.name: self._warmup_input(tensor) for tensor in self.signature.inputs}
        return pb.ModelWarmup(name=f"batch-of-{batch_size}", batch_size=batch_size, inputs=inputs)

    def _warmup_input(self, tensor: TensorSpec) -> pb.ModelWarmup.Input:
        longest = WARMUP_LENGTHS.get(tensor.name, bucket(self.max_history, self.max_history))
        dims = [longest if length is None else length for length in tensor.shape]
        if tensor.name in WARMUP_FILES:
            return pb.ModelWarmup.Input(data_type=_dtype(tensor), dims=dims, input_data_file=tensor.name)
        return pb.ModelWarmup.Input(data_type=_dtype(tensor), dims=dims, zero_data=True)


def _dtype(tensor: TensorSpec) -> int:
    return int(pb.DataType.Value(f"TYPE_{tensor.dtype}"))


def _dims(tensor: TensorSpec) -> list[int]:
    return [-1 if length is None else length for length in tensor.shape]


def _output(tensor: TensorSpec) -> pb.ModelOutput:
    return pb.ModelOutput(name=tensor.name, data_type=_dtype(tensor), dims=_dims(tensor))
