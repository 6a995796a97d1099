"""A judge, composed: the daemon, who hears of what it finds, what it writes, and what runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from nightside.engine.channels.firing import lasts
from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.spool import SPOOL
from nightside.engine.live.clock import Clock
from nightside.engine.live.daemon import LATENESS_S, Daemon
from nightside.engine.live.filling import Filling
from nightside.engine.live.kept_state import Keeping
from nightside.engine.live.light import say_verdict
from nightside.engine.live.outlets import Outlets
from nightside.engine.live.place import Place
from nightside.engine.live.pulse import Counted, Pulse, Tally
from nightside.engine.live.recording import Recording
from nightside.engine.live.relayed import Hearing
from nightside.engine.live.vitals import Vitals
from nightside.engine.live.watcher import Watcher


@dataclass(frozen=True)
class Judge:
    """The parts of one."""

    place: Place
    daemon: Daemon
    outlets: Outlets
    recording: Recording
    outbox: Outbox | None
    pulse: Pulse


def outbox_of(place: Place, made: Callable[..., Outbox] = Outbox) -> Outbox | None:
    """The channels of a place; None where nothing goes to any, nor waits."""
    folder = place.folder / SPOOL
    if not place.channels and not folder.exists():
        return None
    return made(folder, place.channels, warn=place.log.warn, is_open=lambda id: lasts(place.store, id))


def judge_of(
    place: Place,
    watcher: Watcher,
    line: Callable[[dict[str, Any]], None],
    sources: Sequence[Hearing],
    kept: Keeping,
    outbox: Outbox | None,
    *,
    counted: Mapping[str, Counted],
    clock: Clock | None = None,
    lateness_s: float = LATENESS_S,
) -> Judge:
    """Put the parts together. `counted` are the sources of which it is told what they did."""
    log = place.log
    recording = Recording(place.store, warn=log.warn)
    outlets = Outlets(place.store, outbox, line, stored=recording.note)
    tally = Tally(outlets.tell)
    filling = Filling(lambda: daemon.watcher, place.places, log.warn)
    daemon = Daemon(
        watcher,
        [*sources, filling],
        tally.tell,
        kept=kept,
        clock=clock,
        lateness_s=lateness_s,
        warn=log.warn,
        came=recording.come,
    )
    daemon.telling.tell_unstored = outlets.tell_unstored
    channels = outbox.deliveries if outbox else ()
    pulse = Pulse(daemon, tally, sources=counted, channels=channels, kept=kept, lateness_s=lateness_s)
    return Judge(place, daemon, outlets, recording, outbox, pulse)


async def run(judge: Judge) -> None:
    """Judge, and confirm beside it, until that ends or is cancelled; then all that is known is written."""
    async with beside(_others(judge), judge.place.log.warn):
        try:
            await judge.daemon.run()
        finally:
            await asyncio.to_thread(judge.recording.close, judge.daemon.watcher)


def health_of(place: Place, vitals: Callable[[], Vitals]) -> AbstractAsyncContextManager[str | None]:
    """Where it is told how it is doing, within the block; gives the address, None where nowhere."""
    if place.places.health_listen is None:
        return nullcontext()
    # A web server is some MiB, and not everybody wants one.
    from nightside.engine.live.health import serving

    return serving(place.places.health_listen, vitals)


def _others(judge: Judge) -> list[Coroutine[Any, Any, None]]:
    """What else goes on while the daemon runs."""
    place, daemon = judge.place, judge.daemon
    if place.asked.light:
        return [say_verdict(lambda: daemon.watcher, place.log.say)]
    # Not for --light: its modules take memory.
    from nightside.engine.live.confirming import Confirming

    heard = sorted({*place.asked.collectors, *daemon.watcher.live.collectors})
    confirming = Confirming(
        place.store,
        place.folder,
        heard,
        judge.outlets.hand_out,
        place.places,
        place.log.warn,
        settings=daemon.watcher.settings,
        lock=judge.outlets.lock,
    )
    return [confirming.run()]


@asynccontextmanager
async def beside(
    others: Sequence[Coroutine[Any, Any, None]], warn: Callable[[str], None]
) -> AsyncIterator[None]:
    """Runs these meanwhile. One that dies is told, and the watch goes on without it."""

    def told(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            name = getattr(task.get_coro(), "__qualname__", "a part")
            warn(f"{name} ended by {type(error).__name__}: {error}: the watch goes on without it")

    tasks = [asyncio.create_task(one) for one in others]
    for task in tasks:
        task.add_done_callback(told)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
