"""Streams alarm, archives confirm: what was told live is looked at again when the archives have the files.

Which incidents are to be confirmed stands in the store: the daemon's own name no inputs. Which of them are in the midst
of it, and which are left as they are, stands in a small file beside it, so that a fall costs nothing but the work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.engine.fetch_each import Fetched, fetch_each
from nightside.engine.fetching import GIB, Told
from nightside.engine.live.archive_replay import Job, Replayed, replay_apart
from nightside.engine.live.confirmed import confirmed_until, is_confirmed
from nightside.engine.live.mistakes import of_ours
from nightside.engine.live.settling import Left, Settling
from nightside.model.errors import NightsideError
from nightside.model.instants import iso, parse_iso
from nightside.model.settings import Settings
from nightside.sources.archive_listing import ArchiveListing
from nightside.sources.archive_names import cadence_s
from nightside.sources.archive_paths import is_collector, is_ris
from nightside.sources.cache import lease_aside
from nightside.sources.endpoints import Endpoints
from nightside.sources.polite_http import Manners, PoliteClient
from nightside.store.protocol import Store

LOOK_EVERY_S = 60
ASK_EVERY_S = 300
"""Archives that do not have the files yet are asked again after this long."""
LONGEST_WAIT_S = 86400
"""After this long it is confirmed with the files that there are."""
GOES_ON_S = 3600
"""What goes on is confirmed at most this often, and at most four times within the time it has lasted."""
LOOK_BACK_S = 8 * 86400
LONGEST_S = 4 * 86400
"""What lasts longer is not replayed as a whole."""
LEAD_S = 6 * 3600
"""So long before the first sign a replay begins, at the least."""
KEPT_BEFORE_S = 600
"""Samples are kept from so long before the first sign on: what was before, the daemon knows as well or better."""
SLOT_S = 900
"""Both archives' files end at multiples of this."""
CHANGES_AT_ONCE = 1000

Json = dict[str, Any]
Tell = Callable[[Json, Json], Awaitable[None]]


@dataclass(frozen=True)
class _Window:
    """One incident, and the time that the archives have to have."""

    id: str
    type: str
    code: str
    begin: int
    until: int


