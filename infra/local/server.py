"""What the Triton resource does to its process: starts it, hands it releases, looks how it is, ends it."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Any

from infra.local.certificates import certificate_folder
from infra.local.folder import ENVIRONMENT, PROJECT, point
from model.artifact import Artifact, release_store
from serving.deploy import deploy
from serving.failure import ServerError
from serving.model_config import TargetConfig
from serving.repository import served_configs
from serving.runtime import launcher
from serving.runtime.process import ProcessRef
from serving.runtime.server import ServerConfig, ServerHandle, ServerPorts

__all__ = ["NO_ANSWER", "READY", "config_of", "health", "held_ports", "remove", "running", "serve", "start"]

Props = dict[str, Any]

READY = "ready"
NO_ANSWER = "does not answer"


def config_of(props: Props) -> ServerConfig:
    """The files and ports of the server that `props` ask for; another HTTP port is another server."""
    return ServerConfig(
        environment=ENVIRONMENT,
        folder=PROJECT / props["folder"] / f"triton-{props['http_port']}",
        ports=ServerPorts(http=props["http_port"], grpc=props["grpc_port"], metrics=props["metrics_port"]),
        certificates=certificate_folder(props, "triton"),
    )


def running(props: Props) -> ServerHandle | None:
    """The process of this server, if one runs."""
    return next((handle for handle in _handles(props) if handle.alive()), None)


def held_ports(props: Props) -> set[int]:
    """The ports of this stack's running servers, which an update may free before it needs them."""
    notes = map(ServerHandle.read, config_of(props).folder.parent.glob("triton-*"))
    return {port for note in notes if note and note.alive() for port in note.ports.by_key().values()}


def health(handle: ServerHandle, props: Props, version: int) -> str:
    """`READY`, or what is wrong in a few words."""
    try:
        versions = handle.control.versions()
    except ServerError:
        return NO_ANSWER
    if versions == dict.fromkeys(served_configs(config_of(props).repository), version):
        return READY
    return f"serves {versions or 'nothing'} where version {version} should be"


def start(props: Props) -> ServerHandle:
    """Start the server; one that a killed update left in its place, in no state, is ended first."""
    for handle in _handles(props):
        launcher.stop(handle)
    return launcher.start(config_of(props))


def serve(props: Props, handle: ServerHandle) -> Props:
    """Load the release of `props` while the present one answers; return what the state should hold.

    ServerError if it does not load or there is no room for it, in which case the present one goes on; ValueError if
    the release is gone.
    """
    release = Artifact.load(release_store() / props["build"])
    target = TargetConfig.embedded(instances=props["instances"], threads=props["threads"])
    config = config_of(props)
    try:
        version = deploy(handle.control, config.repository, release, target)
    except OSError as error:
        reason = error.strerror or error
        raise ServerError(
            f"the release cannot be put into {config.repository}: {reason}; make room there and run up again"
        ) from error
    # What python -m serving.client looks for.
    point(config.folder.parent / "release", release.folder.absolute())
    return {**props, "process": asdict(handle), "version": version, "health": health(handle, props, version)}


def remove(props: Props) -> None:
    """End the server and its files; with the last one goes the link to what it served."""
    for handle in _handles(props):
        launcher.stop(handle)
    folder = config_of(props).folder
    shutil.rmtree(folder, ignore_errors=True)
    if not list(folder.parent.glob("triton-*")):
        (folder.parent / "release").unlink(missing_ok=True)


def _handles(props: Props) -> list[ServerHandle]:
    """Every start that may still run: the one noted in its folder, then the one in the state."""
    noted = ServerHandle.read(config_of(props).folder)
    stated = props.get("process")
    handles = [noted] if noted else []
    if stated:
        ports = ServerPorts(**stated["ports"])
        process = ProcessRef(**stated["process"])
        handles.append(ServerHandle(process=process, region=stated["region"], ports=ports))
    return handles
