"""Quiet hours as instants, over changes of the clocks too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nightside.model.channel import Quiet

DAY_S = 86400


def quiet_until(quiet: Quiet | None, at: float) -> int | None:
    """When the quiet hours end in which this instant lies; None where it lies in none. Seconds since the epoch."""
    if quiet is None:
        return None
    zone = ZoneInfo(quiet.zone)
    today = datetime.fromtimestamp(at, zone).date()
    ends = []
    for day in (today - timedelta(days=1), today):
        if day.weekday() not in quiet.days:
            continue
        last = day if quiet.begin_minute < quiet.end_minute else day + timedelta(days=1)
        begin = _instant(day, quiet.begin_minute, zone, is_end=False)
        end = _instant(last, quiet.end_minute, zone, is_end=True)
        if begin <= at < end:
            ends.append(end)
    return max(ends, default=None)


def _instant(day: date, minute: int, zone: ZoneInfo, *, is_end: bool) -> int:
    """When the clocks come to this minute. An hour that comes twice is quiet both times; one that is left out is
    taken for the instant at which the clocks jump over it."""
    wall = datetime.combine(day, time(*divmod(minute, 60)), zone)
    first, second = (int(wall.replace(fold=fold).timestamp()) for fold in (0, 1))
    if first <= second:
        return second if is_end else first
    # PEP 495: of a time that never is, the two readings lie on both sides of the jump, the later one first.
    before = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    low, high = second, first
    while high - low > 1:
        middle = (low + high) // 2
        same = datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return high
