"""tcp: does anything take a connection at this port? Connected, and closed at once; nothing is sent."""

from __future__ import annotations

from nightside.checks.attempt import Attempt
from nightside.checks.connection import Deadline, reach
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.model.check import CheckResult, Family, Target


async def check_tcp(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """One result. A target of this kind names its port; ValueError where it does not."""
    if target.port is None:
        raise ValueError(f"a tcp target without a port: {target.name}")
    attempt = Attempt(target, family, probe)
    try:
        connection = await reach(attempt, target.where, target.port, Deadline(probe))
    except CheckFailedError as why:
        return [attempt.failed(why)]
    connection.close()
    return [attempt.succeeded()]
