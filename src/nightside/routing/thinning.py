"""Rows of routes, made fewer where that costs least."""

from __future__ import annotations

import numpy as np

from nightside.routing.log import EVENT_KINDS
from nightside.routing.news import Rows

FLIP = EVENT_KINDS["FLIP"]


def thinned(rows: Rows) -> Rows:
    """The rows without those by which a session replaced a route that was new among these, and is replaced in them.

    Whether a session has a route, since when and until when, stays as it was, and so does which one it has before and
    after these rows. In between, one that was held for a short time may count for the one before.
    """
    slot = (rows.session.astype(np.int64) << 32) | rows.prefix
    order = np.argsort(slot, kind="stable")
    slot = slot[order]
    replaces = (rows.kind[order] == FLIP) & (rows.way[order] != 0)
    same = slot[1:] == slot[:-1]
    both = same & replaces[1:] & replaces[:-1]
    inside = np.zeros(len(slot), bool)
    inside[1:-1] = both[1:] & both[:-1]
    stay = np.ones(len(slot), bool)
    stay[order[inside]] = False
    return Rows(rows.second[stay], rows.kind[stay], rows.session[stay], rows.prefix[stay], rows.way[stay])
