"""What the edge resource does to its Envoy: starts it, changes it while it answers, ends it."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.local.certificates import certificate_folder
from infra.local.folder import PROJECT, point
from serving.edge import launcher
from serving.edge.bootstrap import BOOTSTRAP, files
from serving.edge.config import EdgeConfig, GatewayUpstream, TokenConfig, TritonUpstream
from serving.edge.process import ADMIN_SOCKET, EdgeHandle
from serving.edge.signing import AUDIENCE, ISSUER, KeyRing
from serving.runtime.port import LOOPBACK

__all__ = ["bootstrap_digest", "change", "config_of", "configuration_digest", "remove", "running", "start"]

Props = dict[str, Any]
LINK = "edge"


def config_of(props: Props) -> EdgeConfig:
    """The edge that `props` ask for; its keys are made where there are none."""
    folder = _folder(props)
    return EdgeConfig(
        folder=str(folder),
        address=LOOPBACK,
        port=props["port"],
        inside_port=props["inside_port"],
        metrics_address=LOOPBACK,
        metrics_port=props["metrics_port"],
        admin_socket=ADMIN_SOCKET,
        certificates=str(certificate_folder(props, "server")),
        client_certificates=str(certificate_folder(props, "client")),
        access_log=str(folder / "access.log"),
        tokens=TokenConfig(issuer=ISSUER, audience=AUDIENCE, jwks=_ring(props).jwks()),
        tritons=[TritonUpstream(host=LOOPBACK, **ports) for ports in props["tritons"]],
        gateway=GatewayUpstream(host=LOOPBACK, port=props["gateway_port"]),
    )


def bootstrap_digest(props: Props) -> str:
    """What only a start can change."""
    return _digest(files(config_of(props))[BOOTSTRAP])


def configuration_digest(props: Props) -> str:
    """What can change while the edge answers."""
    return _digest({name: file for name, file in files(config_of(props)).items() if name != BOOTSTRAP})


def running(props: Props) -> EdgeHandle | None:
    """The process of this edge, if one runs."""
    return next((handle for handle in _handles(props) if handle.alive()), None)


def start(props: Props) -> Props:
    """Start the edge, and return what the state should hold; one that a killed update left is ended first."""
    for handle in _handles(props):
        launcher.stop(handle)
    config = config_of(props)
    handle = launcher.start(config)
    return _done(props, config, handle)


def change(props: Props, handle: EdgeHandle) -> Props:
    """Have the running edge take what `props` ask for."""
    config = config_of(props)
    launcher.change(handle, config)
    return _done(props, config, handle)


def remove(props: Props) -> None:
    """End the edge and its files, and with the last one the keys of tokens."""
    for handle in _handles(props):
        launcher.stop(handle)
    folder = _folder(props)
    shutil.rmtree(folder, ignore_errors=True)
    if not list(folder.parent.glob("edge-*")):
        (folder.parent / LINK).unlink(missing_ok=True)
        shutil.rmtree(_ring(props).folder, ignore_errors=True)


def _done(props: Props, config: EdgeConfig, handle: EdgeHandle) -> Props:
    _ring(props).believed(config.tokens.jwks)
    folder = _folder(props)
    # What python -m serving.client looks for.
    point(folder.parent / LINK, Path(folder.name))
    return {
        **props,
        "configuration": configuration_digest(props),
        "process": asdict(handle),
        "health": "ready",
    }


def _ring(props: Props) -> KeyRing:
    return KeyRing(PROJECT / props["folder"] / "keys")


def _folder(props: Props) -> Path:
    return PROJECT / str(props["folder"]) / f"edge-{props['port']}"


def _handles(props: Props) -> list[EdgeHandle]:
    """Every start that may still run: the one noted in its folder, then the one in the state."""
    noted, stated = EdgeHandle.read(_folder(props)), props.get("process")
    return [handle for handle in (noted, EdgeHandle.of(stated) if stated else None) if handle]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
