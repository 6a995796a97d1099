"""One check that cannot hurt: whatever it raises, and however long it takes, it ends as results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from nightside.checks.failure import DETAIL_CHARS
from nightside.checks.probe import Check, Probe
from nightside.checks.schedule import Planned
from nightside.model.check import CheckResult, Kind

LONGEST_S = 120.0
"""All parts of a target together: many name servers, or mail servers one after the other."""


async def attempt(
    planned: Planned, probe: Probe, check_of: Callable[[Kind], Check], warn: Callable[[str], None]
) -> list[CheckResult]:
    """What came of it. A fault of ours becomes one result, `not_possible` with its words, and is told."""
    target, began, at = planned.target, time.perf_counter(), probe.now()
    try:
        async with asyncio.timeout(LONGEST_S):
            return await check_of(target.kind)(target, planned.family, probe)
    except TimeoutError:
        why = f"was not done after {LONGEST_S:g} s"
    except Exception as error:  # Nothing that a target sends may end the checking of all others.
        why = f"{type(error).__name__}: {error}"
    warn(f"{target.kind} of {target.name!r}: {why}"[: 2 * DETAIL_CHARS])
    return [
        CheckResult(
            at=at,
            place=probe.place,
            country=target.country,
            target=target.name,
            group=target.group,
            kind=target.kind,
            part="",
            family=planned.family,
            address=None,
            outcome="not_possible",
            failed_in=None,
            detail=why[:DETAIL_CHARS],
            total_ms=round((time.perf_counter() - began) * 1000, 3),
        )
    ]
