"""Certificates: whom we trust, why one does not hold, and what it says of itself."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

MOST_NAMES = 16
NAME_CHARS = 64
WORDS_CHARS = 200

_REASONS = {
    9: "not valid yet",
    10: "expired",
    18: "self-signed",
    19: "self-signed",
    20: "unknown issuer",
    21: "unknown issuer",
    62: "wrong name",
    64: "wrong name",
}
"""By X509_V_ERR_* of OpenSSL (x509_vfy.h)."""


@cache
def verifying() -> ssl.SSLContext:
    """One for the process: the system's authorities, and those that SSL_CERT_FILE and SSL_CERT_DIR name.

    Certificates are held to the same rules under every version of Python: 3.13 has made stricter ones its default,
    and places that judge one certificate differently would take it for an outage.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def looking() -> ssl.SSLContext:
    """One for the process that verifies nothing: for a look at a certificate that does not hold.

    Nothing that comes through it is believed. Old protocols and short keys are taken too.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def why_not(error: ssl.SSLCertVerificationError) -> str:
    """The reason in a few words; OpenSSL's own where it is none of the usual."""
    return _REASONS.get(error.verify_code) or str(error.verify_message)[:WORDS_CHARS]


def certificate_facts(der: bytes, now: float) -> dict[str, Any]:
    """What a certificate says of itself. Times in ISO 8601; `days_left` whole days at `now`, below 0 after its end.

    `names` are cut to 16 of 64 characters; `names_count` says how many there are. A certificate that cannot be
    read gives its fingerprint and the reason.
    """
    facts: dict[str, Any] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a certificate's oddities are the target's, and no news
            facts |= _read(x509.load_der_x509_certificate(der), now)
    except Exception as error:  # whatever a target puts there, the fact is that it cannot be read
        facts["unreadable"] = f"{type(error).__name__}: {error}"[:WORDS_CHARS]
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return facts | {"fingerprint_sha256": digest.finalize().hex()}


def _read(certificate: x509.Certificate, now: float) -> dict[str, Any]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [
            *extension.get_values_for_type(x509.DNSName),
            *(str(address) for address in extension.get_values_for_type(x509.IPAddress)),
        ]
    except x509.ExtensionNotFound:
        names = []
    not_after = certificate.not_valid_after_utc
    return {
        "subject": certificate.subject.rfc4514_string()[:WORDS_CHARS],
        "issuer": certificate.issuer.rfc4514_string()[:WORDS_CHARS],
        "names": [name[:NAME_CHARS] for name in names[:MOST_NAMES]],
        "names_count": len(names),
        "not_before": _iso(certificate.not_valid_before_utc),
        "not_after": _iso(not_after),
        "days_left": (not_after - datetime.fromtimestamp(now, UTC)).days,
        "serial": format(certificate.serial_number, "x")[:NAME_CHARS],
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
