"""What comes to be known from second to second: events about (session, prefix), and what they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.observation import Changes, ViewStep


@dataclass(frozen=True)
class Rows:
    """Events about (session, prefix) as columns, sorted by second."""

    second: UInt32
    kind: UInt8
    session: UInt32
    prefix: UInt32
    way: UInt32


@dataclass(frozen=True)
class News:
    """What came to be known when time came to the end of the second `until`."""

    until: int
    rows: Rows
    loads: list[tuple[int, int, UInt32]]
    """(second, session, ways by prefix number)."""
    units: Changes
    prefixes: Changes
    doubts: Changes
    view: list[ViewStep]


@dataclass(frozen=True)
class Beginning:
    """What was reachable (by /24) and visible (by prefix number) at the end of the first second that is told of."""

    second: int
    reachable: UInt8
    visible: UInt8


def joined(parts: Sequence[Rows]) -> Rows:
    """One behind the other."""
    if not parts:
        none = np.zeros(0, np.uint32)
        return Rows(none, np.zeros(0, np.uint8), none, none, none)
    names = ("second", "kind", "session", "prefix", "way")
    return Rows(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def taken(rows: Rows, which: Any) -> Rows:
    """Some of them."""
    return Rows(
        rows.second[which], rows.kind[which], rows.session[which], rows.prefix[which], rows.way[which]
    )
