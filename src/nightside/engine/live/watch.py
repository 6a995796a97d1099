"""`nightside watch`, composed: what to start from, the sources of this place, the daemon, and what runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from typing import Any

from nightside.engine.allocation import give_back_large
from nightside.engine.channels.configuration import channels_of
from nightside.engine.ingesters.holding import programs_in
from nightside.engine.live.asked import Asked
from nightside.engine.live.beginning import gone_on_with, learn_missed, read_tables, resume
from nightside.engine.live.checkpoint import names_of
from nightside.engine.live.judging import health_of, judge_of, outbox_of, run
from nightside.engine.live.kept_state import FOLDER, KeptState, Recovered
from nightside.engine.live.light import light_subscriptions
from nightside.engine.live.place import Place, key_of, new_watcher
from nightside.engine.live.stopping import delivering, run_until_stopped
from nightside.engine.live.supervisor import supervised
from nightside.engine.live.watcher import Watcher
from nightside.engine.logs import Log
from nightside.engine.world_of_day import world_of_day
from nightside.model.errors import UsageError
from nightside.sources.archive_paths import is_ris
from nightside.sources.beacons import Canary
from nightside.sources.bmp import BmpListener
from nightside.sources.endpoints import read_endpoints
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Faults
from nightside.store.location import open_store, state_folder


def watch(asked: Asked, *, line: Callable[[dict[str, Any]], None], log: Log) -> None:
    """Watch until it is asked to end. It goes on from where an earlier watch of the same was, if there was one today.

    `line` is given each message. Raises UsageError and the errors of the input and the store.
    """
    give_back_large()
    channels = channels_of(asked.webhook)
    snapshot = world_of_day(datetime.now(UTC).date())
    watcher = new_watcher(asked, snapshot)
    folder = state_folder(asked.store_folder)
    key = key_of(asked, watcher)
    with (
        open_store(asked.store_folder) as store,
        closing(KeptState(folder / FOLDER, key, names_of(watcher), log.warn)) as kept,
    ):
        if programs_in(store.leases()):
            raise UsageError(
                "programs that share their work watch into this store",
                where=str(asked.store_folder or ""),
                advice="Give this one a store of its own with --store, or --share too.",
            )
        place = Place(asked, read_endpoints(), snapshot, store, folder, channels, log)
        recovered = gone_on_with(kept.recover(), log)
        if recovered is None:
            read_tables(place, watcher)
        else:
            log.say("going on from where the last watch was; inputs are not read again")
        run_until_stopped(lambda: _run(place, watcher, kept, recovered, line), log.say)


async def _run(
    place: Place,
    watcher: Watcher,
    kept: KeptState,
    recovered: Recovered | None,
    line: Callable[[dict[str, Any]], None],
) -> None:
    log = place.log
    outbox = outbox_of(place)
    begun = watcher if recovered is None else recovered.state.watcher
    listener, ris = bmp_listener(place), _ris_live(place, begun)
    sources = {name: s for name, s in (("bmp", listener), ("ris_live", ris)) if s is not None}
    judge = judge_of(place, watcher, line, list(sources.values()), kept, outbox, counted=sources)
    daemon, pulse = judge.daemon, judge.pulse
    if listener is not None:
        await listener.listen()
    with nullcontext() if outbox is None else closing(outbox):
        async with (
            health_of(place, pulse.vitals) as address,
            supervised(pulse.vitals),
            delivering(outbox),
        ):
            if listener is not None:
                log.say(f"BMP at port {listener.port}")
            if address is not None:
                log.say(f"health at {address}")
            if recovered is not None:
                pulse.starting = "catching up with what was missed"
                if resume(place, daemon, recovered, kept.set_aside):
                    await learn_missed(place, daemon)
                else:
                    await asyncio.to_thread(read_tables, place, watcher)
                pulse.starting = None
            daemon.begin()
            await run(judge)


# ---- what it hears ---------------------------------------------------------------------------------------


def bmp_listener(place: Place) -> BmpListener | None:
    """Where routers find a watch; None where none are heard."""
    if place.asked.light:
        # A router's sessions have no table here, and so would have no vote.
        return None
    host, _, port = place.places.bmp_listen.rpartition(":")
    return BmpListener(host, int(port), faults=Faults(place.log.fault))


def heard_by_name(asked: Asked, watcher: Watcher) -> list[str]:
    """The collectors of RIS that are to be heard: those that were named, and those of which files were read."""
    return sorted({*asked.collectors, *filter(is_ris, watcher.live.collectors)})


def _ris_live(place: Place, watcher: Watcher) -> RisLive | None:
    asked, faults = place.asked, Faults(place.log.fault)
    heard = heard_by_name(asked, watcher)
    if not heard:
        return None
    url = place.places.ris_live_url
    if asked.light:
        filters = light_subscriptions(place.snapshot, asked.countries, heard)
        return RisLive(url, filters, canary=Canary(), faults=faults)
    return RisLive(url, [Subscription(name) for name in heard], faults=faults)
