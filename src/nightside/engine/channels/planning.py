"""What of a channel's waiting messages goes next, and together with what. A pure function of what waits and the time.

Messages about one entity never overtake each other: one goes only when all earlier ones of it went, or go with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nightside.engine.channels.quiet import quiet_until
from nightside.model.channel import TOLD, Channel

MOST_IN_ONE = 250
"""So many messages go as one, at most."""


@dataclass(frozen=True, slots=True)
class Note:
    """One message that waits, in short."""

    number: int
    """In the order in which they came."""
    key: str
    kind: str
    entity: str
    severity: str
    put_s: float
    """When it came, in seconds since the epoch."""

    @classmethod
    def of(cls, number: int, told: dict[str, Any], put_s: float) -> Note:
        """Of a message in the shape `nightside.message/1`."""
        entity = f"{told['entity']['type']}/{told['entity']['code']}"
        return cls(number, told["key"], told["kind"], entity, told["severity"], put_s)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is sent as one."""

    notes: tuple[Note, ...]
    held_until: int | None = None
    """The end of the quiet hours that held these back; None where none did."""

    @property
    def key(self) -> str:
        """The same for the same messages: its one message's own, or made of all of theirs."""
        if len(self.notes) == 1:
            return self.notes[0].key
        whole = "\n".join(note.key for note in self.notes)
        return f"group/{self.notes[0].kind}/{hashlib.sha256(whole.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes now, and when there may be more although nothing came."""

    units: tuple[Unit, ...]
    look_again_s: float | None


def plan(
    channel: Channel, waiting: Sequence[Note], now: float, most: int, begun: Collection[str] = ()
) -> Plan:
    """At most `most` units of what waits (in the order in which it came), no entity in two of them.

    `begun` are entities of which something goes first that is not among these.
    """
    quiet_end = quiet_until(channel.quiet, now)
    todo = list(waiting) if quiet_end is None else _passing(channel, waiting)
    held = {} if channel.quiet is None or quiet_end is not None else _held(channel, todo)
    later = [] if quiet_end is None else [float(quiet_end)]
    units: list[Unit] = []
    behind = set(begun)
    """Entities of which something earlier goes first."""
    while todo and len(units) < most:
        first = todo[0]
        if first.entity in behind:
            todo = todo[1:]
            continue
        together, todo = _together(channel, todo, behind, held)
        behind |= {note.entity for note in together}
        ripe_s = first.put_s + channel.group_s
        # What came far in time to come came before the clock was set back: it waits no longer.
        is_ripe = not first.put_s - channel.group_s <= now < ripe_s
        if first.number not in held and not is_ripe and len(together) < MOST_IN_ONE:
            later.append(ripe_s)
        else:
            units.append(Unit(tuple(together), held.get(first.number)))
    return Plan(tuple(units), min(later, default=None))


def goes_now(channel: Channel, notes: Collection[Note], waiting: Sequence[Note], now: float) -> bool:
    """Whether what was begun may go: it is no quiet hour, or something of the same entities breaks through."""
    if quiet_until(channel.quiet, now) is None:
        return True
    entities = {note.entity for note in notes}
    return any(note.entity in entities and _breaks_through(channel, note) for note in waiting)


def _together(
    channel: Channel, todo: Sequence[Note], behind: set[str], held: Mapping[int, int]
) -> tuple[list[Note], list[Note]]:
    """What goes with the first of these, it included, and what is left."""
    first, until = todo[0], held.get(todo[0].number)
    if until is None and not channel.group_s:
        return [first], list(todo[1:])
    together: list[Note] = []
    rest: list[Note] = []
    stopped = set(behind)
    for note in todo:
        like = until is not None or (note.kind == first.kind and note.put_s < first.put_s + channel.group_s)
        goes = like and held.get(note.number) == until and note.entity not in stopped
        if goes and len(together) < MOST_IN_ONE:
            together.append(note)
        else:
            stopped.add(note.entity)
            rest.append(note)
    return together, rest


def _breaks_through(channel: Channel, note: Note) -> bool:
    least = channel.quiet.breaks_through if channel.quiet else None
    return least is not None and TOLD.index(least) <= TOLD.index(note.severity)


def _passing(channel: Channel, waiting: Sequence[Note]) -> list[Note]:
    """What may go in quiet hours: what breaks through, and before it what was held back of the same entity."""
    last = {note.entity: note.number for note in waiting if _breaks_through(channel, note)}
    return [note for note in waiting if note.number <= last.get(note.entity, -1)]


def _held(channel: Channel, waiting: Sequence[Note]) -> dict[int, int]:
    """By number, of what came in quiet hours and was held back, when these ended."""
    found = {}
    for note in waiting:
        until = _quiet_until(channel.quiet, int(note.put_s))
        if until is not None and not _breaks_through(channel, note):
            found[note.number] = until
    return found


_quiet_until = lru_cache(4096)(quiet_until)
