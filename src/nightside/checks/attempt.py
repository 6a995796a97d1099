"""One attempt at one part of a target: its phases are timed, and it ends as a result."""

from __future__ import annotations

import asyncio
import errno
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nightside.checks.certificates import why_not
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.model.check import CheckResult, Family, Phase, Target


class Attempt:
    """Times phases and makes the result. Facts that a check learns are put into `facts`."""

    def __init__(self, target: Target, family: Family, probe: Probe, part: str = "") -> None:
        self.target, self.family, self.probe, self.part = target, family, probe, part
        self.at = probe.now()
        self.address: str | None = None
        self.facts: dict[str, Any] = {}
        self._began = time.perf_counter()
        self._ms: dict[Phase, float] = {}

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Times what is done within. An OSError or a timeout there is told as the failure of this phase.

        A phase that is entered again (a redirect) has the sum of its times.
        """
        began = time.perf_counter()
        try:
            yield
        except TimeoutError as error:
            raise CheckFailedError("timed_out", phase) from error
        except OSError as error:
            raise failure_of(error, phase) from error
        except asyncio.IncompleteReadError as error:
            raise CheckFailedError("reset", phase, "closed in the middle") from error
        finally:
            self._ms[phase] = self._ms.get(phase, 0.0) + (time.perf_counter() - began) * 1000

    def took(self, phase: Phase, ms: float) -> None:
        """A phase's time that is told by something better than a clock around it: the quickest of several packets."""
        self._ms[phase] = ms

    def succeeded(self) -> CheckResult:
        """It answered as it should."""
        return self._result(None)

    def failed(self, why: CheckFailedError) -> CheckResult:
        """It did not; a phase in which it failed has no time of its own."""
        self._ms.pop(why.failed_in, None)
        return self._result(why)

    def _result(self, why: CheckFailedError | None) -> CheckResult:
        ms = {phase: round(value, 3) for phase, value in self._ms.items()}
        return CheckResult(
            at=self.at,
            place=self.probe.place,
            country=self.target.country,
            target=self.target.name,
            group=self.target.group,
            kind=self.target.kind,
            part=self.part,
            family=self.family,
            address=self.address,
            outcome="ok" if why is None else why.outcome,
            failed_in=None if why is None else why.failed_in,
            detail=None if why is None else why.detail,
            resolve_ms=ms.get("resolve"),
            connect_ms=ms.get("connect"),
            tls_ms=ms.get("tls"),
            first_byte_ms=ms.get("first_byte"),
            total_ms=round((time.perf_counter() - self._began) * 1000, 3),
            facts=self.facts,
        )


def failure_of(error: OSError, phase: Phase) -> CheckFailedError:
    """The cause that an error of the operating system, or of TLS, stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CheckFailedError("certificate", phase, why_not(error))
    if isinstance(error, ssl.SSLEOFError):
        return CheckFailedError("reset", phase, "closed in the middle")
    if isinstance(error, ssl.SSLError):  # its errno is TLS's own, and means nothing to the system
        return CheckFailedError("tls_failed", phase, (error.reason or str(error)).lower().replace("_", " "))
    said = error.strerror or type(error).__name__
    match error.errno:
        case errno.ECONNREFUSED:
            return CheckFailedError("refused", phase, said)
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            return CheckFailedError("reset", phase, said)
        case errno.ETIMEDOUT:
            return CheckFailedError("timed_out", phase, said)
        case errno.EHOSTUNREACH | errno.ENETUNREACH | errno.EHOSTDOWN | errno.ENETDOWN:
            return CheckFailedError("unreachable", phase, said)
        case (
            errno.EPERM
            | errno.EACCES
            | errno.EAFNOSUPPORT
            | errno.EADDRNOTAVAIL
            | errno.EMFILE
            | errno.ENFILE
        ):
            return CheckFailedError("not_possible", phase, said)
    return CheckFailedError("unreachable", phase, said)
