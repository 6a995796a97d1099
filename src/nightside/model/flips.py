"""The words about flips: one peer gained, lost or re-routed its way to one prefix."""

from __future__ import annotations

import ipaddress
from typing import Any

from nightside.model.errors import UsageError

SCHEMA = "nightside.flip/1"

KINDS = ("lost", "gained", "rerouted")
"""What became of the way. Re-routed: another origin, another AS beside it, or another first AS outside the country."""

SOURCES = ("update", "transfer", "table")
"""Whence it is known: from an update; while the session's whole table came in again, which is neither a loss nor
a recovery; from a table that said otherwise than the updates before it."""

AS_END = 2**32
AS_DIGITS = 10


def parse_peer(text: str) -> int | str:
    """A peer as people name it: an AS number (`AS3356`, `3356`), or an address as it is usually written.

    Raises UsageError where the text is neither.
    """
    word = text.strip()
    digits = word[2:] if word[:2].upper() == "AS" else word
    if digits.isascii() and digits.isdigit() and len(digits) <= AS_DIGITS and int(digits) < AS_END:
        return int(digits)
    try:
        # No zone: it means nothing on another machine.
        return str(ipaddress.ip_address(word.replace("%", " ")))
    except ValueError:
        raise UsageError(
            f"not a peer: {text!r}", advice="Name an AS as AS3356, or an address as 192.0.2.1."
        ) from None


def peer_words(peer: int | str) -> str:
    """A peer that was parsed, as people read it."""
    return f"AS{peer}" if isinstance(peer, int) else peer


def flip_json(row: dict[str, Any]) -> dict[str, Any]:
    """One row of `Store.flips` with its time (a datetime in UTC) in words."""
    return {**row, "time": row["time"].strftime("%Y-%m-%dT%H:%M:%SZ")}
