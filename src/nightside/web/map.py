"""The world in frames: what share of each country was reachable, at its lowest, in each stretch of time."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from numpy.typing import NDArray

from nightside.model.instants import iso
from nightside.store.protocol import Store
from nightside.web.answers import Body, json_body, send
from nightside.web.asked import From, To, not_too_long, time_range
from nightside.web.documented import answers
from nightside.web.house import InHouse

router = APIRouter()

HOUR_S = 3600
WEEK_S = 7 * 86_400
UNKNOWN = -1

Frames = Annotated[
    int, Query(ge=1, le=400, description="At most so many; a frame is a whole number of hours.")
]


@router.get("/map", responses=answers("map"))
async def map_frames(
    request: Request, house: InHouse, begin: From = None, end: To = None, frames: Frames = 168
) -> Response:
    """Shares in whole percent by country and frame, null where unknown; the last week unless a range is given."""
    states = [state for (type_, _), state in house.latest.entities.items() if type_ == "country"]
    first, last = time_range(begin, end)
    if last is None:
        last = max((s.last_s for s in states), default=WEEK_S) if first is None else first + WEEK_S
    if first is None:
        first = max(last - WEEK_S, min((s.first_s for s in states), default=0))
    first = first // HOUR_S * HOUR_S
    last = max(-(-last // HOUR_S) * HOUR_S, first + HOUR_S)
    not_too_long(first, last)
    hours = (last - first) // HOUR_S
    frame_s = -(-hours // frames) * HOUR_S
    codes = [s.code for s in states if s.first_s < last and s.last_s > first]

    async def make() -> Body:
        return await house.slow.run(lambda store: _body(store, codes, first, last, frame_s))

    # Whoever moves the slider asks for the same again; new samples make it another answer.
    newest = max((s.last_s for s in states), default=0)
    return send(
        request, await house.kept.get(("map", first, last, frame_s, newest, house.latest.samples), make)
    )


def _body(store: Store, codes: list[str], begin: int, end: int, frame_s: int) -> Body:
    times = list(range(begin, end, frame_s))
    countries: dict[str, list[int | None]] = {}
    for code in codes:
        table = store.rollup("country", code, begin, end)
        shares = frame_shares(table, begin, frame_s, len(times))
        countries[code] = [None if share == UNKNOWN else share for share in shares.tolist()]
    shown: dict[str, Any] = {
        "schema": "nightside.map/1",
        "from": iso(begin),
        "to": iso(end),
        "frame_s": frame_s,
        "times": [iso(t) for t in times],
        "countries": countries,
    }
    return json_body(shown)


def frame_shares(table: Any, begin: int, frame_s: int, count: int) -> NDArray[np.int64]:
    """The lowest share of each frame in percent, rounded down, but 0 only where nothing is left; -1: unknown."""
    shares = np.full(count, 101, np.int64)
    time = table["time"].cast("int64").to_numpy()
    lowest = table["lowest"].to_numpy(zero_copy_only=False).astype(np.float64)
    baseline = table["baseline"].to_numpy(zero_copy_only=False).astype(np.float64)
    seen = ~np.isnan(lowest) & (baseline > 0)
    percent = np.floor(np.minimum(100.0 * lowest[seen] / baseline[seen], 100.0)).astype(np.int64)
    percent = np.where((percent == 0) & (lowest[seen] > 0), 1, percent)
    np.minimum.at(shares, (time[seen] - begin) // frame_s, percent)
    return np.where(shares == 101, UNKNOWN, shares)
