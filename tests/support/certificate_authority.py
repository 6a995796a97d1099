"""Certificates for tests: an authority of our own, and what it and others may get wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Credentials:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path
    made: x509.Certificate


class Authority:
    """Signs certificates in a folder; `file` is what trusts them (SSL_CERT_FILE)."""

    def __init__(self, folder: Path, name: str = "The tests' authority") -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        self._made = (
            _builder(name, name, self._key, now - timedelta(days=1), now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / f"authority-{len(list(folder.iterdir()))}.pem"
        self.file.write_bytes(self._made.public_bytes(Encoding.PEM))

    def issue(
        self,
        names: list[str],
        begins: datetime | None = None,
        ends: datetime | None = None,
        self_signed: bool = False,
        subject: str | None = None,
    ) -> Credentials:
        """For these names and addresses; a day old, and good for 90, unless told otherwise."""
        now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
        begins, ends = begins or now - timedelta(days=1), ends or now + timedelta(days=90)
        who = subject or names[0]
        issuer = (
            who if self_signed else self._made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        )
        made = (
            _builder(who, str(issuer), key, begins, ends)
            .add_extension(x509.SubjectAlternativeName([_named(name) for name in names]), critical=False)
            .sign(key if self_signed else self._key, hashes.SHA256())
        )
        stem = f"certificate-{len(list(self._folder.iterdir()))}"
        certificate, key_file = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Credentials(certificate, key_file, made)


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
