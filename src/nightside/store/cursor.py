"""Where a list of incidents was left off: a place in the order of began, entity type, code, id as a word."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from nightside.model.errors import UsageError
from nightside.model.instants import parse_iso

Place = tuple[int, str, str, str]
"""(began in seconds, entity type, code, id)."""


def cursor_of(incident: dict[str, Any]) -> str:
    """The cursor behind this incident (whole or in short), for `after` of `Store.incidents`."""
    entity = incident["entity"]
    place = [parse_iso(incident["began"]), entity["type"], entity["code"], incident["id"]]
    text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The inverse of `cursor_of`. Raises UsageError where the word is no cursor."""
    try:
        place = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        began, type_, code, id_ = place
    except (ValueError, TypeError, RecursionError):
        raise _no_cursor() from None
    # SQLite's integers have 64 bits.
    if type(began) is not int or abs(began) >= 1 << 63:
        raise _no_cursor()
    if not all(isinstance(word, str) and word.isprintable() for word in (type_, code, id_)):
        raise _no_cursor()
    return began, type_, code, id_


def _no_cursor() -> UsageError:
    return UsageError("not a cursor", advice="Give the `next` of the page before, as it was.")
