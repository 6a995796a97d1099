"""Operator cards: who runs a network, by whom it is owned, and through whom it is known to be reached.

Only what a source says, each with its date: `data/operators.json`. There are few.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class KnownUpstream:
    """A claim that an operator is, or was, reached through an AS."""

    asn: int
    begin: datetime.date
    """It is not known for days before; a year alone stands as its first day."""
    says: str
    source: str
    url: str
    date: datetime.date
    """When the source said so."""


@dataclass(frozen=True, slots=True)
class OperatorCard:
    """What is known of who announces networks."""

    asn: int
    name: str
    role: str
    owners: tuple[str, ...]
    """Empty where the source names none."""
    source: str
    url: str
    date: datetime.date
    upstreams: tuple[KnownUpstream, ...]
    """Abroad, so that each can be looked for at the country's border."""

    def known_upstreams(self, day: datetime.date) -> list[KnownUpstream]:
        """The claims about this day or times before it, by AS and the date of the source."""
        return sorted((u for u in self.upstreams if u.begin <= day), key=lambda u: (u.asn, u.date))


def operator_card(asn: int) -> OperatorCard | None:
    """The card of an AS; None where nothing is known."""
    return _cards().get(asn)


@lru_cache(maxsize=1)
def _cards() -> dict[int, OperatorCard]:
    text = (files("nightside.world") / "data" / "operators.json").read_text(encoding="utf-8")
    cards = {}
    for card in json.loads(text):
        upstreams = tuple(
            KnownUpstream(
                u["asn"],
                datetime.date.fromisoformat(u["from"]),
                u["says"],
                u["source"],
                u["url"],
                datetime.date.fromisoformat(u["date"]),
            )
            for u in card["upstreams"]
        )
        cards[card["asn"]] = OperatorCard(
            card["asn"],
            card["name"],
            card["role"],
            tuple(card["owners"]),
            card["source"],
            card["url"],
            datetime.date.fromisoformat(card["date"]),
            upstreams,
        )
    return cards
