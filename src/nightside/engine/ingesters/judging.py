"""The one of several programs that judges: it enters what all of them hear, and goes on where another ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nightside.engine.ingesters.clock import RelayedClock
from nightside.engine.ingesters.desk import CopiedOutbox, Desk
from nightside.engine.ingesters.holding import Holding, holds, programs_in
from nightside.engine.ingesters.relays import Relays
from nightside.engine.ingesters.shared_state import SharedState
from nightside.engine.live.beginning import gone_on_with, learn_missed, read_tables, resume
from nightside.engine.live.checkpoint import names_of
from nightside.engine.live.daemon import LATENESS_S, Daemon
from nightside.engine.live.judging import Judge, beside, judge_of, outbox_of, run
from nightside.engine.live.place import Place, key_of, new_watcher
from nightside.engine.live.pulse import Counted, Pulse
from nightside.engine.live.stopping import delivering
from nightside.engine.live.watcher import Found
from nightside.model.lease import Lease
from nightside.store.files import Files

RELAY, STATE, DESK = "relay", "state", "desk"
"""In the shared place."""
ON_THE_WAY_S = 2.0
"""So much later than to who hears it what is heard comes to who judges, at most."""
FORGET_EVERY_S = 5.0


async def judge(
    place: Place,
    files: Files,
    holding: Holding,
    lease: Lease,
    line: Callable[[dict[str, Any]], None],
    counted: Mapping[str, Counted],
    known: Callable[[Pulse | None], None],
) -> None:
    """Judge until it is cancelled, or somebody else does: LeaseLostError then. `known` is given how it is doing."""
    log = place.log
    async with AsyncExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="nightside-judge-")))
        for name in (STATE, DESK):
            (own / name).mkdir()
        desk = Desk(files.child(DESK), own / DESK, lease.number, log.warn)
        watcher = await asyncio.to_thread(new_watcher, place.asked, place.snapshot)
        kept = SharedState(
            files.child(STATE),
            own / STATE,
            lease.number,
            key_of(place.asked, watcher),
            names_of(watcher),
            log.warn,
            is_mine=lambda: _is_mine(place, lease),
        )
        await asyncio.to_thread(_tidied, files)
        await asyncio.to_thread(desk.take_over)
        here = replace(place, store=place.store.under(lease), folder=desk.folder)
        outbox = outbox_of(here, partial(CopiedOutbox, desk))
        if outbox is not None:
            stack.enter_context(closing(outbox))
        relays = Relays(files.child(RELAY), log.warn)
        clock = RelayedClock(lambda: relays.read_until_s, holding.look, lambda: _missed(here, parts.daemon))
        parts = judge_of(
            here,
            watcher,
            line,
            [relays],
            kept,
            outbox,
            counted=counted,
            clock=clock,
            lateness_s=LATENESS_S + ON_THE_WAY_S,
        )
        _behind_the_journal(parts.daemon, kept)
        known(parts.pulse)
        stack.callback(known, None)
        forgetting = _forgetting(parts.daemon, relays, kept, holding, lease)
        async with delivering(outbox), beside([forgetting, desk.copy_for_ever()], log.warn):
            await _begin(here, parts, kept, relays, clock)
            try:
                await run(parts)
            finally:
                await asyncio.to_thread(_last, kept, log.warn)
        await desk.copy()


def _tidied(files: Files) -> None:
    """What killed programs left half-written goes. Raises OSError."""
    for name in (RELAY, STATE, DESK):
        files.child(name).delete_left()


def _is_mine(place: Place, lease: Lease) -> bool:
    """Whether the store says that we still judge. Raises NightsideError."""
    return holds(place.store.leases(lease.name), lease)


async def _begin(place: Place, parts: Judge, kept: SharedState, relays: Relays, clock: RelayedClock) -> None:
    """Know what the last judge knew, or what tables and archives tell."""
    daemon, pulse, log = parts.daemon, parts.pulse, place.log
    pulse.starting = "taking over from the last judge"
    recovered = gone_on_with(await asyncio.to_thread(kept.recover), log)
    if recovered is not None and await asyncio.to_thread(resume, place, daemon, recovered, kept.set_aside):
        log.say("judging from where the last judge was")
        relays.go_on(daemon.figures.relays)
        clock.begin(daemon.entered_at_s)
    else:
        pulse.starting = "reading tables"
        log.say("judging from tables")
        await asyncio.to_thread(read_tables, place, daemon.watcher)
        # As with any watch: what comes before the tables are read is not heard.
        daemon.figures.relays = await asyncio.to_thread(relays.from_now)
        clock.begin(time.time())
    # Not at once: a large state takes its time, and what led to it is there still.
    daemon.begin(at_once=False)
    pulse.starting = None


async def _missed(place: Place, daemon: Daemon) -> None:
    """Nobody listened for long, of all programs."""
    place.log.warn("nobody listened since the last that was heard")
    await learn_missed(place, daemon)
    # What was learned from archives stands in no journal.
    await asyncio.to_thread(daemon.begin)


def _behind_the_journal(daemon: Daemon, kept: SharedState) -> None:
    """Nothing is told that the next judge might not find: what led to it is written down first."""
    tell = daemon.telling.tell

    async def told(found: Found) -> None:
        await asyncio.to_thread(kept.sync)
        await tell(found)

    daemon.telling.tell = told


def _last(kept: SharedState, warn: Callable[[str], None]) -> None:
    try:
        kept.sync()
    except OSError as error:
        warn(f"the last that was heard is not written down: {error}")


async def _forgetting(
    daemon: Daemon, relays: Relays, kept: SharedState, holding: Holding, lease: Lease
) -> None:
    """Have what is entered and written down deleted from the relays, again and again."""
    while True:
        await asyncio.sleep(FORGET_EVERY_S)
        entered = dict(daemon.figures.relays.entered)
        try:
            if not kept.is_kept:
                continue
            # In this order: who takes over from now on finds all of it in the journal.
            await asyncio.to_thread(kept.sync)
            living = await holding.all()
            if living is not None and holds(living, lease):
                left = await asyncio.to_thread(relays.forget, entered)
                daemon.figures.relays.forget({*programs_in(living), *left})
        except OSError:
            # Told where it is written; it is for the next time.
            continue
