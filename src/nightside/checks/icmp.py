"""icmp: does the host answer an echo? Three packets; one answer is enough, and the loss stands in the facts.

By our own sockets and not icmplib's: its raw sockets are each given every ICMP packet of the machine, and what a
router says ("no route to the host") is thrown away.
"""

from __future__ import annotations

import asyncio

from nightside.checks.attempt import Attempt
from nightside.checks.connection import Deadline, public_addresses
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.checks.sounding import EchoSounding, require_error_queues
from nightside.model.check import CheckResult, Family, Target

PACKETS = 3
GAP_S = 0.2
LONGER_THAN_FIRST = 3.0
"""Once one is answered, the others get so many times as long; at least LEAST_S."""
LEAST_S = 1.0


async def check_icmp(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """One result; `first_byte_ms` is the quickest round trip."""
    attempt = Attempt(target, family, probe)
    try:
        require_error_queues()
        deadline = Deadline(probe)
        with attempt.phase("resolve"):
            attempt.address = (await public_addresses(attempt, target.where, deadline.within_s()))[0]
        with attempt.phase("first_byte"):
            await _ping(attempt, attempt.address, deadline)
    except CheckFailedError as why:
        return [attempt.failed(why)]
    attempt.took("first_byte", attempt.facts["rtt_min_ms"])
    return [attempt.succeeded()]


async def _ping(attempt: Attempt, address: str, deadline: Deadline) -> None:
    with EchoSounding(address, attempt.family) as sounding:

        def answered() -> list[float]:
            return [one.rtt_ms for one in sounding.heard.values() if one.kind == "answered"]

        for number in range(PACKETS):
            if number:
                await asyncio.sleep(GAP_S)
            sounding.send(number)
        await sounding.until(
            lambda: bool(answered()) or len(sounding.heard) == PACKETS,
            deadline.within_s(),
        )
        if times := answered():
            await sounding.until(
                lambda: len(sounding.heard) == PACKETS,
                min(deadline.within_s(), max(LEAST_S, LONGER_THAN_FIRST * times[0] / 1000)),
            )
    times = answered()
    attempt.facts |= {"sent": PACKETS, "answered": len(times), "loss": round(1 - len(times) / PACKETS, 3)}
    if times:
        attempt.facts |= {
            "rtt_min_ms": min(times),
            "rtt_avg_ms": round(sum(times) / len(times), 3),
            "rtt_max_ms": max(times),
        }
        return
    for one in sounding.heard.values():
        raise CheckFailedError(
            "unreachable", "first_byte", f"{one.words}, says {one.address or 'this machine'}"
        )
    raise CheckFailedError("timed_out", "first_byte", f"{PACKETS} packets, no answer")