class Confirming:
    """Runs beside the daemon until it is cancelled."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        collectors: Sequence[str],
        tell: Tell,
        places: Endpoints,
        warn: Callable[[str], None],
        *,
        settings: Settings | None = None,
        lock: asyncio.Lock | None = None,
        now: Callable[[], float] = time.time,
        manners: Manners | None = None,
        replay: Callable[[Job], Awaitable[Replayed]] = replay_apart,
    ) -> None:
        """`collectors` are those that are heard; of these the archives' are asked. `folder` is the store's.

        `tell` is awaited with the incident as it is stored and each new message, before the store says that it was
        told. `lock` is held while both are written: whoever writes the daemon's findings has to hold it too.
        """
        self._store, self._places, self._warn, self._now = store, places, warn, now
        self._collectors = sorted(name for name in collectors if is_collector(name))
        self._settings, self._manners, self._replay = settings or Settings(), manners, replay
        self._settling = Settling(store, folder, tell, self._settings, lock or asyncio.Lock())
        self._changes_seen: int | None = None
        self._changed: dict[str, None] = {}
        """Incidents that have changed, and were not looked at yet."""
        self._due: dict[str, int] = {}
        """When to look at an incident next."""
        self._until: dict[str, int] = {}
        """The end of the window that is waited for, where it was chosen."""
        self._confirmed_at: dict[str, int] = {}
        self._warned: set[str] = set()

    async def run(self) -> None:
        """Look again and again. What goes wrong is told, and tried again."""
        while self._collectors:
            try:
                await self.look()
            except (NightsideError, OSError) as error:
                self._warn(f"nothing can be confirmed now: {_first_line(error)}")
            except Exception as error:  # whatever it is, the next look may go well
                self._mistaken("nothing can be confirmed now", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> int:
        """Confirm what is due and what the archives have; how many incidents were looked at again."""
        if not self._collectors:
            return 0
        await asyncio.to_thread(self._learn)
        done = 0
        asked: set[str] = set()
        while windows := await asyncio.to_thread(self._ready, asked):
            first = windows[0]
            # What lies within the same time is done with it.
            together = [w for w in windows if first.begin <= w.begin and w.until <= first.until]
            asked |= {w.id for w in together}
            with self._apart(*(w.id for w in together)):
                done += await self._confirm(together)
        return done

    # -- which, and when ----------------------------------------------------------------------------

    def _learn(self) -> None:
        """What has changed in the store since the last look."""
        store = self._store
        if self._changes_seen is None:
            seen = store.last_change()
            begin = int(self._now()) - LOOK_BACK_S
            self._changed = {i["id"]: None for i in store.incidents(begin=begin, summaries=True)}
            self._changes_seen = seen
        while changes := store.changes(self._changes_seen, CHANGES_AT_ONCE):
            self._changed |= {c.id: None for c in changes if c.kind == "incident" and c.id is not None}
            self._changes_seen = changes[-1].number
        for id in list(self._changed):
            with self._apart(id):
                self._look_at(id)
                del self._changed[id]

    def _look_at(self, id: str) -> None:
        incident = self._store.incident(id)
        due = None if incident is None else self._due_at(incident)
        self._until.pop(id, None)
        if due is None:
            self._due.pop(id, None)
        else:
            self._due[id] = due

    def _due_at(self, incident: Json) -> int | None:
        """When the archives are to be asked about an incident; None where never, as it is now."""
        id, s = incident["id"], self._settings
        if incident["closed_as"] == "merged" or incident["provenance"]["reconstruction"]:
            return None
        began, ended = parse_iso(incident["began"]), _second(incident["ended"])
        last = self._confirmed_at.get(id, 0)
        if not self._is_done(incident):
            if self._settling.is_left(incident) or not self._is_told(incident):
                return None
            if ended is not None:
                return ended + s.end_confirmed_s
            return max(began + GOES_ON_S, last + self._pause_s(began, last))
        until = confirmed_until(incident) or 0
        if incident["status"] in ("ongoing", "recovering"):
            return until + self._pause_s(began, until)
        if incident["status"] == "restored" and ended is not None and until < ended + s.quiet_s:
            return ended + s.quiet_s + s.end_confirmed_s
        return None

    def _is_done(self, incident: Json) -> bool:
        """Whether all that it says so far is confirmed, or withdrawn."""
        return not self._settling.is_begun(incident["id"]) and (
            incident["closed_as"] == "withdrawn" or is_confirmed(incident)
        )

    def _is_told(self, incident: Json) -> bool:
        """Whether anybody may have heard of it: partial losses and instability are not told."""
        return incident["severity"] in ("severe", "total") or bool(self._store.messages(incident["id"]))

    def _pause_s(self, began: int, last: int) -> int:
        return max(GOES_ON_S, (last - began) // 4)

    def _ready(self, but: set[str]) -> list[_Window]:
        """What is due now, by when it was due."""
        now = int(self._now())
        ready = sorted((at, id) for id, at in self._due.items() if at <= now and id not in but)
        found = []
        for _at, id in ready:
            with self._apart(id):
                found.append(self._window(id, now))
        return [window for window in found if window is not None]

    def _window(self, id: str, now: int) -> _Window | None:
        incident = self._store.incident(id)
        if incident is None:
            del self._due[id]
            return None
        s, began, ended = self._settings, parse_iso(incident["began"]), _second(incident["ended"])
        if ended is None:
            until = self._until.setdefault(id, now - now % SLOT_S)
        else:
            until = ended + (s.quiet_s if self._is_done(incident) else s.end_confirmed_s) + 60
            until += -until % SLOT_S
        entity = incident["entity"]
        if until - began > LONGEST_S:
            self._once(f"{id}: too long to be confirmed by the archives as a whole: it is left as it is")
            self._settling.leave(incident)
            del self._due[id]
            return None
        return _Window(id, entity["type"], entity["code"], began - LEAD_S, until)

    # -- one window ---------------------------------------------------------------------------------

    async def _confirm(self, windows: Sequence[_Window]) -> int:
        """Ask the archives, and settle what they have; how many incidents were settled."""
        now = int(self._now())
        first = windows[0]
        late = now >= first.until + LONGEST_WAIT_S
        reached = await self._reached(first.until)
        lacking = sorted(name for name, until in reached.items() if until < first.until)
        if lacking and not late:
            return self._later(windows, now + ASK_EVERY_S)
        try:
            async with lease_aside(self._places.cache_folder, int(self._places.cache_gib * GIB)) as held:
                fetched = await fetch_each(
                    self._collectors,
                    first.begin,
                    first.until,
                    places=self._places,
                    held=held,
                    told=Told(),
                    manners=self._manners,
                )
                if fetched.failed and not late:
                    raise next(iter(fetched.failed.values()))
                replayed = await self._replay(self._job(fetched, windows))
        except NightsideError as error:
            self._once(f"{first.id}: cannot be confirmed{' now' * (not late)}: {_first_line(error)}")
            if late:
                return await asyncio.to_thread(self._give_up, windows)
            return self._later(windows, now + GOES_ON_S)
        if lacking:
            self._warn(
                f"{first.id}: confirmed without what {' '.join(lacking)} told until {iso(first.until)}"
            )
        settled = 0
        for window in windows:
            with self._apart(window.id):
                await self._settle(window, replayed)
                settled += 1
        return settled

    async def _reached(self, until: int) -> dict[str, int]:
        """By collector how far its archive has come, as far as that matters."""
        found = {}
        async with PoliteClient(self._manners or Manners()) as client:
            listing = ArchiveListing(client, self._places, lambda _text: None)
            for name in self._collectors:
                cadence = cadence_s(is_ris(name), until)
                try:
                    files = await listing.files(name, "updates", until - 2 * SLOT_S, until)
                except NightsideError:
                    files = []
                found[name] = max((file.nominal + cadence for file in files), default=0)
        return found

    def _job(self, fetched: Fetched, windows: Sequence[_Window]) -> Job:
        codes = {kind: sorted({w.code for w in windows if w.type == kind}) for kind in ("country", "asn")}
        return Job(
            fetched.paths,
            codes["country"],
            [int(code) for code in codes["asn"]],
            windows[0].begin,
            windows[0].until,
            self._settings,
            keep_from=windows[0].begin + LEAD_S - KEPT_BEFORE_S,
        )

    async def _settle(self, window: _Window, replayed: Replayed) -> None:
        now = int(self._now())
        try:
            await self._settling.settle(window.id, replayed, now)
        except Left as why:
            self._once(f"{window.id}: left as it is: {why}")
        self._confirmed_at[window.id] = now
        await asyncio.to_thread(self._look_at, window.id)

    def _later(self, windows: Sequence[_Window], at: int) -> int:
        for window in windows:
            self._due[window.id] = at
        return 0

    def _give_up(self, windows: Sequence[_Window]) -> int:
        for window in windows:
            self._due.pop(window.id, None)
            incident = self._store.incident(window.id)
            if incident is not None:
                self._settling.leave(incident)
        return 0

    @contextmanager
    def _apart(self, *ids: str) -> Iterator[None]:
        """What goes wrong within costs these incidents some time, and no others."""
        try:
            yield
        except Exception as error:  # what nobody thought of, too
            what = f"{ids[0]}: cannot be confirmed now"
            if isinstance(error, NightsideError | OSError):
                self._once(f"{what}: {_first_line(error)}")
            else:
                self._mistaken(what, error)
            for id in self._due.keys() & ids:
                self._due[id] = int(self._now()) + ASK_EVERY_S

    def _mistaken(self, what: str, error: Exception) -> None:
        """Tell an error that nobody thought of, once of each kind."""
        kind = type(error).__name__
        if kind not in self._warned:
            self._warned.add(kind)
            self._warn(f"{what}: {of_ours(error)}")

    def _once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)


def _second(text: str | None) -> int | None:
    return None if text is None else parse_iso(text)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
