"""trace: the path towards a target, hop by hop, in seconds: packets of all lengths are on their way at once.

By ICMP echo where this user may, else by UDP to one high port. Routers that say nothing are holes in the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from nightside.checks.attempt import Attempt
from nightside.checks.connection import Deadline, public_addresses
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.checks.sounding import EchoSounding, Heard, Sounding, UdpSounding, require_error_queues
from nightside.model.check import CheckResult, Family, Target

GAP_S = 0.02
"""Between packets: a router is not asked for all at once, and a target near by ends the sending early."""
QUIET_S = 3.0
"""So long after the last packet, or the last word, nobody says anything any more."""
MOST_BY_UDP = 16
"""So many traces by UDP at once: each has a socket for each hop."""

_by_udp: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def check_trace(target: Target, family: Family, probe: Probe) -> list[CheckResult]:
    """One result. Facts: `hops` ([hop, address or null, round trip in ms or null], to the last that is known),
    `last_address` (the last that answers, the target's where it does), `reached`, `method`, `hops_asked`."""
    attempt = Attempt(target, family, probe)
    try:
        require_error_queues()
        deadline = Deadline(probe)
        with attempt.phase("resolve"):
            attempt.address = (await public_addresses(attempt, target.where, deadline.within_s()))[0]
        with attempt.phase("connect"):
            try:
                sounding: Sounding = EchoSounding(attempt.address, family)
            except PermissionError:
                async with _by_udp.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MOST_BY_UDP)):
                    await _trace(attempt, UdpSounding(attempt.address, family), deadline)
            else:
                await _trace(attempt, sounding, deadline)
    except CheckFailedError as why:
        return [attempt.failed(why)]
    return [attempt.succeeded()]


async def _trace(attempt: Attempt, sounding: Sounding, deadline: Deadline) -> None:
    heard, most = sounding.heard, attempt.probe.limits.hops
    asked = 0
    with sounding:

        def end() -> int | None:
            """The first hop that is not a router on the way; None while none is known."""
            return min((hop for hop, one in heard.items() if one.kind != "expired"), default=None)

        while asked < most and end() is None:
            asked += 1
            sounding.send(asked, asked)
            await asyncio.sleep(GAP_S)

        def complete() -> bool:
            last = end()
            return all(hop in heard for hop in range(1, asked + 1 if last is None else last + 1))

        more = True
        while more and not complete() and not deadline.over:
            more = await _more(sounding, min(QUIET_S, deadline.within_s()))
    _tell(attempt, sounding, asked)


async def _more(sounding: Sounding, within_s: float) -> bool:
    """Whether anything more is heard within that time."""
    before = len(sounding.heard)
    return await sounding.until(lambda: len(sounding.heard) > before, within_s)


def _tell(attempt: Attempt, sounding: Sounding, asked: int) -> None:
    """Puts down the path; raises CheckFailedError where the target did not answer."""
    first: dict[str, int] = {}
    for hop, one in sorted(sounding.heard.items()):
        first.setdefault(one.kind, hop)
    end = first.get("answered", first.get("unreachable"))
    routers = {
        hop: one
        for hop, one in sounding.heard.items()
        if one.kind == "expired" and (end is None or hop < end)
    }
    if end is not None and _is_further(sounding.heard[end], routers.values()):
        routers[end] = sounding.heard[end]
    last = max(routers, default=0)
    hops = [
        [hop, routers[hop].address, routers[hop].rtt_ms] if hop in routers else [hop, None, None]
        for hop in range(1, last + 1)
    ]
    attempt.facts |= {
        "hops": hops,
        "last_address": routers[last].address if routers else None,
        "reached": "answered" in first,
        "method": sounding.method,
        "hops_asked": asked,
    }
    if "answered" in first:
        return
    if end is not None:
        one = sounding.heard[end]
        raise CheckFailedError("unreachable", "connect", f"{one.words}, says {one.address or 'this machine'}")
    raise CheckFailedError("timed_out", "connect", f"no answer within {asked} hops")


def _is_further(end: Heard, routers: Iterable[Heard]) -> bool:
    """The target is; whoever says that it cannot be reached, where it is no router that was met on the way."""
    if end.kind == "answered":
        return True
    return end.address is not None and all(end.address != router.address for router in routers)
