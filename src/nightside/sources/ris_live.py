"""RIS Live as a live source: elements of some collectors, and when each of them is seen, and is not.

A connection that ends, or on which nothing comes any more, is opened again after growing pauses. A collector
that is silent for long while others speak is said to be down, and asked for again, in the other spelling that
servers know (`rrc00`, `rrc00.ripe.net`): a filter that nothing passes looks like silence. A collector most of
whose messages are bad is left alone for growing pauses; the others go on.

Through narrow filters little comes, and silence says nothing by itself. There a canary is asked for too, and who
does not hear it in time is down; that the connection lives is seen by asking the server for a sign of life.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from nightside.model.errors import UsageError
from nightside.sources.beacons import Canary
from nightside.sources.intake import Ended
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.ris_frames import DOMAIN, Answers, Gathered, RisFrames
from nightside.sources.ris_transport import Pulse, Transport, opened, way_to
from nightside.sources.stream import Batch, Faults, Figures, Status, pauses

GATHER_S = 0.05
"""Frames are worked on together that come within this time: it costs less, and nobody waits for it."""
LOOK_S = 1.0
"""How often silence is looked for, where nothing comes."""
SETTLED_S = 60.0
"""A connection that lasted so long was a good one: the next pause is the shortest again."""
MOST_BAD = 100
"""Bad messages since the last look at them, from which on it is asked whether they are most of all."""
JUDGED_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the server is asked for: all of a collector, or what passes its filters."""

    collector: str
    prefix: str | None = None
    more_specific: bool = False
    less_specific: bool = False
    type: str | None = None
    """UPDATE, RIS_PEER_STATE, …; None is all."""

    def data(self, host: str) -> dict[str, Any]:
        """As the server takes it, with the collector in this spelling."""
        asked: dict[str, Any] = {"host": host, "socketOptions": {"includeRaw": True, "acknowledge": True}}
        if self.type is not None:
            asked["type"] = self.type
        if self.prefix is not None:
            asked |= {
                "prefix": self.prefix,
                "moreSpecific": self.more_specific,
                "lessSpecific": self.less_specific,
            }
        return asked


@dataclass(slots=True)
class _Collector:
    """What is known of one collector's stream."""

    name: str
    subscriptions: list[Subscription]
    decoder: LiveDecoder
    up: bool | None = None
    """None until its first status."""
    heard: float = 0.0
    """When it last said something (the canary sang), or was asked; by the clock of the event loop."""
    asked: float = 0.0
    is_silenced: bool = False
    """It was down for its silence: then only a message brings it up again."""
    is_long: bool = False
    """The spelling in which it is asked for."""
    messages: int = 0
    bad: int = 0
    alone_until: float = 0.0
    alone: Iterator[float] = field(default_factory=lambda: pauses())

    def data(self) -> list[dict[str, Any]]:
        """What to ask the server for."""
        host = self.name + DOMAIN if self.is_long else self.name
        return [one.data(host) for one in self.subscriptions]


