"""In cert-manager's place: signs the certificates that were declared. One authority stands for both issuers."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

USAGES = {"server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}


class Authority:
    """Its certificate is `ca`, as PEM."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority of a test")
        builder = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.ca = _pem(builder.sign(self._key, hashes.SHA256()))

    def secret(self, certificate: dict) -> dict:
        """The Secret of a declared Certificate."""
        spec = certificate["spec"]
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name) for name in spec["dnsNames"]]
        usages = [USAGES[usage] for usage in spec["usages"] if usage in USAGES]
        signed = (
            self._builder(_named(spec["commonName"]), key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": spec["secretName"]},
            "stringData": {"tls.crt": _pem(signed), "tls.key": private, "ca.crt": self.ca},
        }

    def _builder(self, subject, key):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )


def _named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
