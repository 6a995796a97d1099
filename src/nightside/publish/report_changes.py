"""The revisions of an incident: the address of each, and what changed between one and the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nightside.model.instants import duration_words, parse_iso
from nightside.publish import report_phrases as words
from nightside.publish.cite import fingerprint
from nightside.publish.headlines import percent
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock, instant
from nightside.publish.reading import Json

INSTANTS = ("onset", "end", "began", "ended")


@dataclass(frozen=True, slots=True)
class Change:
    """One revision: what it changed, in words."""

    revision: int
    is_this: bool
    lines: tuple[str, ...]
    fingerprint: str
    """Of the record; empty where that revision is not at hand."""


def latest(incident: Json, revisions: Sequence[Json]) -> Json:
    """The newest revision at hand, this one included."""
    return max([*revisions, incident], key=lambda r: int(r["revision"]))


def changes(incident: Json, revisions: Sequence[Json]) -> list[Change]:
    """Every revision there is, the newest first."""
    at_hand = {int(r["revision"]): r for r in [*revisions, incident]}
    newest = latest(incident, revisions)
    keys = {int(c["revision"]): c["changed"] for c in newest["corrections"]}
    found = []
    for number in range(1, int(newest["revision"]) + 1):
        record = at_hand.get(number)
        lines: tuple[str, ...] = (words.FIRST_REVISION,) if number == 1 else ()
        if number > 1:
            lines = _lines(keys.get(number, []), at_hand.get(number - 1), record)
        mark = fingerprint(record) if record is not None else ""
        found.append(Change(number, number == incident["revision"], lines, mark))
    return found[::-1]


def _lines(changed: list[str], old: Json | None, new: Json | None) -> tuple[str, ...]:
    """What changed: from what to what where both are at hand and short, else by name alone."""
    told, named = [], []
    for key in changed:
        before = _value(old, key) if old is not None and new is not None else None
        after = _value(new, key) if old is not None and new is not None else None
        name = words.KEYS.get(key, one_line(key))
        if before is None or after is None or before == after:
            named.append(name)
        else:
            told.append(words.CHANGE.format(key=name, old=before, new=after))
    if named:
        told.append(words.CHANGED.format(keys=", ".join(named)))
    return tuple(told)


def _value(record: Json | None, key: str) -> str | None:
    """A short value in words; None for what is too long to stand in a line."""
    value: Any = None if record is None else record.get(key)
    if record is None or isinstance(value, list):
        return None
    if key in INSTANTS:
        clock = Clock.of(record)
        return words.NOTHING if value is None else instant(clock, parse_iso(value), seconds=True)
    if key == "duration_s":
        return words.NOTHING if value is None else duration_words(value)
    if key == "severity":
        return words.SEVERITY[value].lower()
    if key == "status":
        return words.STATUS[value]
    if key == "share" and isinstance(value, dict):
        return percent(value["lowest"])
    if key == "entity" and isinstance(value, dict):
        return one_line(value["name"])
    if value is None or isinstance(value, str):
        return words.NOTHING if value is None else one_line(value)
    return None
