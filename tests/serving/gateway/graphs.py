"""A release's own graphs in this process, where a test needs the answers and not the server."""

import asyncio
from types import SimpleNamespace

import onnxruntime

from model.signature import served_models
from serving.async_transport import Inference
from serving.failure import ServerError


class Graphs:
    """Answers as a Triton does that serves `release` as `version`; `delay` seconds late, or not at all if `gone`."""

    def __init__(self, release, version=1):
        self.gone = False
        self.delay = 0.0
        self.asked = []
        self.serve(release, version)

    def serve(self, release, version):
        self.release, self.version = release, version
        self.sessions = {
            model: onnxruntime.InferenceSession(
                release.file(f"{model}.onnx"), providers=["CPUExecutionProvider"]
            )
            for model in served_models(release.manifest.files)
        }

    async def infer(self, model, inputs, seconds):
        await self._late()
        self.asked.append((model, inputs))
        if model not in self.sessions:
            raise ServerError(f"no server has {model}")
        session = self.sessions[model]
        names = [output.name for output in session.get_outputs()]
        return Inference(dict(zip(names, session.run(names, inputs), strict=True)), self.version)

    async def config(self, model, seconds):
        await self._late()
        manifest = self.release.manifest
        parameters = {
            "release": self.release.digest,
            "catalogue": str(manifest.catalogue),
            "max_history": str(manifest.max_history),
        }
        return SimpleNamespace(
            parameters={name: SimpleNamespace(string_value=value) for name, value in parameters.items()},
            version_policy=SimpleNamespace(specific=SimpleNamespace(versions=[self.version])),
        )

    async def close(self):
        self.gone = True

    async def _late(self):
        if self.gone:
            raise ServerError("no server answers")
        await asyncio.sleep(self.delay)
