"""What is asked for most often, in memory: the latest state of every entity, the newest incidents in short.

`Memory.refresh` reads on from the last change it knows; what it makes is swapped in whole, so whoever reads
sees one moment of the store. Bounded: `MOST_INCIDENTS` incidents, `MOST_ANSWERS` finished answers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from nightside.model.incident import SEVERITIES, Severity, Status
from nightside.model.instants import parse_iso
from nightside.model.state import Change, EntityState
from nightside.store.cursor import Place, cursor_of, place_of
from nightside.store.protocol import Store
from nightside.store.summary import summary_of
from nightside.web.answers import Body

MOST_INCIDENTS = 5_000
MOST_ANSWERS = 500
MOST_ANSWERS_BYTES = 16 << 20
MOST_CHANGES = 500
"""Where more has changed since the last look, all is read anew."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents a list is to hold; the same words as `Store.incidents`."""

    type: str | None = None
    code: str | None = None
    begin: int | None = None
    end: int | None = None
    severity: Severity | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Short:
    """One incident in short, with what is needed to find it, and its JSON."""

    place: Place
    ended: int | None
    severity: int
    status: str
    reconstruction: bool
    json: bytes
    """The summary. Kept as text: thousands of nested dicts would have the garbage collector stop everybody."""

    @property
    def summary(self) -> Json:
        """The incident in the shape `nightside.incident-summary/1`."""
        found: Json = orjson.loads(self.json)
        return found

    def fits(self, wanted: Wanted) -> bool:
        """Whether it belongs into the list: the conditions of `Store.incidents`."""
        began, type_, code, _id = self.place
        if wanted.type is not None and type_ != wanted.type:
            return False
        if wanted.code is not None and code != wanted.code:
            return False
        if wanted.status is not None and self.status != wanted.status:
            return False
        if wanted.severity is not None and self.severity < SEVERITIES.index(wanted.severity):
            return False
        if wanted.end is not None and began >= wanted.end:
            return False
        if wanted.begin is None or self.ended is None or self.ended > wanted.begin:
            return True
        # One without length stands at its one instant.
        return self.ended == began == wanted.begin


def short_of(summary: Json) -> Short:
    """What memory keeps of an incident, from its summary."""
    return Short(
        place_of(cursor_of(summary)),
        None if summary["ended"] is None else parse_iso(summary["ended"]),
        SEVERITIES.index(summary["severity"]),
        summary["status"],
        summary["provenance"]["reconstruction"],
        orjson.dumps(summary),
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list, newest first; `next` is the cursor of what follows, None at its end."""

    items: list[Short]
    next: str | None


@dataclass(frozen=True)
class Latest:
    """One moment of the store."""

    number: int
    """Of the last change that is in it."""
    entities: dict[tuple[str, str], EntityState]
    """By type and code, in that order."""
    shorts: list[Short]
    """Oldest first."""
    samples: int
    """Of the last change of samples."""
    complete: bool
    """Whether these are all incidents, not only the newest."""
    answers: dict[str, Body] = field(default_factory=dict)
    """Finished answers by address; they hold as long as this moment does."""

    def page(self, wanted: Wanted, after: Place | None, limit: int) -> Page | None:
        """The incidents that are wanted; None where memory does not reach far enough back."""
        at = len(self.shorts)
        if after is not None:
            at = bisect_left(self.shorts, after, key=lambda s: s.place)
        items: list[Short] = []
        for short in reversed(self.shorts[:at]):
            if short.fits(wanted):
                if len(items) == limit:
                    return Page(items, cursor_of(items[-1].summary))
                items.append(short)
        return Page(items, None) if self.complete else None

    def answer(self, address: str, make: Callable[[], Body]) -> Body:
        """The finished answer to this address, made where it is not there yet."""
        found = self.answers.get(address)
        if found is None:
            found = make()
            if len(self.answers) >= MOST_ANSWERS or self._bytes() + found.size > MOST_ANSWERS_BYTES:
                self.answers.clear()
            self.answers[address] = found
        return found

    def _bytes(self) -> int:
        return sum(body.size for body in self.answers.values())


NOTHING = Latest(-1, {}, [], -1, complete=False)


class Memory:
    """The newest `Latest`, and how to get from one to the next."""

    def __init__(self) -> None:
        self.latest = NOTHING

    def refresh(self, store: Store) -> list[Change]:
        """Bring `latest` up to date; what changed since the last call (nothing at the first).

        To be called by one thread at a time.
        """
        old = self.latest
        number = store.last_change()
        if number == old.number:
            return []
        # A smaller number is another store in the same place.
        anew = old is NOTHING or number < old.number
        changes = [] if anew else store.changes(old.number, MOST_CHANGES)
        if anew or len(changes) >= MOST_CHANGES:
            entities, samples = entities_of(store), number
            shorts, complete = _newest(store)
        else:
            # Changes may have been added since `number` was read: how far they go is what counts.
            number = max((c.number for c in changes), default=number)
            samples = max((c.number for c in changes if c.kind == "samples"), default=old.samples)
            entities = old.entities if samples == old.samples else entities_of(store)
            shorts, complete = _revised(store, old, {c.id for c in changes if c.id is not None})
        self.latest = Latest(number, entities, shorts, samples, complete)
        return changes


def entities_of(store: Store) -> dict[tuple[str, str], EntityState]:
    """The latest state of every entity by type and code."""
    return {(state.type, state.code): state for state in store.entities()}


def _newest(store: Store) -> tuple[list[Short], bool]:
    found = store.incidents(newest_first=True, limit=MOST_INCIDENTS + 1, summaries=True)
    shorts = [short_of(summary) for summary in found]
    return shorts[:MOST_INCIDENTS][::-1], len(shorts) <= MOST_INCIDENTS


def _revised(store: Store, old: Latest, ids: set[str]) -> tuple[list[Short], bool]:
    if not ids:
        return old.shorts, old.complete
    shorts = [short for short in old.shorts if short.place[3] not in ids]
    first = shorts[0].place if shorts and not old.complete else None
    for id in ids:
        incident = store.incident(id)
        if incident is None or incident["closed_as"] == "merged":
            continue
        short = short_of(summary_of(incident))
        if first is None or short.place > first:
            shorts.append(short)
    shorts.sort(key=lambda s: s.place)
    return shorts[-MOST_INCIDENTS:], old.complete and len(shorts) <= MOST_INCIDENTS


def stored_page(store: Store, wanted: Wanted, after: str | None, limit: int) -> Page:
    """`Latest.page`, from the store itself."""
    found: Iterator[Json] = store.incidents(
        type=wanted.type,
        codes=[wanted.code] if wanted.code is not None else [],
        begin=wanted.begin,
        end=wanted.end,
        severity=wanted.severity,
        status=wanted.status,
        newest_first=True,
        after=after,
        limit=limit + 1,
        summaries=True,
    )
    items = [short_of(summary) for summary in found]
    more = len(items) > limit
    return Page(items[:limit], cursor_of(items[limit - 1].summary) if more else None)
