"""tls: a handshake, and what the certificate says; with a second look at one that does not hold."""

from __future__ import annotations

import ssl
from typing import Any

from nightside.checks.attempt import Attempt
from nightside.checks.certificates import certificate_facts, looking, verifying
from nightside.checks.connection import Connection, Deadline, handshake, reach
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.model.check import CheckResult, Family, Target

HTTPS_PORT = 443


async def check_tls(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """One result, with the facts of the certificate. Port 443 where the target names none.

    The certificate is verified first. Where it does not hold, the outcome is `certificate`, and it is looked at a
    second time without verification, for its facts alone.
    """
    attempt = Attempt(target, family, probe)
    deadline, host = Deadline(probe), target.where.rstrip(".")
    port = HTTPS_PORT if target.port is None else target.port
    try:
        connection = await reach(attempt, host, port, deadline)
        try:
            session = await handshake(attempt, connection, verifying(), host, deadline)
        finally:
            connection.close()
    except CheckFailedError as why:
        if why.outcome == "certificate":
            attempt.facts |= await _second_look(attempt, port, host, deadline)
        return [attempt.failed(why)]
    attempt.facts |= _facts(session, probe.now())
    return [attempt.succeeded()]


async def _second_look(attempt: Attempt, port: int, host: str, deadline: Deadline) -> dict[str, Any]:
    """The facts of a certificate that does not hold, from the same address; none where it is not shown again."""
    if attempt.address is None:
        return {}
    try:
        connection = Connection(attempt.family)
        try:
            await connection.connect(attempt.address, port, deadline.within_s())
            session = await connection.secure(looking(), host, deadline.within_s())
        finally:
            connection.close()
    except OSError:  # a timeout and TLS too
        return {}
    return _facts(session, attempt.probe.now())


def _facts(session: ssl.SSLObject, now: float) -> dict[str, Any]:
    cipher, der = session.cipher(), session.getpeercert(binary_form=True)
    return {
        "protocol": session.version(),
        "cipher": cipher and cipher[0],
        "certificate": certificate_facts(der, now) if der else None,
    }
