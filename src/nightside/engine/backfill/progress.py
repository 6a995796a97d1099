"""How far a backfill has come: noted in the store, beside what it stored."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from nightside.engine.backfill.plan import Asked
from nightside.model.instants import iso, parse_iso
from nightside.store.location import state_folder
from nightside.store.protocol import Store

SCHEMA = "nightside.backfill/2"
OLD_SCHEMA = "nightside.backfill/1"
"""Of the file in the store's folder in which older programs noted it."""


class Progress:
    """What is noted of one backfill: it is the same one while only `--to` is another."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self._store, self._begin = store, asked.begin
        self._about: dict[str, Any] = {
            "collectors": sorted(asked.collectors),
            "countries": sorted(asked.countries),
            "asns": sorted(asked.asns),
            "from": iso(asked.begin),
        }
        if asked.country_by != "registry":
            self._about["country_by"] = asked.country_by
        old = {"schema": OLD_SCHEMA, **self._about}
        key = hashlib.sha256(json.dumps(old, sort_keys=True).encode()).hexdigest()[:12]
        self.note = f"backfill {key}"
        self._old, self._old_about = state_folder(asked.place) / f"backfill-{key}.json", old

    @property
    def until(self) -> int:
        """What comes before is done; a note that cannot be understood counts for nothing."""
        noted = self._noted()
        return self._begin if noted is None else max(self._begin, noted[0])

    def begun(self, day: int) -> int | None:
        """From when on the day that begins then was read, where it was about to be stored; None where it was not.

        Where a run ended in the middle of storing, what goes on may already be stored as something that has ended,
        so the lead cannot be told from the store once more.
        """
        noted = self._noted()
        return noted[1].get(day) if noted is not None else None

    def begin(self, day: int, lead: int) -> None:
        """What was read from `lead` on for the day that begins then is about to be stored."""
        self._note({"done_until": iso(day), "storing": {"day": iso(day), "read_from": iso(lead)}})

    def reach(self, until: int) -> None:
        """Everything before is done."""
        self._note({"done_until": iso(until)})
        with suppress(OSError):
            self._old.unlink(missing_ok=True)

    def _note(self, what: dict[str, Any]) -> None:
        self._store.put_note(self.note, json.dumps({"schema": SCHEMA, **self._about, **what}))

    def _noted(self) -> tuple[int, dict[int, int]] | None:
        """(done until, from when on a day was read by the day); None where nothing is noted."""
        text = self._store.note(self.note)
        if text is not None:
            return _understood(text, {"schema": SCHEMA, **self._about})
        return _understood(_text_of(self._old), self._old_about)


def _understood(text: str, about: dict[str, Any]) -> tuple[int, dict[int, int]] | None:
    try:
        noted = json.loads(text)
        if any(noted[key] != value for key, value in about.items()):
            return None
        storing = noted.get("storing")
        begun = {parse_iso(storing["day"]): parse_iso(storing["read_from"])} if storing else {}
        return parse_iso(noted["done_until"]), begun
    except (ValueError, KeyError, TypeError):
        return None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
