"""Outages and hours made up by hand, for tests of what is usual, of ranks and of series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from nightside.incidents.observed import Observed
from nightside.model.instants import compact, iso

HOUR_S = 3600
DAY_S = 86_400


def at(text: str) -> int:
    """Seconds of an ISO time."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def outage(
    onset: str | int,
    length_s: int | None,
    severity: str = "total",
    *,
    zone: str | None = "Asia/Pyongyang",
    onset_range: tuple[int, int] | None = None,
    end_range: tuple[int, int] | None = None,
    reconstruction: bool = False,
    closed_as: str | None = None,
    code: str = "KP",
) -> dict[str, Any]:
    """An incident with one loss: its episode and the shallower ones around it, all from one instant to another.

    A range is (seconds before, seconds after) the instant.
    """
    first = at(onset) if isinstance(onset, str) else onset
    end = None if length_s is None else first + length_s
    depths = ("partial", "severe", "total")[: ("partial", "severe", "total").index(severity) + 1]
    first_range = None if onset_range is None else [iso(first - onset_range[0]), iso(first + onset_range[1])]
    last_range = (
        None if end_range is None or end is None else [iso(end - end_range[0]), iso(end + end_range[1])]
    )
    begin = first if onset_range is None else first - onset_range[0]
    over = end if end is None or end_range is None else end + end_range[1]
    episodes = [
        {
            "severity": depth,
            "onset": iso(begin),
            "end": None if over is None else iso(over),
            "onset_range": first_range,
            "end_range": last_range,
        }
        for depth in depths
    ]
    return {
        "id": f"{code}-{compact(begin)}",
        "entity": {"type": "country", "code": code, "name": "North Korea"},
        "severity": severity,
        "closed_as": closed_as,
        "status": "ongoing" if over is None else "closed",
        "onset": iso(begin),
        "end": None if over is None else iso(over),
        "began": iso(begin),
        "ended": None if over is None else iso(over),
        "episodes": episodes,
        "instability": [],
        "related": [],
        "local_time": None if zone is None else {"zone": zone, "onset": None, "end": None},
        "provenance": {"reconstruction": reconstruction},
    }


def hours(
    begin: str,
    end: str,
    *,
    blind: Sequence[tuple[str, str]] = (),
    down: Sequence[tuple[str, str]] = (),
    left: float = 0.0,
) -> Observed:
    """Every whole hour from begin to end: known and whole, but for those that are blind, or down to what is left."""
    times = np.arange(at(begin), at(end), HOUR_S, dtype=np.int64)
    known = np.full(len(times), HOUR_S, np.int64)
    share = np.ones(len(times))
    for first, last in down:
        share[(times >= at(first)) & (times < at(last))] = left
    for first, last in blind:
        known[(times >= at(first)) & (times < at(last))] = 0
    return Observed(times, known, share)