class RisLive:
    """A live source (`sources.stream.Source`); to be read once.

    `clock` gives seconds since the epoch. `silent_after_s` is how long a collector may say nothing. With narrow
    filters there must be a `canary`, which the subscriptions must let through: then it is how long the connection
    may give no sign of life. Raises UsageError for an address that is neither a WebSocket's nor a stream's, where
    nothing is asked for, and for a canary on a stream, which cannot be asked for a sign of life.
    """

    def __init__(
        self,
        url: str,
        subscriptions: Sequence[Subscription],
        *,
        faults: Faults | None = None,
        silent_after_s: float = 60.0,
        canary: Canary | None = None,
        clock: Callable[[], float] = time.time,
        client: str = "nightside",
    ) -> None:
        if way_to(url) == "http" and canary is not None:
            raise UsageError(
                "filters that let little through need the WebSocket of RIS Live",
                where=url,
                advice="Set NIGHTSIDE_RIS_LIVE_URL to a ws:// or wss:// address.",
            )
        if not subscriptions:
            raise UsageError("no collector is asked for", advice="Name one, such as rrc00.")
        self._url, self._client, self._clock = url, client, clock
        self._silent_after_s, self._canary = silent_after_s, canary
        self._patience_s = silent_after_s if canary is None else canary.patience_s
        self._why_silent = f"silent for {silent_after_s:g} s" if canary is None else canary.why
        self.faults = faults or Faults()
        self.figures = Figures()
        names = list(dict.fromkeys(one.collector for one in subscriptions))
        self._collectors = {
            name: _Collector(
                name,
                [one for one in subscriptions if one.collector == name],
                LiveDecoder(name, self.faults, self.figures),
            )
            for name in names
        }
        self._frames = RisFrames(names, url, self.faults, self.figures)
        self._last_error: str | None = None

    async def values(self) -> AsyncGenerator[Batch | Status, None]:
        """Batches and statuses without end."""
        waits = pauses()
        loop = asyncio.get_running_loop()
        begun = ended_at = loop.time()
        for collector in self._collectors.values():
            collector.heard = begun
        while True:
            begun = loop.time()
            for collector in self._collectors.values():
                # The canary's silence goes on from connection to connection, but for the time between them.
                alive = self._canary is not None and not collector.is_silenced
                collector.heard = collector.heard + begun - ended_at if alive else begun
            why = "the connection ended"
            try:
                async with aclosing(self._connection()) as values:
                    async for value in values:
                        yield value
            except Ended as ended:
                why = f"{ended} (it said: {self._last_error})" if self._last_error else str(ended)
            self.faults.add(self._url, "a connection that ended", why)
            for collector in self._collectors.values():
                if collector.up is not False:
                    yield self._status(collector, False, why)
            ended_at = loop.time()
            if ended_at - begun >= SETTLED_S:
                waits = pauses()
            await asyncio.sleep(next(waits))

    def _status(self, collector: _Collector, up: bool, why: str) -> Status:
        collector.up = up
        return Status(collector.name, up, why, self._clock())

    async def _connection(self) -> AsyncGenerator[Batch | Status, None]:
        """Everything that one connection gives; raises Ended when it is over."""
        loop = asyncio.get_running_loop()
        self.figures.connections += 1
        self._last_error = None
        collectors = self._collectors.values()
        wanted = [c for c in collectors if c.alone_until <= loop.time()]
        async with opened(self._url, self._client, [data for c in wanted for data in c.data()]) as transport:
            begun = judged = loop.time()
            pulse = Pulse(transport, begun, self._silent_after_s) if self._canary else None
            for collector in collectors:
                collector.asked = begun
                if self._canary is None:
                    collector.heard = begun
            frames_here = broken_here = 0
            now = begun
            while True:
                away = loop.time() - now
                frames = await transport.intake.take(min(LOOK_S, self._silent_after_s / 4), GATHER_S)
                self.figures.received_bytes += sum(map(len, frames))
                now, now_s = loop.time(), self._clock()
                for collector in collectors:
                    # While nobody read, nobody was silent.
                    collector.heard += away
                if pulse is not None:
                    await pulse.felt(len(frames), now, away)
                gathered, answers = self._frames.read(frames, now_s, now)
                for value in self._taken(gathered, answers, now, now_s):
                    yield value
                frames_here += len(frames)
                broken_here += answers.broken
                if broken_here >= MOST_BAD and 2 * broken_here > frames_here:
                    raise Ended(f"{broken_here} of {frames_here} frames could not be read")
                for value in await self._looked_for_silence(transport, now):
                    yield value
                if now - judged >= JUDGED_EVERY_S or any(c.bad >= MOST_BAD for c in collectors):
                    judged = now
                    frames_here = broken_here = 0
                    for value in await self._judged(transport, now):
                        yield value

    def _taken(
        self, gathered: dict[str, Gathered], answers: Answers, now: float, now_s: float
    ) -> Iterator[Batch | Status]:
        if answers.errors:
            self._last_error = answers.errors[-1]
        for name in answers.acknowledged:
            collector = self._collectors[name]
            if not collector.up and not collector.is_silenced and not collector.alone_until:
                yield self._status(collector, True, "subscribed")
        for name, part in gathered.items():
            collector = self._collectors[name]
            if collector.alone_until > now:
                continue
            batches = list(collector.decoder.batches(b"".join(part.records), now_s))
            if self._canary is None or any(self._canary.sings(batch.columns) for batch in batches):
                collector.heard, collector.is_silenced = now, False
            if not collector.is_silenced:
                if not collector.up:
                    yield self._status(collector, True, "heard")
                yield from batches
            collector.messages += part.messages
            collector.bad += part.bad + (collector.decoder.malformed() if part.records else 0)

    async def _looked_for_silence(self, transport: Transport, now: float) -> list[Status]:
        """Who is silent is down; if all are, the connection is as good as ended."""
        after = self._patience_s
        listened = [c for c in self._collectors.values() if c.alone_until <= now]
        silent = [c for c in listened if now - c.heard >= after]
        for collector in silent:
            collector.is_silenced = True
        if listened and len(silent) == len(listened):
            for collector in silent:
                collector.is_long ^= self._canary is not None
            raise Ended(self._why_silent)
        told = []
        for collector in silent:
            if collector.up is not False:
                told.append(self._status(collector, False, self._why_silent))
            if now - collector.asked >= after:
                collector.asked = now
                await self._ask(transport, collector, is_long=not collector.is_long)
        return told

    async def _ask(self, transport: Transport, collector: _Collector, *, is_long: bool) -> None:
        for data in collector.data():
            await transport.leave(data)
        collector.is_long = is_long
        for data in collector.data():
            await transport.ask(data)

    async def _judged(self, transport: Transport, now: float) -> list[Status]:
        """Who sends mostly bad messages is left alone; whose pause is over is asked again."""
        told = []
        for collector in self._collectors.values():
            bad, messages = collector.bad, collector.messages
            if collector.alone_until:
                if collector.alone_until <= now:
                    collector.alone_until = 0.0
                    collector.heard = now
                    await self._ask(transport, collector, is_long=collector.is_long)
            elif bad >= MOST_BAD and 2 * bad > messages:
                pause = 60.0 * next(collector.alone)
                collector.alone_until = now + pause
                for data in collector.data():
                    await transport.leave(data)
                why = f"left alone for {pause:.0f} s: {bad} of {messages} messages were bad"
                told.append(self._status(collector, False, why))
            elif messages >= MOST_BAD:
                collector.alone = pauses()
            if bad >= MOST_BAD or messages >= 100 * MOST_BAD:
                collector.bad = collector.messages = 0
        return told
