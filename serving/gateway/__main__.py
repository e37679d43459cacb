"""`python -m serving.gateway --port 8080 --triton 127.0.0.1:8001 --release store --state .rialto/local/gateway`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
import uvloop

from serving.async_transport import AsyncGrpcTransport, TlsFiles
from serving.gateway.app import create_app
from serving.gateway.config import DEADLINE_SECONDS, GatewayConfig
from serving.gateway.release import STORE
from serving.gateway.service import opened
from serving.gateway.store import HistoryStoreError
from serving.runtime.port import LOOPBACK

# Requests that are being answered when the gateway is told to end.
DRAIN_SECONDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end; the exit code is 1 if the gateway cannot start."""
    chosen = _parser().parse_args(arguments)
    # httpx and uvicorn's access log would write user ids into the log.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(_config(chosen), chosen.address, chosen.port))
    except (ValueError, OSError, HistoryStoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--address", default=LOOPBACK, help="where to listen (loopback: the edge is beside it)"
    )
    parser.add_argument("--triton", required=True, metavar="HOST:PORT[,...]", help="gRPC addresses")
    parser.add_argument(
        "--triton-tls",
        type=Path,
        metavar="FOLDER",
        help="ca.crt, tls.crt and tls.key for mutual TLS with Triton",
    )
    parser.add_argument(
        "--release", required=True, metavar=f"FOLDER|{STORE}", help="the release that Triton serves"
    )
    parser.add_argument("--state", type=Path, required=True, help="the folder that this gateway may write")
    parser.add_argument("--histories", metavar="URL", help="a Valkey or Redis (an SQLite file in --state)")
    parser.add_argument("--pseudonym-key", type=Path, help="the key's file (made in --state)")
    parser.add_argument(
        "--deadline-ms",
        type=float,
        default=1000 * DEADLINE_SECONDS,
        help="for history and model together (120)",
    )
    parser.add_argument(
        "--local", action="store_true", help="seed the recorded histories, show the storefront"
    )
    return parser


def _config(chosen: argparse.Namespace) -> GatewayConfig:
    if chosen.deadline_ms <= 0:
        raise ValueError(f"deadline-ms is {chosen.deadline_ms:g}; give the model some time")
    folder = chosen.triton_tls
    tls = folder and TlsFiles(ca=folder / "ca.crt", certificate=folder / "tls.crt", key=folder / "tls.key")
    return GatewayConfig(
        triton=chosen.triton.split(","),
        triton_tls=tls,
        release=chosen.release,
        state=chosen.state,
        histories=chosen.histories,
        pseudonym_key=chosen.pseudonym_key,
        deadline_seconds=chosen.deadline_ms / 1000,
        local=chosen.local,
        # Where the local stack keeps them: beside the folder of its gateway.
        session_keys=chosen.state.parent / "keys" if chosen.local else None,
    )


async def _serve(config: GatewayConfig, address: str, port: int) -> None:
    tritons = AsyncGrpcTransport(config.triton, config.triton_tls)
    async with opened(config, tritons) as service:
        settings = uvicorn.Config(
            create_app(service),
            host=address,
            port=port,
            http="httptools",
            access_log=False,
            log_config=None,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        await uvicorn.Server(settings).serve()


if __name__ == "__main__":
    sys.exit(main())
