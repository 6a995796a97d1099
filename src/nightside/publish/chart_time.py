"""The chart's time axis: where ticks stand, and what they say in UTC and on the clocks of the place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nightside.model.series import IncidentSeries
from nightside.publish import phrases
from nightside.publish.moments import Clock, short_date, time_words, utc

DAY_S = 86400
STEPS_S = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
    *(DAY_S * days for days in (1, 2, 5, 7, 14, 30, 60, 90, 180, 365)),
)  # fmt: skip
SHORTEST_S = 60
"""A chart of less than this has no width to draw on; it is given this much."""


def width_s(series: IncidentSeries) -> int:
    """Seconds the axis is wide."""
    return max(series.end - series.begin, SHORTEST_S)


def tick_seconds(series: IncidentSeries, most: int) -> tuple[int, list[int]]:
    """The step, and the instants at its multiples in UTC; at most `most`, so that their words stand side by side."""
    width = width_s(series)
    step = next((s for s in STEPS_S if width / s <= most - 1), 0)
    if not step:
        step = DAY_S * 365 * (1 + width // (DAY_S * 365 * (most - 1)))
    first = -(-series.begin // step) * step
    return step, list(range(first, series.begin + width + 1, step))


def utc_labels(ticks: list[int], step_s: int) -> list[str]:
    """What the ticks say in UTC: the time, and the date where it is new."""
    if step_s >= DAY_S:
        return [short_date(utc(tick)) for tick in ticks]
    return _labels(ticks, step_s, utc)


def local_labels(ticks: list[int], step_s: int, clock: Clock) -> list[str]:
    """The same on the clocks of the place, to stand above an axis; empty without a zone."""
    if clock.zone is None:
        return []
    labels = _labels(ticks, step_s, lambda second: clock.local(second) or utc(second))
    return ["\n".join(reversed(label.split("\n"))) for label in labels]


def _labels(ticks: list[int], step_s: int, at: Callable[[int], datetime]) -> list[str]:
    labels, day = [], ""
    for tick in ticks:
        moment = at(tick)
        date = short_date(moment)
        words = time_words(moment, seconds=step_s < 60)
        labels.append(words if date == day else f"{words}\n{date}")
        day = date
    return labels


def utc_name(series: IncidentSeries) -> str:
    """`UTC, 2014`, or the years the chart spans."""
    first, last = utc(series.begin).year, utc(series.end).year
    return phrases.UTC_AXIS.format(years=first if first == last else f"{first}–{last}")


def local_name(series: IncidentSeries, ticks: list[int], clock: Clock) -> str:
    """`Pyongyang` and `UTC+09:00` on two lines; both offsets where the clocks change within the chart."""
    offsets = list(dict.fromkeys(clock.offset(s) for s in (series.begin, *ticks, series.end)))
    told = offsets[0]
    if len(offsets) > 1:
        told = phrases.OFFSETS_CHANGED.format(first=offsets[0], last=offsets[-1])
    return phrases.LOCAL_AXIS.format(city=clock.city, offsets=told)
