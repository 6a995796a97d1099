"""A place of the tests that checks: what every check is given, and what every result must keep to."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from nightside.checks.failure import CheckFailedError
from nightside.checks.limits import CheckLimits
from nightside.checks.names import Resolver
from nightside.checks.probe import Names, Probe
from nightside.model.check import CheckResult, Family, Kind, Target

USER_AGENT = "nightside/0.1 (tests; mailto:tests@example.org)"
QUICK = CheckLimits(phase_s=0.5, total_s=1.0)


class FixedNames:
    """Knows what it is told; each answer of a list of answers once, the last for ever. Counts what it is asked."""

    def __init__(self, known: dict[str, list[list[str]]]) -> None:
        self._known, self.asked = known, list[str]()
        self._literal = Resolver("127.0.0.1")

    async def addresses(self, host: str, family: Family, within_s: float) -> list[str]:
        self.asked.append(host)
        if host in self._known:
            answers = self._known[host]
            return list(answers.pop(0) if len(answers) > 1 else answers[0])
        if host[:1].isdigit() or ":" in host:
            return await self._literal.addresses(host, family, within_s)
        raise CheckFailedError("no_such_name", "resolve", host)

    async def records(self, name: str, rdtype: str, within_s: float) -> list[str]:
        raise CheckFailedError("no_such_name", "resolve", name)


def probe(
    limits: CheckLimits | None = None,
    names: Names | None = None,
    allow_private: bool = True,
    now: Callable[[], float] = time.time,
) -> Probe:
    """One that may speak to this machine."""
    return Probe(
        "here", names or FixedNames({}), now, USER_AGENT, limits or CheckLimits(phase_s=5.0), allow_private
    )


def target(kind: Kind, where: str, **more: Any) -> Target:
    return Target("the target", kind, "state media", "KP", where, **more)


def kept_to_bounds(result: CheckResult) -> CheckResult:
    """The result, when it keeps to what `CheckResult` promises."""
    assert len(result.detail or "") <= 200
    assert len(json.dumps(dict(result.facts))) <= 4096
    assert (result.outcome == "ok") == (result.failed_in is None)
    return result


def open_files() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count alone
