"""`nightside watch`, composed: what to start from, the sources of this place, the daemon, and what runs beside it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightside import __version__
from nightside.engine.allocation import give_back_large
from nightside.engine.channels.configuration import channels_of
from nightside.engine.channels.firing import lasts
from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.spool import SPOOL
from nightside.engine.fetching import Told
from nightside.engine.live.asked import Asked
from nightside.engine.live.checkpoint import names_of
from nightside.engine.live.daemon import AHEAD_S, Daemon
from nightside.engine.live.filling import Archived, Filling
from nightside.engine.live.kept_state import FOLDER, KeptState, Recovered
from nightside.engine.live.left_open import close_left_open
from nightside.engine.live.light import Line, light_subscriptions, light_watcher, say_verdict
from nightside.engine.live.outlets import Outlets
from nightside.engine.live.pulse import Pulse, Tally
from nightside.engine.live.recording import Recording
from nightside.engine.live.starting import catch_up, start_by_name, start_from
from nightside.engine.live.stopping import delivering, run_until_stopped
from nightside.engine.live.supervisor import supervised
from nightside.engine.live.watcher import Watcher
from nightside.engine.logs import Log
from nightside.engine.subjects import country_subjects
from nightside.engine.world_of_day import world_of_day
from nightside.model.channel import Channel
from nightside.model.incident import Provenance
from nightside.sources.archive_paths import is_collector, is_ris
from nightside.sources.beacons import Canary
from nightside.sources.bmp import BmpListener
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.polite_http import Manners
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Faults
from nightside.store.location import default_folder, open_store
from nightside.store.protocol import Store
from nightside.world.snapshot import Snapshot, label

STALE_S = 86400
"""What an earlier watch knew is not gone on with after so long: the newest tables tell more."""
IN_ARCHIVES_S = 300
"""What was missed by less than this, no archive has yet: it is confirmed later."""
AT_START = Manners(tries=3)
"""Of archives that a watch begins with: without them it begins with what the streams tell."""
AT_ONCE = Manners(tries=2, longest_retry_after_s=10.0, connect_s=5.0, silence_s=10.0, longest_pause_s=2.0)
"""Of archives that are asked what was missed, while the streams wait."""


@dataclass(frozen=True)
class _Place:
    """What one watch has to do with."""

    asked: Asked
    places: Endpoints
    snapshot: Snapshot
    store: Store
    folder: Path
    kept: KeptState
    channels: Sequence[Channel]
    log: Log


def watch(asked: Asked, *, line: Callable[[dict[str, Any]], None], log: Log) -> None:
    """Watch until it is asked to end. It goes on from where an earlier watch of the same was, if there was one today.

    `line` is given each message. Raises UsageError and the errors of the input and the store.
    """
    give_back_large()
    channels = channels_of(asked.webhook)
    snapshot = world_of_day(datetime.now(UTC).date())
    watcher = _new(asked, snapshot)
    folder = asked.store_folder or default_folder()
    key = _key(asked, watcher)
    with (
        open_store(folder) as store,
        closing(KeptState(folder / FOLDER, key, names_of(watcher), log.warn)) as kept,
    ):
        place = _Place(asked, read_endpoints(), snapshot, store, folder, kept, channels, log)
        recovered = _recovered(place)
        if recovered is None:
            _start(place, watcher)
        run_until_stopped(lambda: _run(place, watcher, recovered, line), log.say)


def _outbox(place: _Place) -> Outbox | None:
    folder = place.folder / SPOOL
    if not place.channels and not folder.exists():
        return None
    return Outbox(folder, place.channels, warn=place.log.warn, is_open=lambda id: lasts(place.store, id))


def _new(asked: Asked, snapshot: Snapshot) -> Watcher:
    known = Provenance([], label(snapshot, datetime.now(UTC).date()), __version__, False, None)
    if asked.light:
        watcher = light_watcher(snapshot, asked.countries, known)
    else:
        watcher = Watcher(snapshot, country_subjects(snapshot, asked.countries), provenance=known)
    watcher.live.archived = Archived()
    return watcher


def _key(asked: Asked, watcher: Watcher) -> str:
    """Whose state it is: only a watch of the same goes on with it."""
    settings = json.dumps(asdict(watcher.settings), sort_keys=True)
    words = [
        __version__,
        str(watcher.provenance.snapshot),
        *sorted(asked.countries),
        # Of who is new among them no table would be read.
        *sorted(asked.collectors),
        *sorted(str(path) for path in asked.paths),
        settings,
        str(asked.light),
    ]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


# ---- where it begins -------------------------------------------------------------------------------------


def _recovered(place: _Place) -> Recovered | None:
    recovered = place.kept.recover()
    if recovered is None:
        return None
    away_s = time.time() - recovered.state.entered_at_s
    if away_s < -AHEAD_S:
        place.log.warn(f"what a watch knew is dated {-away_s:.0f} s ahead of the clock: it begins anew")
        return None
    if away_s > STALE_S:
        place.log.warn(f"what a watch knew {away_s / 3600:.0f} hours ago is not gone on with: it begins anew")
        return None
    place.log.say("going on from where the last watch was; inputs are not read again")
    return recovered


def _start(place: _Place, watcher: Watcher) -> None:
    asked, log = place.asked, place.log
    close_left_open(place.store, watcher.subjects.entities.values(), log.warn)
    if asked.paths:
        start_from(watcher, asked.paths, log.warn)
    if asked.collectors and not asked.paths:
        told = Line(log.say, log.warn).told if asked.light else Told(warn=log.warn, say=log.say)
        start_by_name(watcher, asked.collectors, place.places, log.warn, told, manners=AT_START)


async def _go_on(place: _Place, daemon: Daemon, recovered: Recovered) -> None:
    """Know what the earlier watch knew, and what the archives have of what came since."""
    new = daemon.watcher
    try:
        daemon.resume(recovered.state, recovered.since)
    except Exception as error:  # what ends a watch must not end all that come after it, too
        place.log.warn(
            f"what the last watch wrote down cannot be taken again: {type(error).__name__}: {error}: "
            "it is set aside, and this one begins anew"
        )
        place.kept.set_aside()
        daemon.begin_anew(new)
        await asyncio.to_thread(_start, place, new)
        return
    watcher, why = daemon.watcher, "nobody listened"
    # Where no second was judged yet, it knows what its files told.
    since = {
        name: watcher.until_s or collector.table.now
        for name, collector in watcher.live.collectors.items()
        if is_collector(name)
    }
    if since and time.time() - min(since.values()) > IN_ARCHIVES_S:
        daemon.lose_all(why, but=since)
        warn, told = place.log.warn, Told(warn=place.log.warn, say=place.log.say)
        await catch_up(watcher, since, place.places, warn, daemon.find, told, manners=AT_ONCE)
    daemon.lose_all(why)


# ---- while it runs ---------------------------------------------------------------------------------------


async def _run(
    place: _Place, watcher: Watcher, recovered: Recovered | None, line: Callable[[dict[str, Any]], None]
) -> None:
    log = place.log
    outbox = _outbox(place)
    recording = Recording(place.store, warn=log.warn)
    outlets = Outlets(place.store, outbox, line, stored=recording.note)
    tally = Tally(outlets.tell)
    begun = watcher if recovered is None else recovered.state.watcher
    listener, ris = _bmp(place), _ris_live(place, begun)
    sources = {name: s for name, s in (("bmp", listener), ("ris_live", ris)) if s is not None}
    filling = Filling(lambda: daemon.watcher, place.places, log.warn)
    daemon = Daemon(
        watcher,
        [*sources.values(), filling],
        tally.tell,
        kept=place.kept,
        warn=log.warn,
        came=recording.come,
    )
    daemon.telling.tell_unstored = outlets.tell_unstored
    pulse = Pulse(
        daemon, tally, sources=sources, channels=outbox.deliveries if outbox else (), kept=place.kept
    )
    if listener is not None:
        await listener.listen()
    with nullcontext() if outbox is None else closing(outbox):
        async with (
            _health(place, pulse) as address,
            supervised(pulse.vitals),
            delivering(outbox),
        ):
            if listener is not None:
                log.say(f"BMP at port {listener.port}")
            if address is not None:
                log.say(f"health at {address}")
            if recovered is not None:
                pulse.starting = "catching up with what was missed"
                await _go_on(place, daemon, recovered)
                pulse.starting = None
            daemon.begin()
            async with _beside(_others(place, daemon, outlets), log.warn):
                try:
                    await daemon.run()
                finally:
                    await asyncio.to_thread(recording.close, daemon.watcher)


def _health(place: _Place, pulse: Pulse) -> AbstractAsyncContextManager[str | None]:
    if place.places.health_listen is None:
        return nullcontext()
    # A web server is some MiB, and not everybody wants one.
    from nightside.engine.live.health import serving

    return serving(place.places.health_listen, pulse.vitals)


def _others(place: _Place, daemon: Daemon, outlets: Outlets) -> list[Coroutine[Any, Any, None]]:
    """What else goes on while the daemon runs."""
    if place.asked.light:
        return [say_verdict(lambda: daemon.watcher, place.log.say)]
    # Not for --light: its modules take memory.
    from nightside.engine.live.confirming import Confirming

    heard = sorted({*place.asked.collectors, *daemon.watcher.live.collectors})
    confirming = Confirming(
        place.store,
        place.folder,
        heard,
        outlets.hand_out,
        place.places,
        place.log.warn,
        settings=daemon.watcher.settings,
        lock=outlets.lock,
    )
    return [confirming.run()]


@asynccontextmanager
async def _beside(
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


# ---- what it hears ---------------------------------------------------------------------------------------


def _bmp(place: _Place) -> BmpListener | None:
    if place.asked.light:
        # A router's sessions have no table here, and so would have no vote.
        return None
    host, _, port = place.places.bmp_listen.rpartition(":")
    return BmpListener(host, int(port), faults=Faults(place.log.fault))


def _ris_live(place: _Place, watcher: Watcher) -> RisLive | None:
    asked, faults = place.asked, Faults(place.log.fault)
    heard = sorted({*asked.collectors, *filter(is_ris, watcher.live.collectors)})
    if not heard:
        return None
    url = place.places.ris_live_url
    if asked.light:
        filters = light_subscriptions(place.snapshot, asked.countries, heard)
        return RisLive(url, filters, canary=Canary(), faults=faults)
    return RisLive(url, [Subscription(name) for name in heard], faults=faults)
