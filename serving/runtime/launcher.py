"""Starts and stops a real tritonserver on loopback that outlives the program that started it."""

from __future__ import annotations

import os
import secrets
import signal
import time
from pathlib import Path

from serving.failure import ServerError
from serving.runtime.port import LOOPBACK, require_free, wait_until_free
from serving.runtime.process import mentioning, start_detached
from serving.runtime.server import ServerConfig, ServerHandle

__all__ = ["start", "stop"]

START_TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.1
# Triton takes no new requests after SIGTERM and finishes those that it has.
DRAIN_SECONDS = 10
KILL_SECONDS = 5
SHARED_MEMORY = Path("/dev/shm")


def start(config: ServerConfig) -> ServerHandle:
    """Start a server that has no model yet, and wait until it answers.

    ValueError: a port is taken, the environment is missing, or the folder's server runs already.
    ServerError: it ended while starting or does not answer in time; nothing of it is left then.
    """
    if previous := ServerHandle.read(config.folder):
        if previous.alive():
            raise ValueError(
                f"the server of {config.folder} runs already (process {previous.process.pid}); stop it first"
            )
        _sweep(previous)
    if not (config.environment / "bin" / "tritonserver").exists():
        raise ValueError(f"no tritonserver in {config.environment}; run scripts/up, which installs it")
    require_free(config.ports.by_key())
    config.repository.mkdir(parents=True, exist_ok=True)
    log_end = config.log.stat().st_size if config.log.exists() else 0
    handle = _launch(config)
    try:
        handle.write(config.folder)
        _wait_until_ready(handle, config.log, log_end)
    except BaseException:
        stop(handle)
        raise
    return handle


def stop(handle: ServerHandle) -> None:
    """End a server with its stubs and shared memory, and return when its ports are free.

    A start that has ended already is cleaned up after; nobody else's process is touched.
    """
    was_alive = handle.alive()
    handle.process.end(signal.SIGTERM, DRAIN_SECONDS)
    _sweep(handle)
    if was_alive and not wait_until_free(handle.ports.by_key(), KILL_SECONDS):
        raise ServerError(f"the server ended, but one of its ports is still taken: {handle.ports.by_key()}")


def _sweep(handle: ServerHandle) -> None:
    """Kill what is left of a start; after a SIGKILL of the server that can be stubs and shared memory."""
    for process in mentioning(handle.region):
        process.end(signal.SIGKILL, KILL_SECONDS)
    for file in SHARED_MEMORY.glob(f"{handle.region}*"):
        file.unlink(missing_ok=True)


def _launch(config: ServerConfig) -> ServerHandle:
    region = f"rialto_{secrets.token_hex(8)}_"
    process = start_detached(_command(config, region), log=config.log, environment=_environment(config))
    if process is None:
        raise ServerError(f"tritonserver ended at once; see {config.log}")
    return ServerHandle(process=process, region=region, ports=config.ports)


def _environment(config: ServerConfig) -> dict[str, str]:
    # A caller's PYTHONPATH or PYTHONHOME would reach the stub, which has packages of its own.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return inherited | {
        "PATH": f"{config.environment / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": str(config.environment / "libraries"),
        # NumPy's own threads would take cores from the instances.
        "OPENBLAS_NUM_THREADS": "1",
        # Nothing that a server does is told to anybody.
        "ORT_DISABLE_TELEMETRY": "1",
    }


def _command(config: ServerConfig, region: str) -> list[str | Path]:
    return [
        config.environment / "bin" / "tritonserver",
        f"--model-repository={config.repository}",
        "--model-control-mode=explicit",
        "--disable-auto-complete-config",
        f"--backend-directory={config.environment / 'backends'}",
        f"--backend-config=python,shm-region-prefix-name={region}",
        f"--http-address={LOOPBACK}",
        f"--http-port={config.ports.http}",
        f"--grpc-address={LOOPBACK}",
        f"--grpc-port={config.ports.grpc}",
        f"--metrics-address={LOOPBACK}",
        f"--metrics-port={config.ports.metrics}",
        # A version that failed to load stays on Triton's list and would make the server unready for good,
        # though the former version answers; ServerControl.versions tells per model.
        "--strict-readiness=false",
        # Release 2.51 has no latency histograms.
        "--metrics-config=summary_latencies=true",
        "--allow-sagemaker=false",
        "--allow-vertex-ai=false",
        *_mutual_tls(config.certificates),
        f"--exit-timeout-secs={DRAIN_SECONDS}",
    ]


def _mutual_tls(certificates: Path | None) -> list[str]:
    if certificates is None:
        return []
    return [
        "--grpc-use-ssl=true",
        "--grpc-use-ssl-mutual=true",
        f"--grpc-server-cert={certificates / 'tls.crt'}",
        f"--grpc-server-key={certificates / 'tls.key'}",
        f"--grpc-root-cert={certificates / 'ca.crt'}",
    ]


def _wait_until_ready(handle: ServerHandle, log: Path, log_end: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not handle.control.ready():
        if not handle.alive():
            raise ServerError(f"tritonserver ended while starting: {_reason(log, log_end)}; see {log}")
        if time.monotonic() > deadline:
            raise ServerError(f"tritonserver did not answer within {START_TIMEOUT_SECONDS} s; see {log}")
        time.sleep(POLL_SECONDS)


def _reason(log: Path, start: int) -> str:
    """The last line that this start printed as an error, else its last line."""
    lines = [line for line in log.read_bytes()[start:].decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E", "error"))]
    return (errors or lines or ["it printed nothing"])[-1]
