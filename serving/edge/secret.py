"""Certificates as Envoy's secrets: files that it reads again, without a lost request, when they are replaced."""

from __future__ import annotations

from serving.edge.config import EdgeConfig
from serving.edge.wire import Fields, typed

__all__ = ["AUTHORITY", "CLIENT", "SERVER", "secret_files", "secret_ref"]

SERVER = "server-certificate"
CLIENT = "client-certificate"
AUTHORITY = "authority"


def secret_files(config: EdgeConfig) -> dict[str, Fields]:
    """The file of each secret by name; the certificates themselves are elsewhere."""
    theirs, ours = config.certificates, config.client_certificates
    authority = {"trusted_ca": _file(ours, "ca.crt"), "watched_directory": {"path": ours}}
    server = {f"{SERVER}.json": _secret(SERVER, tls_certificate=_pair(theirs))} if config.outside else {}
    return {
        **server,
        f"{CLIENT}.json": _secret(CLIENT, tls_certificate=_pair(ours)),
        f"{AUTHORITY}.json": _secret(AUTHORITY, validation_context=authority),
    }


def secret_ref(config: EdgeConfig, name: str) -> Fields:
    """What a TLS context says to get a secret."""
    source = {"path": f"{config.folder}/{name}.json"}
    return {"name": name, "sds_config": {"path_config_source": source, "resource_api_version": "V3"}}


def _pair(folder: str) -> Fields:
    # Certificate and key change together: whoever replaces them moves one link in the folder.
    return {
        "certificate_chain": _file(folder, "tls.crt"),
        "private_key": _file(folder, "tls.key"),
        "watched_directory": {"path": folder},
    }


def _secret(name: str, **fields: Fields) -> Fields:
    secret = typed("envoy.extensions.transport_sockets.tls.v3.Secret", name=name, **fields)
    return {"resources": [secret]}


def _file(folder: str, name: str) -> Fields:
    return {"filename": f"{folder}/{name}"}
