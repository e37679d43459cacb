"""A real kube-apiserver on loopback: what it admits or refuses, a cluster's would.

Nothing else of a cluster runs: no controller, no scheduler, no kubelet. Objects are stored and never acted upon; the
little that a controller would have made first (a namespace's `default` service account) is made here.
"""

import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scripts.setup.kubernetes import Kubernetes

START_SECONDS = 120
STOP_SECONDS = 20
POLL_SECONDS = 0.1
# What is deleted goes at once: nothing runs that could finish first.
AT_ONCE = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}


class RefusedError(Exception):
    """The API server does not take an object; the message is the server's own."""


@contextmanager
def api_server(folder: Path) -> Iterator["ApiServer"]:
    """Run etcd and kube-apiserver, with all that they write in `folder`, until the block is left."""
    programs = Kubernetes.here()
    assert programs.complete(), "there is no kube-apiserver; run: python3 scripts/setup kubernetes"
    store_port, port = _free_ports(2)
    token = secrets.token_hex(16)
    with ExitStack() as stack:
        for name, options in {
            "etcd": _store_options(folder, store_port),
            "kube-apiserver": _server_options(folder, store_port, port, token),
        }.items():
            log = folder / f"{name}.log"
            process = stack.enter_context(_running([programs.folder / name, *options], log))
            # etcd first: its client in the API server backs off for seconds where it is too early.
            ready = (
                (lambda: _listens(store_port)) if name == "etcd" else (lambda: _ready(folder, port, token))
            )
            _wait_until(ready, process, log)
        client = _client(folder, port, token)
        yield ApiServer(stack.enter_context(client))


@dataclass
class ApiServer:
    """The server as its administrator sees it."""

    client: httpx.Client

    @contextmanager
    def cluster(self) -> Iterator["Cluster"]:
        """An empty cluster: what was created in it is gone when the block is left."""
        cluster = Cluster(self.client)
        try:
            yield cluster
        finally:
            cluster.clear()


@dataclass
class Cluster:
    """Creates objects, strictly: a field that Kubernetes does not know is an error, as is a deprecated one."""

    client: httpx.Client
    _created: list[str] = field(default_factory=list)

    def create(self, manifest: Mapping) -> dict:
        """Store an object and return it with what the server added; RefusedError if it is not taken."""
        collection = self._collection(manifest)
        answer = self.client.post(collection, params={"fieldValidation": "Strict"}, json=dict(manifest))
        name = f"{manifest['kind']} {manifest['metadata'].get('name')}"
        if answer.is_error:
            raise RefusedError(f"{name}: {answer.json()['message']}")
        self._created.append(f"{collection}/{answer.json()['metadata']['name']}")
        if warnings := answer.headers.get_list("Warning"):
            raise RefusedError(f"{name}: {'; '.join(warnings)}")
        if manifest["kind"] == "Namespace":
            self._default_service_account(manifest["metadata"]["name"])
        if manifest["kind"] == "CustomResourceDefinition":
            self._wait_for(manifest["spec"])
        return answer.json()

    def clear(self) -> None:
        """Remove what was created, the last first, and finish what only controllers would."""
        for path in reversed(self._created):
            self.client.request("DELETE", path, json=AT_ONCE).raise_for_status()
            left = self.client.get(path)
            if left.is_success and path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
                empty = {**left.json(), "spec": {"finalizers": []}}
                self.client.put(f"{path}/finalize", json=empty).raise_for_status()
            elif left.is_success:
                self._release(path)
        self._created.clear()

    def _collection(self, manifest: Mapping) -> str:
        """Where objects of this kind are created, as the server's own discovery says."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        answer = self.client.get(root)
        kinds = (
            {} if answer.is_error else {each["kind"]: each for each in _objects(answer.json()["resources"])}
        )
        if kind not in kinds:
            raise RefusedError(f"the server knows no kind {kind} in {version}")
        if not kinds[kind]["namespaced"]:
            return f"{root}/{kinds[kind]['name']}"
        return f"{root}/namespaces/{manifest['metadata'].get('namespace', 'default')}/{kinds[kind]['name']}"

    def _default_service_account(self, namespace: str) -> None:
        self.create(
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": namespace},
            }
        )

    def _wait_for(self, definition: Mapping) -> None:
        """Wait until the server offers what a CustomResourceDefinition defines; that part runs in it."""
        version = f"{definition['group']}/{definition['versions'][0]['name']}"
        sample = {"apiVersion": version, "kind": definition["names"]["kind"], "metadata": {}}

        def offered() -> bool:
            with suppress(RefusedError):
                return bool(self._collection(sample))
            return False

        _wait(offered, f"{version} is offered")

    def _release(self, path: str) -> None:
        """Take the finalizers off an object that waits for a controller to do so."""
        patch = {"metadata": {"finalizers": None}}
        headers = {"Content-Type": "application/merge-patch+json"}
        self.client.patch(path, json=patch, headers=headers)
        _wait(lambda: self.client.get(path).status_code == httpx.codes.NOT_FOUND, f"{path} is gone")


def _objects(resources: list[dict]) -> list[dict]:
    """The kinds that can be created, without what is part of others ("pods/exec")."""
    return [each for each in resources if "/" not in each["name"] and "create" in each["verbs"]]


def _store_options(folder: Path, port: int) -> list[str]:
    address = f"http://127.0.0.1:{port}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={address}",
        f"--advertise-client-urls={address}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _server_options(folder: Path, store_port: int, port: int, token: str) -> list[str]:
    """A server that trusts one token, and makes its own certificate in `folder`."""
    tokens, key = folder / "tokens.csv", folder / "service-account.pem"
    tokens.touch(mode=0o600)
    tokens.write_text(f'{token},tests,tests,"system:masters"\n')
    key.touch(mode=0o600)
    key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return [
        f"--etcd-servers=http://127.0.0.1:{store_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        # As clusters have it: what a namespace admits is for Pod Security to say.
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        # It would announce a loopback address to pods that do not exist, and refuses to.
        "--endpoint-reconciler-type=none",
    ]


@contextmanager
def _running(command: list[str | Path], log: Path) -> Iterator[subprocess.Popen]:
    """Run a program until the block is left; its words are in `log`."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=log.parent
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen, log: Path) -> None:
    """Wait until a program is ready; AssertionError with its last words if it ended or is late."""

    def ready_or_dead() -> bool:
        assert process.poll() is None, f"{log.stem} ended:\n{log.read_text()[-2000:]}"
        return ready()

    _wait(ready_or_dead, f"{log.stem} is ready ({log})")


def _wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < end, f"not within {START_SECONDS} s: {what}"
        time.sleep(POLL_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ready(folder: Path, port: int, token: str) -> bool:
    if not _listens(port):
        return False
    with _client(folder, port, token) as client, suppress(httpx.TransportError):
        return client.get("/readyz").is_success
    return False


def _client(folder: Path, port: int, token: str) -> httpx.Client:
    """A client that trusts the certificate that the server made, and nothing else."""
    trusted = ssl.create_default_context(cafile=folder / "apiserver.crt")
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted, headers=headers, timeout=30)


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listened on a moment ago."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
