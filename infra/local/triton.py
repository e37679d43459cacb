"""A real tritonserver process on loopback as a Pulumi resource."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

import serving
from infra.local import server
from infra.local.certificates import Certificates
from infra.local.release import Release
from infra.settings.local import TritonPorts, TritonSettings
from infra.wire import whole
from model.artifact import sha256_of
from serving.model_config import TargetConfig
from serving.runtime import launcher
from serving.runtime.port import require_free

__all__ = ["TritonServer", "TritonServerArgs"]

_PORTS = ("http_port", "grpc_port", "metrics_port")
# A process keeps these for life; the rest is loaded into it.
_BORN_WITH = (*_PORTS, "runtime", "authority")
_LOADED = ("release", "instances", "threads", "backend")

_SERVING = Path(serving.__file__).parent
# What the process runs on, and what every loaded model is made with.
_RUNTIME_FILES = (_SERVING / "runtime" / "requirements.lock", _SERVING / "runtime" / "launcher.py")
_BACKEND_FILES = (_SERVING / "runtime" / "model.py", _SERVING / "model_config.py")


class _TritonProvider(ResourceProvider):
    """Holds nothing, so that its blob in the state is only its name and never changes."""

    serialize_as_secret_always = False

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Add what the server is made with, and refuse a taken port before anything is trained for it."""
        olds, news = whole(olds), whole(news)
        # Asked about a replacement, the engine shows no olds: only the notes tell that the ports are ours.
        ours = {olds.get(key) for key in _PORTS} | server.held_ports(news)
        ports = server.config_of(news).ports.by_key()
        try:
            require_free({f"triton.{key}": port for key, port in ports.items() if port not in ours})
        except ValueError as error:
            return CheckResult(news, [CheckFailure("", str(error))])
        target = TargetConfig.embedded(
            instances=news.get("instances"), threads=news["threads"], servers=news["copies"]
        )
        made_with = {"runtime": _digest(_RUNTIME_FILES), "backend": _digest(_BACKEND_FILES)}
        return CheckResult({**news, "instances": target.instances, **made_with}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another server for what a process is born with, started first where no port is in the way."""
        # A server of before there were edges has no authority.
        replaces = [key for key in _BORN_WITH if olds.get(key) != news[key]]
        loaded = [key for key in _LOADED if olds[key] != news[key]]
        shared = {olds[key] for key in _PORTS} & {news[key] for key in _PORTS}
        return DiffResult(
            changes=bool(replaces or loaded) or olds["health"] != server.READY,
            replaces=replaces,
            delete_before_replace=bool(shared),
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start a server and load the release; whatever goes wrong, no process stays."""
        props = whole(props)
        return CreateResult(server.config_of(props).folder.name, _fresh(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look at the process: a dead one is gone, a living one tells its health."""
        props = whole(props)
        handle = server.running(props)
        if handle is None:
            return ReadResult(None, {})
        seen = {"process": asdict(handle), "health": server.health(handle, props, props["version"])}
        return ReadResult(id_, {**props, **seen})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Load what is new while the old answers; a server that answers no more is started again."""
        olds, news = whole(olds), whole(news)
        handle = server.running(olds)
        if handle and server.health(handle, olds, olds["version"]) != server.NO_ANSWER:
            return UpdateResult(server.serve(news, handle))
        return UpdateResult(_fresh({**news, "process": olds["process"]}))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """End exactly this process and remove its files."""
        server.remove(whole(props))


def _fresh(props: dict[str, Any]) -> dict[str, Any]:
    handle = server.start(props)
    try:
        return server.serve(props, handle)
    except BaseException:
        launcher.stop(handle)
        raise


def _digest(files: tuple[Path, ...]) -> str:
    return "-".join(sha256_of(file)[:12] for file in files)


@dataclass(frozen=True, kw_only=True)
class TritonServerArgs:
    """What was chosen for all copies, the ports of this one, and what it serves and shows."""

    settings: TritonSettings
    ports: TritonPorts
    release: Release
    certificates: Certificates
    folder: str


class TritonServer(Resource, module="local", name="TritonServer"):
    """One server; `version` is what it serves the release as, `health` is "ready" or says what is wrong."""

    health: pulumi.Output[str]
    version: pulumi.Output[int]

    def __init__(
        self,
        name: str,
        args: TritonServerArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        chosen = {**args.settings.model_dump(), **args.ports._asdict()}
        wired = {
            "release": args.release.digest,
            "build": args.release.build,
            "authority": args.certificates.authority,
            "folder": args.folder,
        }
        computed = {"health": None, "version": None, "process": None}
        super().__init__(_TritonProvider(), name, {**chosen, **wired, **computed}, opts)
