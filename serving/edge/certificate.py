"""Certificates for this machine: an authority of its own, and what it vouches for.

A folder holds tls.crt, tls.key and ca.crt as cert-manager writes a Secret and kubelet mounts it: links through
`..data`, which is moved in one step, so that nobody reads a certificate beside another one's key.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from serving.edge.config import CLIENT_NAME, TRITON_NAME

__all__ = ["Authority", "LeafConfig", "due", "expires", "issue"]

AUTHORITY_DAYS = 3650
# Browsers take no more than 398 (https://support.apple.com/en-us/102028).
LEAF_DAYS = 365
# A new one while a third of its time is left: months in which some `up` will come by.
RENEWED_SHARE = 1 / 3
# Clocks in containers and virtual machines of this machine may be behind.
EARLIER = timedelta(minutes=5)
SECRET_MODE = 0o600
DATA = "..data"
NAMES = ("localhost", TRITON_NAME, CLIENT_NAME)
PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


@dataclass(frozen=True, kw_only=True)
class LeafConfig:
    """What one certificate is for: the names in it, and which end of a connection shows it."""

    names: Sequence[str]
    purpose: Literal["server", "client"]
    loopback: bool = False
    days: float = LEAF_DAYS


@dataclass(frozen=True)
class Authority:
    """Vouches for the names of this machine and, by its own certificate, for no other names."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The authority of `folder`, made where there is none; ValueError if its files are damaged."""
        if not (folder / DATA).exists():
            authority = cls._new()
            _write(folder, {"ca.crt": _pem(authority.certificate), "ca.key": _private(authority.key)})
        try:
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        except (OSError, ValueError) as error:
            raise ValueError(f"the authority in {folder} is damaged ({error}); remove that folder") from None
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(key, certificate)

    @classmethod
    def _new(cls) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Rialto on this machine")])
        allowed = [x509.DNSName(name) for name in NAMES]
        certificate = (
            _builder(name, name, key.public_key(), AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            # Whoever makes a browser trust it trusts it for these names only. Addresses are not held in: BoringSSL,
            # which gRPC and Envoy use, refuses constraints of that kind.
            .add_extension(x509.NameConstraints(allowed, None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)


def issue(authority: Authority, folder: Path, leaf: LeafConfig) -> None:
    """Put a new certificate and key in the place of those in `folder`, in one step."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, leaf.names[0])])
    issuer = authority.certificate.subject
    certificate = (
        _builder(subject, issuer, key.public_key(), leaf.days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([PURPOSES[leaf.purpose]]), critical=False)
        .add_extension(_alternative_names(leaf), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )
    files = {"tls.crt": _pem(certificate), "tls.key": _private(key), "ca.crt": _pem(authority.certificate)}
    _write(folder, files)


def due(authority: Authority, folder: Path) -> bool:
    """Whether the certificate in `folder` is missing, of another authority, or in the last third of its time."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())
        certificate.verify_directly_issued_by(authority.certificate)
    except Exception:
        return True
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return datetime.now(UTC) > end - RENEWED_SHARE * (end - begin)


def expires(folder: Path) -> datetime:
    """When the certificate in `folder` ends."""
    return x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes()).not_valid_after_utc


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: float
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(leaf: LeafConfig) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in leaf.names]
    if leaf.loopback:
        names += [x509.IPAddress(IPv4Address("127.0.0.1")), x509.IPAddress(IPv6Address("::1"))]
    return x509.SubjectAlternativeName(names)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    former = (folder / DATA).resolve() if (folder / DATA).exists() else None
    version = folder / f"..{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    version.mkdir(mode=0o700)
    for name, content in files.items():
        with os.fdopen(os.open(version / name, os.O_WRONLY | os.O_CREAT, SECRET_MODE), "wb") as file:
            file.write(content)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path(DATA) / name)
    aside = folder / f"{DATA}.new"
    aside.unlink(missing_ok=True)
    aside.symlink_to(version.name)
    aside.replace(folder / DATA)
    if former:
        shutil.rmtree(former)
