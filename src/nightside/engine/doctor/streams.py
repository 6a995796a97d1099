"""Looks at RIS Live: whether it speaks, and whether it takes filters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from ipaddress import ip_network
from typing import Any

import orjson

from nightside.engine.doctor.check import Check
from nightside.model.errors import UsageError
from nightside.sources.beacons import BLOCKS
from nightside.sources.intake import Ended
from nightside.sources.ris_frames import shortened
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.ris_transport import opened, way_to
from nightside.sources.stream import Batch

CLIENT = "nightside-doctor"
FIRST_WITHIN_S = 10.0
LISTEN_S = 2.0
"""So long it is listened for what should not come through a filter."""
LATE_S = 60.0
_WRONG = "Is the network up, and NIGHTSIDE_RIS_LIVE_URL right?"
_BLOCKS = tuple(ip_network(block) for block in BLOCKS)


async def speaks(url: str, collectors: Sequence[str], now: Callable[[], float]) -> Check:
    """Connect as a watch does, subscribe to these collectors, and wait for a first message."""
    begun_s, taken = now(), False
    source = RisLive(url, [Subscription(name) for name in collectors], client=CLIENT)
    try:
        async with asyncio.timeout(FIRST_WITHIN_S), aclosing(source.values()) as values:
            async for value in values:
                if isinstance(value, Batch):
                    if not value.columns.count:
                        continue
                    return _first(url, value, begun_s, now())
                if not value.up:
                    return Check("RIS Live", url, "failed", value.why, _WRONG)
                taken = True
    except TimeoutError:
        pass
    said = "subscribed, but " if taken else "does not take our subscription, and "
    said += f"no message came within {FIRST_WITHIN_S:g} s"
    faults = list(source.faults.counts)
    if faults:
        said += f"; it sent {faults[0][1]}"
    return Check("RIS Live", url, "failed", said, "Try again; if it lasts, ask its keepers.")


def _first(url: str, batch: Batch, begun_s: float, now_s: float) -> Check:
    said = f"first message of {batch.collector} after {now_s - begun_s:.1f} s"
    lag_s = now_s - int(batch.columns.time_us[: batch.columns.count].max()) / 1_000_000
    if lag_s > LATE_S:
        advice = "It lags: alarms come as much later. If it lasts, ask its keepers."
        return Check("RIS Live", url, "warning", f"{said}, {lag_s:.0f} s late", advice)
    return Check("RIS Live", url, "ok", said)


async def filters(url: str, collector: str) -> Check:
    """Ask for the RIS beacons alone: whether that is acknowledged, and nothing else comes."""
    asked = [Subscription(collector, block, more_specific=True).data(collector) for block in BLOCKS]
    try:
        async with asyncio.timeout(FIRST_WITHIN_S), opened(url, CLIENT, asked) as transport:
            seen = _Seen(way_to(url) == "ws")
            loop = asyncio.get_running_loop()
            until: float | None = None if seen.answers else loop.time() + LISTEN_S
            while until is None or loop.time() < until:
                for frame in await transport.intake.take(0.2, 0.05):
                    seen.look(frame)
                if seen.wrong is not None:
                    return Check("filter", url, "failed", seen.wrong, "Watch without --light.")
                if until is None and not seen.missing:
                    until = loop.time() + LISTEN_S
    except TimeoutError:
        said = f"the server has not acknowledged it within {FIRST_WITHIN_S:g} s"
        return Check("filter", url, "warning", said, "Whether it works cannot be told. Try again.")
    except (Ended, UsageError) as error:
        return Check("filter", url, "failed", str(error).splitlines()[0], _WRONG)
    said = "acknowledged; " if seen.answers else "the HTTP stream acknowledges nothing; "
    if seen.beacon:
        return Check("filter", url, "ok", said + f"a RIS beacon came, {seen.beacon}, and nothing else")
    return Check("filter", url, "ok", said + "nothing else came (RIS beacons speak every two hours)")


class _Seen:
    """What came through the filter."""

    def __init__(self, answers: bool) -> None:
        self.answers = answers
        self.missing = set(BLOCKS)
        """Blocks whose filter was not acknowledged."""
        self.beacon: str | None = None
        self.wrong: str | None = None

    def look(self, frame: bytes) -> None:
        """One frame. What cannot be read is the business of the other look."""
        try:
            said = orjson.loads(frame)
            kind, data = said["type"], said["data"]
            if kind == "ris_subscribe_ok":
                self._acknowledged(data.get("subscription") or data)
            elif kind == "ris_error":
                self.wrong = f"refused: {shortened(data['message'])}"
            elif kind == "ris_message":
                self._came(list(_prefixes(data)))
        except (KeyError, TypeError, ValueError, AttributeError):
            return

    def _acknowledged(self, data: dict[str, Any]) -> None:
        block = data.get("prefix")
        if block in BLOCKS and data.get("moreSpecific"):
            self.missing.discard(block)
        else:
            self.wrong = f"the server took another filter than ours: {shortened(data)}"

    def _came(self, prefixes: list[str]) -> None:
        if not prefixes:
            return
        ours = [one for one in prefixes if _is_beacon(one)]
        if ours:
            self.beacon = ours[0]
        else:
            self.wrong = f"what was not asked for comes through: {shortened(prefixes[0])}"


def _prefixes(data: dict[str, Any]) -> Iterator[str]:
    for announced in data.get("announcements") or []:
        yield from announced["prefixes"]
    yield from data.get("withdrawals") or []


def _is_beacon(prefix: str) -> bool:
    network = ip_network(prefix, strict=False)
    return any(
        network.version == block.version and network.subnet_of(block)  # type: ignore[arg-type]
        for block in _BLOCKS
    )
