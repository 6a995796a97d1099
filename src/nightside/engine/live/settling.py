"""What the archives say of one incident that was told live, into the store; and what of it has to be told anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightside.engine.live.archive_replay import Replayed
from nightside.engine.live.confirmed import flips_lock
from nightside.incidents.confirmation import ArchiveView, sequence_of, to_tell_anew, withdrawn_sequences
from nightside.incidents.messages import Message
from nightside.model.entity import Entity
from nightside.model.incident import Incident
from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.store.folder_sync import written_whole
from nightside.store.protocol import Store

if TYPE_CHECKING:
    import pyarrow as pa

NOTES = "confirming.json"
"""In the store's folder."""
ENOUGH_SHARE = 0.9
"""Of the peer ASes that an incident was told from the archives must have at least so many."""
MOST_LEFT = 1000
FOR_EVER = 2**62

Json = dict[str, Any]
_Seen = tuple[Incident, IncidentSeries, "pa.Table | None"]


class Left(Exception):  # noqa: N818 - not an error: the archives cannot judge it
    """The incident stays as it is; the text says why."""


class Settling:
    """One store, and a note of what is in the midst of being settled."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        tell: Callable[[Json, Json], Awaitable[None]],
        settings: Settings,
        lock: asyncio.Lock,
    ) -> None:
        """`lock` is held from when it is decided what is told until it is noted."""
        self._store, self._tell, self._settings, self._lock = store, tell, settings, lock
        self._notes = folder / NOTES
        self._begun: set[str] = set()
        self._left: dict[str, int] = {}
        try:
            noted = json.loads(self._notes.read_bytes())
            self._begun, self._left = set(noted["begun"]), dict(noted["left"])
        except (OSError, ValueError, KeyError, TypeError):
            # Whatever cannot be understood costs a replay more.
            pass

    def is_begun(self, id: str) -> bool:
        """Whether a fall may have left it half settled."""
        return id in self._begun

    def is_left(self, incident: Json) -> bool:
        """Whether it is as it was when the archives could not judge it."""
        return incident["id"] in self._left and self._left[incident["id"]] == int(incident["revision"])

    def leave(self, incident: Json) -> None:
        """The archives cannot judge it as it is."""
        self._left.pop(incident["id"], None)
        self._left[incident["id"]] = incident["revision"]
        self._left = dict(list(self._left.items())[-MOST_LEFT:])
        self._begun.discard(incident["id"])
        self._save()

    async def settle(self, id: str, replayed: Replayed, now: int) -> None:
        """Store what the archives say, then tell what is new, then note that it was told.

        Raises Left where they cannot judge it.
        """
        try:
            if not await asyncio.to_thread(self._put_samples, id, replayed, now):
                return
            # What is told depends on what was told: nobody else tells anything meanwhile.
            async with self._lock:
                told_of = await asyncio.to_thread(self._keep, id, replayed, now)
                for stored, messages in told_of:
                    for message in messages:
                        await self._tell(stored, message.to_json())
                await asyncio.to_thread(self._note, id, told_of)
        except Left:
            await asyncio.to_thread(self._leave_if_over, id)
            raise

    # -- in a thread --------------------------------------------------------------------------------

    def _put_samples(self, id: str, replayed: Replayed, now: int) -> bool:
        """The long part, for which nobody has to wait; False where there is no such incident."""
        incident = self._store.incident(id)
        if incident is None:
            return False
        self._judged(incident, replayed, now)
        self._begin(id)
        entity = Entity(**incident["entity"])
        signals = [s for s in replayed.signals if s.entity == entity]
        self._store.put_samples([*signals, *replayed.health], replayed.baselines)
        return True

    def _judged(self, incident: Json, replayed: Replayed, now: int) -> tuple[list[_Seen], list[Message]]:
        """What the archives have of it, and what is to be told anew. Raises Left."""
        entity = Entity(**incident["entity"])
        began, ended = parse_iso(incident["began"]), _second(incident["ended"])
        until = replayed.end if ended is None else ended
        confirmed_s = 0 if ended is None else self._settings.end_confirmed_s
        if replayed.begin >= began or replayed.end < until + confirmed_s:
            raise Left("the archives do not have all of its time")
        mine = _overlapping(entity, replayed, began, until)
        view = _view(entity, incident, replayed, mine)
        told = self._told(entity, incident["id"], mine, began, until)
        new = to_tell_anew(entity, told, view, self._settings, now)
        blind_s = _overlap_s(view.unknown, began, until)
        if blind_s and (not mine or (not new and blind_s > _overlap_s(_unknown(incident), began, until))):
            raise Left("the archives did not see all of it")
        if not mine and not _all_withdrawn([*told, *(m.to_json() for m in new)]):
            raise Left("the archives have not come as far as what was told of it")
        return mine, new

    def _keep(self, id: str, replayed: Replayed, now: int) -> list[tuple[Json, list[Message]]]:
        """Store what was found; the incidents as they are then, each with what is to be told of it."""
        store = self._store
        # Anew: the daemon may have written while samples were.
        incident = store.incident(id)
        if incident is None:
            return []
        mine, new = self._judged(incident, replayed, now)
        kept = []
        for number, (found, series, flips) in enumerate(mine, 1):
            if number == len(mine) and incident["status"] == "closed" and found.status == "restored":
                # The quiet since is the daemon's to have seen.
                found = replace(found, status="closed", closed_as=incident["closed_as"])
            with flips_lock:
                stored = store.put_incident(found, series)
                if flips is not None:
                    store.put_flips(stored["id"], flips)
            kept.append(stored)
        if not mine:
            kept = [store.close_incident(incident["id"], "withdrawn", replayed.provenance.to_json())]
        return _shared_out(new, kept)

    def _told(self, entity: Entity, id: str, mine: Sequence[_Seen], began: int, until: int) -> list[Json]:
        """All that was told of this time, in the order of sending."""
        begin = min([began, *(i.began for i, _s, _f in mine)])
        end = max([until, *(until if i.ended is None else i.ended for i, _s, _f in mine)])
        same = self._store.incidents(type=entity.type, codes=[entity.code], begin=begin - 1, end=end + 1)
        ids = dict.fromkeys([id, *(one["id"] for one in same)])
        told = [message for one in ids for message in self._store.messages(one)]
        return sorted(told, key=lambda m: str(m["at"]))

    def _note(self, id: str, told_of: Sequence[tuple[Json, list[Message]]]) -> None:
        for stored, messages in told_of:
            if messages:
                before = self._store.messages(stored["id"])
                self._store.put_messages(stored["id"], [*before, *(m.to_json() for m in messages)])
        self._begun.discard(id)
        self._left.pop(id, None)
        self._save()

    def _leave_if_over(self, id: str) -> None:
        incident = self._store.incident(id)
        if incident is not None and incident["status"] not in ("ongoing", "recovering"):
            self.leave(incident)

    def _begin(self, id: str) -> None:
        self._begun.add(id)
        self._save()

    def _save(self) -> None:
        with written_whole(self._notes) as file:
            file.write(json.dumps({"begun": sorted(self._begun), "left": self._left}).encode())


def _view(entity: Entity, incident: Json, replayed: Replayed, mine: Sequence[_Seen]) -> ArchiveView:
    """What the archives saw of an entity. Raises Left where they have not what it was told from."""
    signal = next((s for s in replayed.signals if s.entity == entity), None)
    expected = incident["view"]["peers_expected"]
    if signal is None or expected is None:
        raise Left("the archives show nothing of it")
    if replayed.most_expected < ENOUGH_SHARE * expected:
        raise Left(f"it was told from {expected} peer ASes, and the archives have {replayed.most_expected}")
    unknown = [(u.begin, u.end) for u in (*signal.unknown, *signal.in_doubt)]
    return ArchiveView(
        replayed.begin, replayed.end, [e for found, _s, _f in mine for e in found.episodes], unknown
    )


def _overlapping(entity: Entity, replayed: Replayed, began: int, until: int) -> list[_Seen]:
    """What the archives have of an entity within this time, in the order of began."""
    flips: Sequence[pa.Table | None] = replayed.flips or [None] * len(replayed.incidents)
    return [
        (incident, series, of_it)
        for (incident, series), of_it in zip(replayed.incidents, flips, strict=True)
        if incident.entity == entity
        and incident.began <= until
        and (incident.ended is None or incident.ended >= began)
    ]


def _all_withdrawn(told: Sequence[Json]) -> bool:
    return {sequence_of(m["key"]) for m in told} == withdrawn_sequences(told)


def _shared_out(messages: Sequence[Message], kept: Sequence[Json]) -> list[tuple[Json, list[Message]]]:
    """Each message to the incident in which it lies, or else to the first."""
    found: list[tuple[Json, list[Message]]] = [(stored, []) for stored in kept]
    for message in messages:
        place = next((number for number, stored in enumerate(kept) if _lies_in(message, stored)), 0)
        found[place][1].append(message)
    return found


def _lies_in(message: Message, stored: Json) -> bool:
    ended = _second(stored["ended"])
    return parse_iso(stored["began"]) <= message.onset <= (FOR_EVER if ended is None else ended)


def _unknown(incident: Json) -> list[tuple[int, int]]:
    return [(parse_iso(u["from"]), parse_iso(u["to"])) for u in incident["view"]["unknown"]]


def _overlap_s(stretches: Sequence[tuple[int, int]], begin: int, end: int) -> int:
    """Seconds of [begin, end) that lie in these stretches."""
    total = 0
    for first, last in sorted(stretches):
        since, until = max(first, begin), min(last, end)
        if until > since:
            # Where two lie over each other, it counts once.
            total, begin = total + until - since, until
    return total


def _second(text: str | None) -> int | None:
    return None if text is None else parse_iso(text)
