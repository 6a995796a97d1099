"""`nightside watch --share`: one of several programs on one store, which hear and judge together."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nightside.engine.allocation import give_back_large
from nightside.engine.channels.configuration import channels_of
from nightside.engine.ingesters import holding as leases
from nightside.engine.ingesters.hearing import Hearing
from nightside.engine.ingesters.holding import Holding
from nightside.engine.ingesters.judging import ON_THE_WAY_S, RELAY, judge
from nightside.engine.ingesters.relay import Relay
from nightside.engine.live.asked import Asked
from nightside.engine.live.daemon import LATENESS_S
from nightside.engine.live.judging import health_of
from nightside.engine.live.kept_state import FOLDER
from nightside.engine.live.ownership import why_not_ours
from nightside.engine.live.place import Place, key_of, new_watcher
from nightside.engine.live.pulse import Pulse
from nightside.engine.live.stopping import run_until_stopped
from nightside.engine.live.supervisor import supervised
from nightside.engine.live.vitals import STALE_S, CollectorVitals, ShareVitals, Vitals
from nightside.engine.live.watch import bmp_listener
from nightside.engine.logs import Log
from nightside.engine.world_of_day import world_of_day
from nightside.model.errors import LeaseLostError, NightsideError, UsageError
from nightside.model.lease import Lease
from nightside.sources.archive_paths import is_ris
from nightside.sources.endpoints import read_endpoints
from nightside.sources.layout import find_inputs
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Faults
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles
from nightside.store.location import open_store, state_folder

SHARED = "ingesters"
"""Beside the store's other files."""
WATCHED = "ingesters watch"
"""The note that says what they watch."""
LOOK_EVERY_S = 1.0
AGAIN_S = 5.0
"""Whoever could not judge leaves it to others for so long."""
_LIFE = itertools.count(1)


def share(asked: Asked, *, line: Callable[[dict[str, Any]], None], log: Log) -> None:
    """Hear and judge with others until it is asked to end.

    `line` is given each message while this program judges. Raises UsageError and the errors of the input and the
    store.
    """
    give_back_large()
    channels = channels_of(asked.webhook)
    snapshot = world_of_day(datetime.now(UTC).date())
    folder = state_folder(asked.store_folder)
    with _not_beside_one_alone(folder), open_store(asked.store_folder) as store:
        files = _shared(store.files)
        place = Place(asked, read_endpoints(), snapshot, store, folder, channels, log)
        run_until_stopped(_Program(place, files, line).run, log.say)


@contextmanager
def _not_beside_one_alone(folder: Path) -> Iterator[None]:
    """No watch that shares with nobody runs here. Raises UsageError."""
    state = folder / FOLDER
    state.mkdir(0o700, parents=True, exist_ok=True)
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                "a watch that shares with nobody has this store",
                where=str(folder),
                advice="End it, or give all of them --share.",
            ) from error
        yield
    finally:
        os.close(lock)


def _shared(files: Files) -> Files:
    """The place that all programs share. Raises UsageError where it is a folder that others may write."""
    shared = files.child(SHARED)
    if isinstance(shared, LocalFiles):
        shared.folder.mkdir(0o700, parents=True, exist_ok=True)
        why = why_not_ours(shared.folder.stat())
        if why is not None:
            raise UsageError(
                f"what is shared there runs as us, and {why}",
                where=shared.place,
                advice="Make it yours alone (chmod go-w).",
            )
    return shared


