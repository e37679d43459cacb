"""Cinder, as far as the encryption of volume types goes; openstacksdk speaks to it as it does to the real one.

https://docs.openstack.org/api-ref/block-storage/v3/#volume-type-encryptions. Every type is there; who asks is nobody's
matter. tests/infra/openstack/test_volume_type_encryption.py holds it to a real Cinder.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

__all__ = ["Cinder", "cinder", "clouds"]

_PROJECT = "0" * 32
_PATH = re.compile(rf"/v3/{_PROJECT}/types/(?P<type>[^/]+)/encryption(/(?P<encryption>[^/]+))?")


@dataclass(frozen=True)
class Cinder:
    """Where it answers, and the encryption of each type that has one."""

    endpoint: str
    encrypted: dict[str, dict[str, Any]] = field(default_factory=dict)


@contextmanager
def cinder() -> Iterator[Cinder]:
    """Serve on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    found = server.cinder = Cinder(f"http://127.0.0.1:{server.server_port}/v3/{_PROJECT}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def clouds(file: Path, endpoint: str, *names: str, token: str = "nobody") -> None:
    """Write a clouds.yaml (JSON is YAML) whose entries `names` all are the Cinder at `endpoint`, without a Keystone."""
    entry = {
        "auth_type": "admin_token",
        "auth": {"endpoint": endpoint, "token": token},
        "region_name": "RegionOne",
    }
    file.write_text(json.dumps({"clouds": dict.fromkeys(names, entry)}))


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Tell a type's encryption: nothing where it has none."""
        if found := self._path():
            self._answer(200, self._encrypted.get(found["type"], {}))

    def do_POST(self) -> None:
        """Encrypt a type once."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not (found := self._path()):
            return
        if found["type"] in self._encrypted:
            message = f"Volume type encryption for type {found['type']} already exists."
            self._answer(400, {"badRequest": {"code": 400, "message": message}})
            return
        made = {**body["encryption"], "encryption_id": str(uuid5(NAMESPACE_URL, found["type"]))}
        self._encrypted[found["type"]] = {**made, "volume_type_id": found["type"], "deleted": False}
        self._answer(200, {"encryption": made})

    def do_DELETE(self) -> None:
        """Make a type plain."""
        if found := self._path():
            del self._encrypted[found["type"]]
            self._answer(202)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""

    @property
    def _encrypted(self) -> dict[str, dict[str, Any]]:
        encrypted: dict[str, dict[str, Any]] = self.server.cinder.encrypted  # type: ignore[attr-defined]
        return encrypted

    def _path(self) -> re.Match[str] | None:
        found = _PATH.fullmatch(self.path)
        if found is None:
            self._answer(404, {"itemNotFound": {"code": 404, "message": f"{self.path} is not known here"}})
        return found

    def _answer(self, status: int, body: dict[str, Any] | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
