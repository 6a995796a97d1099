"""The leases that one program holds, taken again and again while it lives, and given back when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NoReturn, Self, TypeVar

from nightside.model.errors import LeaseLostError, NightsideError
from nightside.model.lease import Lease
from nightside.store.protocol import Store

LEASE_S = 8.0
"""So long after its last sign of life another does what a program did."""
RENEW_EVERY_S = 2.0
SLOW_S = LEASE_S / 2
"""Where the store takes so long to answer, leases may run out of who lives."""
JUDGE = "judge"
_PROGRAM, _COLLECTOR = "ingester ", "collector "
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

Got = TypeVar("Got")


def program(holder: str) -> str:
    """The name of the lease by which a program lives."""
    return _PROGRAM + holder


def collector(name: str) -> str:
    """The name of the lease to read a collector."""
    return _COLLECTOR + name


def programs_in(leases: Iterable[Lease]) -> list[str]:
    """Who lives."""
    return [lease.holder for lease in leases if lease.name.startswith(_PROGRAM)]


def readers_in(leases: Iterable[Lease]) -> dict[str, str]:
    """By collector who reads it."""
    return {
        lease.name.removeprefix(_COLLECTOR): lease.holder
        for lease in leases
        if lease.name.startswith(_COLLECTOR)
    }


def holds(leases: Iterable[Lease], lease: Lease) -> bool:
    """Whether this one is among them."""
    return any((one.name, one.number) == (lease.name, lease.number) for one in leases)


class Holding:
    """What one program holds, within an `async with`. A store that cannot be asked takes nothing from anybody."""

    def __init__(self, store: Store, holder: str, warn: Callable[[str], None]) -> None:
        """`warn` hears when the store cannot be asked."""
        self.holder = holder
        self._store, self._warn = store, warn
        # Its own thread: whatever else waits for the store or the disk, leases are renewed.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="leases")
        self._held: dict[str, Lease] = {}
        self._lost: asyncio.Future[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._looked_at = self._known_from = _now()
        self._failing = False

    async def __aenter__(self) -> Self:
        self._lost = asyncio.get_running_loop().create_future()
        self._renewing = asyncio.create_task(self._renew_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._renewing is not None
        assert self._lost is not None
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        if self._lost.done():
            # Looked at: nobody may be waiting for it.
            self._lost.exception()
        for lease in list(self._held.values()):
            await self.give(lease)
        self._pool.shutdown(wait=False)

    @property
    def held(self) -> dict[str, Lease]:
        """By name."""
        return dict(self._held)

    async def take(self, name: str) -> Lease | None:
        """Do this alone from now on, as long as it is not given back; None where somebody else does."""
        async with self._turn:
            lease = await self._asked(lambda: self._store.take_lease(name, self.holder, LEASE_S))
            if lease is not None:
                self._held[name] = lease
            return lease

    async def give(self, lease: Lease) -> None:
        """Do it no more."""
        async with self._turn:
            self._held.pop(lease.name, None)
            await self._asked(lambda: self._store.release_lease(lease))

    async def all(self) -> list[Lease] | None:
        """What everybody holds; None where that is not known.

        When the store answers again after a while, who lives first has time to say so.
        """
        everybody = await self._asked(lambda: self._store.leases())
        return everybody if _now() >= self._known_from else None

    async def look(self) -> None:
        """Make sure that nothing was lost while this program stood still. Raises LeaseLostError."""
        if _now() - self._looked_at > LEASE_S:
            await self._renew()
        if self._lost is not None and self._lost.done():
            self._lost.result()

    async def lost(self) -> NoReturn:
        """Waits for ever; raises LeaseLostError where somebody else does what this program did."""
        assert self._lost is not None
        await asyncio.shield(self._lost)
        raise AssertionError("it is never set")

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            await self._renew()

    async def _renew(self) -> None:
        """Take all again."""
        async with self._turn:
            self._looked_at = _now()
            for lease in list(self._held.values()):
                again = await self._asked(partial(_again, self._store, lease))
                if again is None:
                    # The store cannot be asked; then nobody else can take anything.
                    continue
                if isinstance(again, LeaseLostError):
                    del self._held[lease.name]
                    if self._lost is not None and not self._lost.done():
                        self._lost.set_exception(again)
                else:
                    self._held[lease.name] = again

    async def _asked(self, ask: Callable[[], Got]) -> Got | None:
        begun = _now()
        try:
            got = await asyncio.get_running_loop().run_in_executor(self._pool, ask)
        except (NightsideError, OSError) as error:
            if not self._failing:
                self._warn(f"leases cannot be looked at: {str(error).splitlines()[0]}")
            self._failing = True
            return None
        if self._failing:
            self._failing, self._known_from = False, _now() + LEASE_S
            self._warn("leases are looked at again")
        elif _now() - begun > SLOW_S:
            # Somebody wrote for long. Whoever lives waited too, and may seem dead.
            self._known_from = _now() + LEASE_S
        return got


def _again(store: Store, lease: Lease) -> Lease | LeaseLostError:
    again = store.take_lease(lease.name, lease.holder, LEASE_S)
    if again is not None and again.number == lease.number:
        return again
    if again is not None:
        # Another had it, and is gone: what it did is not known here.
        store.release_lease(again)
    return LeaseLostError("another program does this by now", where=lease.name)


def _now() -> float:
    """Goes on while the machine sleeps, unlike the clock of the event loop."""
    return time.clock_gettime(_BOOT)