class _Program:
    """One life after the other: whoever lost what it did begins anew, as another."""

    def __init__(self, place: Place, files: Files, line: Callable[[dict[str, Any]], None]) -> None:
        self._place, self._files, self._line = place, files, line
        self._collectors = _collectors_of(place.asked)
        self._pulse: Pulse | None = None
        self._relay: Relay | None = None
        self._hearing: Hearing | None = None
        self._holding: Holding | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        log = self._place.log
        async with health_of(self._place, self.vitals) as address, supervised(self.vitals):
            if address is not None:
                log.say(f"health at {address}")
            while True:
                try:
                    await self._live()
                except* LeaseLostError as lost:
                    log.warn(f"{_first_line(lost)}: this one begins anew, as one of the others")

    async def _live(self) -> None:
        place, log = self._place, self._place.log
        async with Holding(place.store, _new_holder(), log.warn) as holding:
            await self._enter(holding)
            relay = Relay(self._files.child(RELAY), holding.holder, log.warn)
            listener = bmp_listener(place)
            if listener is not None:
                await listener.listen()
                log.say(f"BMP at port {listener.port}")
            hearing = Hearing(holding, relay, self._collectors, self._stream, listener, log.say)
            self._holding, self._relay, self._hearing = holding, relay, hearing
            async with relay, asyncio.TaskGroup() as group:
                group.create_task(holding.lost())
                group.create_task(_handing_on(relay))
                group.create_task(hearing.run())
                group.create_task(self._judge(holding, hearing))

    async def _enter(self, holding: Holding) -> None:
        """Be one of them. Raises UsageError where they watch something else."""
        place = self._place
        while (everybody := await holding.all()) is None:
            await asyncio.sleep(LOOK_EVERY_S)
        key = await asyncio.to_thread(_key, place)
        known = await asyncio.to_thread(place.store.note, WATCHED)
        if leases.programs_in(everybody) and known not in (None, key):
            raise UsageError(
                "the programs that share this store watch something else",
                where=str(place.folder),
                advice="Give all of them the same countries, sources, settings and version; or end those that run.",
            )
        await asyncio.to_thread(place.store.put_note, WATCHED, key)
        await holding.take(leases.program(holding.holder))

    async def _judge(self, holding: Holding, hearing: Hearing) -> None:
        """Judge as soon as nobody else does."""
        while True:
            everybody = await holding.all()
            if everybody is not None and not any(one.name == leases.JUDGE for one in everybody):
                lease = await holding.take(leases.JUDGE)
                if lease is not None:
                    await self._judge_under(lease, holding, hearing)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _judge_under(self, lease: Lease, holding: Holding, hearing: Hearing) -> None:
        log = self._place.log
        log.say("this program judges")
        try:
            await judge(self._place, self._files, holding, lease, self._line, hearing.sources, self._known)
        except OSError as error:
            # Of the shared place, and before anything is judged: it may be another's to do.
            log.warn(f"this program cannot judge now: {error}")
            await holding.give(lease)
            await asyncio.sleep(AGAIN_S)

    def _known(self, pulse: Pulse | None) -> None:
        self._pulse = pulse

    def _stream(self, name: str) -> RisLive:
        faults = Faults(self._place.log.fault)
        return RisLive(self._place.places.ris_live_url, [Subscription(name)], faults=faults)

    def vitals(self) -> Vitals:
        """How it is doing."""
        holding, relay, hearing = self._holding, self._relay, self._hearing
        shares = ShareVitals(
            judges=self._pulse is not None,
            programs=hearing.programs if hearing else 0,
            collectors=hearing.collectors if hearing else [],
            pieces=relay.pieces if relay else 0,
            relayed_s=relay.written_s if relay else None,
            leases=sorted(holding.held) if holding else [],
        )
        if self._pulse is not None:
            return replace(self._pulse.vitals(), share=shares)
        newest: dict[str, float] = {}
        for source in hearing.sources.values() if hearing else ():
            newest |= source.figures.newest_s
        return Vitals(
            now_s=time.time(),
            judged_s=None,
            lateness_s=LATENESS_S + ON_THE_WAY_S,
            began_s=None,
            known=0,
            expected=0,
            blind=False,
            waiting=0,
            untold=0,
            elements=0,
            incidents_open=0,
            told={},
            share=shares,
            collectors=[CollectorVitals(name, True, None, newest.get(name)) for name in shares.collectors],
        )


async def _handing_on(relay: Relay) -> None:
    """Raises LeaseLostError where what is heard is of no use to anybody: others may be able to hand it on."""
    while time.time() - relay.written_s <= STALE_S:
        await asyncio.sleep(LOOK_EVERY_S)
    raise LeaseLostError(f"nothing could be handed on for {STALE_S:g} s")


def _collectors_of(asked: Asked) -> list[str]:
    """Those of RIS that are heard: which were named, and of which there are files."""
    of_files = [file.collector for file in find_inputs(list(asked.paths)).files] if asked.paths else []
    return sorted({*asked.collectors, *filter(is_ris, of_files)})


def _key(place: Place) -> str:
    return key_of(place.asked, new_watcher(place.asked, place.snapshot))


def _new_holder() -> str:
    """A name that no program had before: host, process, and when."""
    host = re.sub(r"[^A-Za-z0-9.]+", "-", socket.gethostname())[:64] or "host"
    return f"{host}-{os.getpid()}-{int(time.time())}.{next(_LIFE)}"


def _first_line(errors: BaseExceptionGroup[NightsideError]) -> str:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error).splitlines()[0]
