"""The strip at the head of a report: light where address blocks could be reached, dark where not.

All places are percent of the width and pixels of the height, so that the strip fits a phone and a print with
type of one size. Everything is an SVG attribute: a page without inline styles can hold it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nightside.model.series import IncidentSeries
from nightside.publish import course
from nightside.publish.moments import short_date, time_words, utc

PARTS = 720
"""A piece is then at most one pixel and a half on the widest page."""
HEIGHT_PX = 56
MOST_TICKS = 4
EDGE_PERCENT = 12.0
"""A label nearer to an edge than this grows away from it."""


@dataclass(frozen=True, slots=True)
class Band:
    """A piece of the strip: `light` of its height is lit from below; None is without sight."""

    x: str
    width: str
    y: str
    height: str
    state: str
    """`light` or `unknown`."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the strip."""

    x: str
    anchor: str
    label: str


@dataclass(frozen=True, slots=True)
class Strip:
    """What is drawn over the dark ground."""

    bands: list[Band]
    ticks: list[Tick]


def strip(series: IncidentSeries) -> Strip:
    """The strip of one incident's series."""
    width = max(1, series.end - series.begin)

    def place(second: int) -> float:
        return 100 * (second - series.begin) / width

    bands = []
    for begin, end, lit in _runs(series):
        x, wide = f"{place(begin):.3f}%", f"{place(end) - place(begin):.3f}%"
        if lit is None:
            bands.append(Band(x, wide, "0", str(HEIGHT_PX), "unknown"))
        elif lit > 0:
            tall = HEIGHT_PX * min(1.0, lit)
            bands.append(Band(x, wide, f"{HEIGHT_PX - tall:.1f}", f"{tall:.1f}", "light"))
    return Strip(bands, [_tick(place(second), label) for second, label in _labels(series)])


def _runs(series: IncidentSeries) -> list[tuple[int, int, float | None]]:
    """Neighbouring pieces of equal share as one, so that no seams show."""
    runs: list[tuple[int, int, float | None]] = []
    for piece in course.in_parts(series, PARTS):
        if runs and runs[-1][2] == piece.share:
            runs[-1] = (runs[-1][0], piece.end, piece.share)
        else:
            runs.append((piece.begin, piece.end, piece.share))
    return runs


def _labels(series: IncidentSeries) -> list[tuple[int, str]]:
    """Round instants in UTC: the date at midnight, the time otherwise, and the date with the first of all."""
    step_s = course.round_step(series.end - series.begin, MOST_TICKS)
    found: list[tuple[int, str]] = []
    for second in range(-(-series.begin // step_s) * step_s, series.end + 1, step_s):
        at = utc(second)
        midnight = second % course.DAY_S == 0
        time = time_words(at, seconds=step_s < 60)
        label = short_date(at) if midnight else time if found else f"{short_date(at)}, {time}"
        found.append((second, label))
    return found


def _tick(x: float, label: str) -> Tick:
    anchor = "start" if x < EDGE_PERCENT else "end" if x > 100 - EDGE_PERCENT else "middle"
    return Tick(f"{x:.3f}%", anchor, label)
