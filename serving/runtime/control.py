"""Asks a running Triton how it is and tells it what to load, over its own HTTP endpoints."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from serving.failure import ServerError
from serving.runtime.port import LOOPBACK

__all__ = ["ServerControl"]

# Loading opens the graph in every instance and answers the warm-up requests.
LOAD_TIMEOUT_SECONDS = 120
HEALTH_TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class ServerControl:
    """The HTTP port of a Triton in explicit model control.

    https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
    """

    http_port: int

    def ready(self) -> bool:
        """Whether the server answers; `versions` says which models it can answer with."""
        try:
            return self._status("GET", "/v2/health/ready") == http.HTTPStatus.OK
        except ServerError:
            return False

    def versions(self) -> dict[str, int]:
        """The version of each model that answers now; ServerError if the server does not."""
        status, answer = self._ask("POST", "/v2/repository/index", HEALTH_TIMEOUT_SECONDS)
        if status != http.HTTPStatus.OK:
            raise ServerError(f"the server on port {self.http_port} does not list its models: {answer}")
        return {model["name"]: int(model["version"]) for model in answer if model.get("state") == "READY"}

    def load(self, model: str) -> None:
        """Load what the repository now says of `model`; the present version answers until the new one can.

        ServerError holds Triton's reason if the model does not load; the present version goes on.
        """
        status, answer = self._ask("POST", f"/v2/repository/models/{model}/load", LOAD_TIMEOUT_SECONDS)
        if status != http.HTTPStatus.OK:
            # After "At:" comes the traceback of the python model.
            reason = " ".join(str(answer.get("error", answer)).partition("\n\nAt:")[0].split())
            raise ServerError(f"Triton did not load {model}: {reason}")

    def unload(self, model: str) -> None:
        """Stop answering with `model`, of which the repository says nothing any more; ServerError if it goes on."""
        status, answer = self._ask("POST", f"/v2/repository/models/{model}/unload", LOAD_TIMEOUT_SECONDS)
        if status != http.HTTPStatus.OK:
            raise ServerError(f"Triton did not unload {model}: {answer.get('error', answer)}")

    def _status(self, method: str, path: str) -> int:
        return self._exchange(method, path, HEALTH_TIMEOUT_SECONDS)[0]

    def _ask(self, method: str, path: str, timeout: float) -> tuple[int, Any]:
        status, body = self._exchange(method, path, timeout)
        return status, json.loads(body or b"{}")

    def _exchange(self, method: str, path: str, timeout: float) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(LOOPBACK, self.http_port, timeout=timeout)
        try:
            connection.request(method, path, body=b"{}" if method == "POST" else None)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(
                f"no server answers on port {self.http_port} ({error}); start it with scripts/up"
            ) from None
        finally:
            connection.close()
