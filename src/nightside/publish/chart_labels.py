"""Labels of the worst episodes: how long and from when to when, each where it hides the least."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from matplotlib.axes import Axes

from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries
from nightside.publish import chart_paint as paint
from nightside.publish import phrases, reading
from nightside.publish.chart_layout import Layout
from nightside.publish.chart_time import DAY_S, width_s
from nightside.publish.headlines import length_of
from nightside.publish.moments import short_date, time_words, utc
from nightside.publish.reading import Json

Line = tuple[list[float], list[float]]
"""Seconds since the chart's begin, and shares (nan without sight)."""
LABEL_SHARE = 0.05
"""Beside a long episode one shorter than this share of it is noise, and goes without a label."""
ROWS = (0.66, 0.28)
"""Heights at which labels may stand, as fractions of the panel."""
APART_PX = 5


def label_episodes(axes: Axes, incident: Json, series: IncidentSeries, line: Line, layout: Layout) -> None:
    """Label the longest episodes of the worst severity; one for which there is no room stays without."""
    box = axes.get_window_extent()
    scale = box.width / width_s(series)
    worst = [e for e in incident["episodes"] if e["severity"] == incident["severity"]]
    worst.sort(key=lambda e: (e["end"] is not None, -(e["duration_s"] or 0), e["onset"]))
    longest = worst[0]["duration_s"] if worst else None
    if longest:
        worst = [e for e in worst if e["duration_s"] >= LABEL_SHARE * longest]
    taken: list[tuple[float, float, float]] = []
    for episode in worst[: layout.most_labels]:
        onset, end = parse_iso(episode["onset"]), reading.second(episode["end"])
        left = (max(onset, series.begin) - series.begin) * scale
        right = (min(series.end if end is None else end, series.end) - series.begin) * scale
        if right < 0 or left > box.width:
            continue
        text = axes.text(
            0, 0, _label(episode, onset, end), fontsize=layout.small_pt, color=paint.INK, ha="center",
            va="center", zorder=9, transform=axes.transAxes,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        )  # fmt: skip
        width, height = paint.measured(text)
        half, tall = width / 2 + APART_PX, height / 2 / box.height
        inside = [(left + right) / 2] if right - left >= 2 * half else []
        places = [
            (x, y)
            for y in ROWS
            for x in (*inside, right + half, left - half)
            if half <= x <= box.width - half
            and not any(row == y and x - half < b and x + half > a for a, b, row in taken)
        ]
        if not places:
            text.remove()
            continue
        half_s = width / 2 / scale
        places.sort(key=lambda p: _crosses(axes, line, p[0] / scale, half_s, p[1], tall))
        x, y = places[0]
        taken.append((x - half, x + half, y))
        text.set_position((x / box.width, y))


def _label(episode: Json, onset: int, end: int | None) -> str:
    """What stands beside one episode; without times where they are known as ranges only."""
    first, last = utc(onset), utc(onset if end is None else end)
    words = [time_words(moment, seconds=False) for moment in (first, last)]
    if end is None:
        return phrases.OPEN_LABEL.format(first=words[0])
    if episode["onset_range"] or episode["end_range"]:
        return length_of(episode)
    if end - onset >= DAY_S:
        words = [f"{short_date(m)} {word}" for m, word in zip((first, last), words, strict=True)]
    return phrases.EPISODE_LABEL.format(length=length_of(episode), first=words[0], last=words[1])


def _crosses(axes: Axes, line: Line, at_s: float, half_s: float, middle: float, tall: float) -> bool:
    """Whether the share, within `half_s` of an instant, meets `middle` give or take `tall` of the panel."""
    x, y = line
    low, high = axes.get_ylim()
    bottom, top = (low + (middle + d) * (high - low) for d in (-tall, tall))
    first, last = max(1, bisect_left(x, at_s - half_s)), min(len(x) - 1, bisect_right(x, at_s + half_s))
    return any(min(y[i - 1], y[i]) <= top and max(y[i - 1], y[i]) >= bottom for i in range(first, last + 1))
