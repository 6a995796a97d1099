"""Somebody has seen an incident: that is read, kept beside the incident, and taken back. The clock is the caller's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nightside.engine.reports.attaching import no_incident
from nightside.engine.reports.reading import text_of
from nightside.engine.tokens import LastUse
from nightside.model.acknowledgement import (
    BY_CHARS,
    ID_DIGITS,
    NOTE_CHARS,
    Acknowledgement,
    shown_acknowledgements,
)
from nightside.model.errors import InputError, UsageError
from nightside.model.instants import iso
from nightside.store.protocol import Store

SCHEMA = "nightside.acknowledged/1"
MOST_BYTES = 16 << 10
FEWEST_DIGITS = 8
_KEYS = ("by", "note")
_WHERE = "acknowledgement"

Outcome = Literal["acknowledged", "known", "withdrawn"]
"""It is new; the same was there already for this revision; it was taken back."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody who has seen an incident says."""

    note: str
    by: str | None
    """None: whoever the token is named after."""


def read_acknowledgement(body: bytes) -> Said:
    """What a JSON document (`nightside.acknowledging/1`) says. Raises InputError, which names the key."""
    if len(body) > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES} bytes", where=_WHERE, advice="Say it shorter.")
    try:
        item = json.loads(body.decode("utf-8-sig"))
    except RecursionError:
        raise InputError("nested too deeply", where=_WHERE, advice='Send {"note": "…"}.') from None
    except ValueError as error:
        raise InputError(f"no JSON: {str(error)[:200]}", where=_WHERE) from None
    return said(item)


def said(item: Any) -> Said:
    """What an object with `note` and perhaps `by` says. Raises InputError, which names the key."""
    if not isinstance(item, Mapping):
        raise InputError("not an object", where=_WHERE, advice='Send {"note": "…"}.')
    for key in item:
        if key not in _KEYS:
            raise InputError(
                f"the key {str(key)[:40]!r} is not known", where=_WHERE, advice="Its keys are by and note."
            )
    if item.get("note") is None:
        raise InputError("`note` is missing", where=_WHERE, advice="Say what is known or done about it.")
    by = None if item.get("by") is None else text_of(item, "by", BY_CHARS, _WHERE)
    return Said(text_of(item, "note", NOTE_CHARS, _WHERE), by)


def acknowledge(store: Store, incident_id: str, words: Said, *, at: int, token: str) -> dict[str, Any]:
    """Note that somebody has seen the incident as it stands; `nightside.acknowledged/1`.

    `token` is the name of the token, or `model.token.HERE`. Raises UsageError where there is no such incident, or it
    has too many.
    """
    try:
        is_new, kept = store.put_acknowledgement(
            incident_id, at=at, by=words.by or token, token=token, note=words.note
        )
    except LookupError:
        raise no_incident(incident_id) from None
    return _answer(store, incident_id, kept, "acknowledged" if is_new else "known", at)


def withdraw(
    store: Store, incident_id: str, kept: Acknowledgement, *, at: int, by: str, why: str | None
) -> dict[str, Any]:
    """Take an acknowledgement back, for good; `nightside.acknowledged/1`. Raises UsageError where it is already."""
    if not store.withdraw_acknowledgement(kept.incident, kept.id, at=at, by=by, why=why):
        raise UsageError(
            f"acknowledgement {kept.id} is withdrawn already", advice="There is nothing to be done."
        )
    return _answer(store, incident_id, find(store, incident_id, kept.id) or kept, "withdrawn", at)


def find(store: Store, incident_id: str, digits: str) -> Acknowledgement | None:
    """The acknowledgement whose id begins so; None where there is none, or more than one, or they are fewer than 8."""
    wanted = digits.lower()
    if not FEWEST_DIGITS <= len(wanted) <= ID_DIGITS:
        return None
    found = [kept for kept in store.acknowledgements(incident_id) if kept.id.startswith(wanted)]
    return found[0] if len(found) == 1 else None


def _answer(
    store: Store, incident_id: str, kept: Acknowledgement, outcome: Outcome, at: int
) -> dict[str, Any]:
    incident = store.incident(incident_id)
    assert incident is not None
    (shown,) = shown_acknowledgements([kept], incident)
    return {
        "schema": SCHEMA,
        "incident": incident_id,
        "at": iso(at),
        "outcome": outcome,
        "acknowledgement": shown,
    }


class Acknowledgements:
    """Those that come by the API: `web.writing_desk.Acknowledging` for one store. One thread uses it at a time."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self._last_use = LastUse(store)

    def acknowledge(self, incident_id: str, name: str, digest: bytes, body: bytes) -> dict[str, Any]:
        """`nightside.acknowledged/1` of a JSON document; the token has this name and digest.

        Raises InputError where it is none, UsageError where it cannot be taken.
        """
        words, at = read_acknowledgement(body), int(self._now())
        # Before: where the disk refuses this, it is true that nothing was stored.
        self._last_use.note(digest, at)
        return acknowledge(self._store, incident_id, words, at=at, token=name)

    def withdraw(self, incident_id: str, id: str, name: str, digest: bytes) -> dict[str, Any] | None:
        """`nightside.acknowledged/1` of one that this token gave; None where it gave none that has this id.

        One that is withdrawn already stays as it is.
        """
        kept, at = find(self._store, incident_id, id), int(self._now())
        if kept is None or kept.token != name:
            return None
        self._last_use.note(digest, at)
        if kept.withdrawn is not None:
            return _answer(self._store, incident_id, kept, "withdrawn", at)
        return withdraw(self._store, incident_id, kept, at=at, by=name, why=None)
