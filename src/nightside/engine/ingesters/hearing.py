"""What one program hears: its part of the collectors, and the routers that connect to it. All goes to its relay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from nightside.engine.ingesters.holding import Holding, collector, programs_in, readers_in
from nightside.engine.ingesters.relay import Relay
from nightside.engine.ingesters.shares import to_give, to_take
from nightside.engine.live.pulse import Counted
from nightside.model.lease import Lease
from nightside.sources.bmp import BmpListener
from nightside.sources.ris_live import RisLive
from nightside.sources.stream import Status

LOOK_EVERY_S = 1.0
OTHER = "another program hears it"


@dataclass(frozen=True)
class _Reading:
    """One collector that is read."""

    lease: Lease
    source: RisLive
    task: asyncio.Task[None]


class Hearing:
    """Runs until it is cancelled; then what it read is free for others."""

    def __init__(
        self,
        holding: Holding,
        relay: Relay,
        collectors: Sequence[str],
        stream: Callable[[str], RisLive],
        listener: BmpListener | None,
        say: Callable[[str], None],
    ) -> None:
        """`stream` opens a collector's: each has its own, so that one more disturbs none of the others."""
        self._holding, self._relay, self._collectors = holding, relay, collectors
        self._stream, self._listener, self._say = stream, listener, say
        self._readings: dict[str, _Reading] = {}
        self._routers: dict[str, Lease] = {}
        self.programs = 0
        """How many live."""
        self.sources: dict[str, Counted] = {} if listener is None else {"bmp": listener}
        """By name, for who asks what they have done."""

    @property
    def collectors(self) -> list[str]:
        """Whom it reads, routers too."""
        return sorted([*self._readings, *self._routers])

    async def run(self) -> None:
        """Raises what a source raises."""
        try:
            async with asyncio.TaskGroup() as group:
                if self._listener is not None:
                    group.create_task(self._hear_routers(self._listener))
                while True:
                    await self._look(group)
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            leases = [*(reading.lease for reading in self._readings.values()), *self._routers.values()]
            # That they are not heard any more has to be known before another says that they are.
            if await self._relay.write():
                for lease in leases:
                    await self._holding.give(lease)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Take what is free, and give what others should have."""
        leases = await self._holding.all()
        if leases is None:
            return
        me, holders, held = self._holding.holder, programs_in(leases), readers_in(leases)
        self.programs = len(holders)
        if me not in holders:
            return
        for name in to_give(me, holders, held, self._collectors):
            await self._give(name)
        for name in to_take(me, holders, held, self._collectors):
            lease = await self._holding.take(collector(name))
            if lease is not None and name not in self._readings:
                source = self.sources[f"ris_live {name}"] = self._stream(name)
                task = group.create_task(self._read(name, lease, source))
                self._readings[name] = _Reading(lease, source, task)

    async def _give(self, name: str) -> None:
        reading = self._readings.pop(name, None)
        if reading is None:
            return
        del self.sources[f"ris_live {name}"]
        reading.task.cancel()
        await asyncio.gather(reading.task, return_exceptions=True)
        await self._relay.write()
        await self._holding.give(reading.lease)
        self._say(f"{name}: left to another program")

    async def _read(self, name: str, lease: Lease, source: RisLive) -> None:
        self._say(f"{name}: heard by this program")
        # Whoever read it before may have ended without a word.
        self._down(name, lease, "another program begins to hear it")
        try:
            async with aclosing(source.values()) as values:
                async for value in values:
                    await self._relay.room()
                    self._relay.put(lease.number, value)
        finally:
            self._down(name, lease, "the program that heard it hears it no more")

    def _down(self, name: str, lease: Lease, why: str) -> None:
        self._relay.put(lease.number, Status(name, False, why, time.time()))

    async def _hear_routers(self, listener: BmpListener) -> None:
        async with aclosing(listener.values()) as values:
            async for value in values:
                name = value.collector
                lease = self._routers.get(name) or await self._holding.take(collector(name))
                if lease is None:
                    listener.hang_up(name, OTHER)
                    continue
                self._routers[name] = lease
                await self._relay.room()
                self._relay.put(lease.number, value)
                if isinstance(value, Status) and not value.up:
                    # It may connect elsewhere now.
                    await self._relay.write()
                    await self._holding.give(self._routers.pop(name))
