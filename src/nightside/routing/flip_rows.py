"""The flips of some prefixes as one collector's log has them: what was before, what after, and whose element it was."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from nightside.routing.collector_log import CollectorLog, UInt8, UInt32
from nightside.routing.log import EVENT_KINDS
from nightside.routing.renumbering import PlacedLog

TABLE_FLIP = EVENT_KINDS["TABLE_FLIP"]
KNOWN = EVENT_KINDS["KNOWN"]
LOAD = EVENT_KINDS["LOAD"]

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FlipRows:
    """Columns of one length, in the order of the log: that of time for each session and prefix."""

    second: UInt32
    kind: UInt8
    """FLIP, TRANSFER_FLIP or TABLE_FLIP of `routing.log`."""
    session: UInt32
    prefix: UInt32
    before: UInt32
    """The way until then; 0: none."""
    after: UInt32
    """The way from then on; 0: none. It differs from `before`."""
    element: Int64
    """The number of the element that made the flip (a table's: of the first element of the table)."""
    itself: Bool
    """False where no element made it: what did not come back by the end of a transfer is gone."""

    def only(self, rows: Bool | Int64) -> FlipRows:
        """Some of the rows."""
        return FlipRows(*(getattr(self, f.name)[rows] for f in fields(self)))


def flip_rows(log: CollectorLog, placed: PlacedLog, wanted: UInt8, family: UInt8) -> FlipRows:
    """The flips of the prefixes that are not 0 in `wanted`; `family` is each prefix's.

    What a session said before anything was known of it is left out: its first announcement of a prefix gains
    nothing that one knows it had not before.
    """
    second, kind, session, prefix, way, element, itself = placed.about(wanted)
    at = np.flatnonzero(kind <= TABLE_FLIP)
    pair = (session[at].astype(np.int64) << 32) | prefix[at]
    order = np.argsort(pair, kind="stable")
    again = pair[order[1:]] == pair[order[:-1]]
    before = np.zeros(len(at), np.uint32)
    before[order[1:]] = np.where(again, way[at[order[:-1]]], 0)
    last = np.full(len(at), -1, np.int64)
    last[order[1:]] = np.where(again, at[order[:-1]], -1)
    known = np.zeros(len(at), bool)
    # `order` lies by session; what a session's whole table replaces is its own.
    sessions = session[at[order]]
    for event in np.flatnonzero((kind == LOAD) | (kind == KNOWN)).tolist():
        lo, hi = np.searchsorted(sessions, [session[event], session[event] + 1])
        mine = order[lo:hi]
        mine = mine[(at[mine] > event) & (family[prefix[at[mine]]] == prefix[event])]
        known[mine] = True
        if kind[event] == LOAD:
            ways = log.loads[int(way[event])]
            fresh = mine[last[mine] < event]
            number = prefix[at[fresh]]
            there = number < len(ways)
            before[fresh] = 0
            before[fresh[there]] = ways[number[there]]
    found = FlipRows(
        second[at], kind[at], session[at], prefix[at], before, way[at], element[at], itself[at].astype(bool)
    )
    # A way may be the same again behind a table.
    return found.only(known & (found.before != found.after))
