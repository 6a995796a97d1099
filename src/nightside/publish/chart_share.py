"""The chart's upper panel: what share of the baseline could be reached, with episodes and thresholds."""

from __future__ import annotations

from math import nan

from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries
from nightside.publish import chart_paint as paint
from nightside.publish import phrases, reading
from nightside.publish.chart_labels import Line, label_episodes
from nightside.publish.chart_layout import Layout
from nightside.publish.chart_time import width_s
from nightside.publish.headlines import percent
from nightside.publish.phrases import choose
from nightside.publish.reading import Json

TOP_SHARE, MOST_SHARE = 1.12, 2.0
"""Where the panel ends above, and where it is cut off though the share be higher."""
STRIP = (0.95, 0.98)
"""Where instability is drawn, as a fraction of the panel."""


def share_line(series: IncidentSeries) -> Line:
    """The share as a polyline of steps: seconds since `begin`, and fractions; broken (nan) without sight."""
    blind = sorted((a, b) for a, b, _ in series.unknown)
    x: list[float] = []
    y: list[float] = []
    first_blind = 0
    for i, time in enumerate(series.times):
        until = series.times[i + 1] if i + 1 < len(series.times) else series.end
        share = series.units[i] / series.baseline[i] if series.baseline[i] > 0 else nan
        while first_blind < len(blind) and blind[first_blind][1] <= time:
            first_blind += 1
        at = time
        for a, b in blind[first_blind:]:
            if a >= until:
                break
            if a > at:
                x += [at - series.begin, a - series.begin]
                y += [share, share]
            x.append(max(a, at) - series.begin)
            y.append(nan)
            at = max(at, b)
        if at < until or until == time == series.end:
            x += [at - series.begin, until - series.begin]
            y += [share, share]
    return x, y


def draw_share(axes: Axes, incident: Json, series: IncidentSeries, layout: Layout) -> set[str]:
    """Draw the panel; returns the keys of the legend (`phrases.KEY`) that it used."""
    x, y = share_line(series)
    shares = [v for v in y if v == v]
    axes.set_xlim(0, width_s(series))
    axes.set_ylim(-0.04, min(MOST_SHARE, max([1.0, *shares])) * TOP_SHARE)
    used = _draw_episodes(axes, incident, series) | _draw_instability(axes, incident, series)
    axes.plot(x, y, color=paint.LINE, linewidth=1.8, solid_joinstyle="miter", zorder=5, gid="share")
    if len(x) == 2 and x[0] == x[1]:
        axes.plot(x[:1], y[:1], color=paint.LINE, marker="o", clip_on=False, zorder=5)
    if draw_unknown(axes, series, -1, 3):
        used.add("unknown")
    if not shares:
        axes.text(
            0.5, 0.5, phrases.SHARE_NOT_KNOWN, transform=axes.transAxes, ha="center", va="center",
            fontsize=layout.detail_pt, color=paint.INK, zorder=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 6},
        )  # fmt: skip
    if layout.wordy:
        _draw_thresholds(axes, incident, layout)
    axes.set_yticks([v / 4 for v in range(9) if v / 4 <= axes.get_ylim()[1]])
    axes.set_yticklabels([f"{v * 100:g}" for v in axes.get_yticks()], fontsize=layout.small_pt)
    name = phrases.SHARE_AXIS.format(baseline=_baseline(series)) if layout.wordy else phrases.SHARE_AXIS_SHORT
    axes.set_ylabel(name, fontsize=layout.small_pt)
    label_episodes(axes, incident, series, (x, y), layout)
    return used


def draw_unknown(axes: Axes, series: IncidentSeries, low: float, high: float, *, face: bool = True) -> bool:
    """Hatch the stretches without sight from `low` to `high`; whether there were any.

    With `face` what lies below is hidden.
    """
    bars = [(a - series.begin, b - a) for a, b, _ in series.unknown if b > series.begin and a < series.end]
    if bars:
        axes.broken_barh(
            bars, (low, high - low), facecolor=paint.UNKNOWN_FACE if face else "none", edgecolor=paint.UNKNOWN_EDGE,
            hatch=paint.HATCH, linewidth=0.8, zorder=2.2,
        )  # fmt: skip
    return bool(bars)


def _draw_episodes(axes: Axes, incident: Json, series: IncidentSeries) -> set[str]:
    used = set()
    for depth, severity in enumerate(paint.AREA):
        for episode in incident["episodes"]:
            if episode["severity"] != severity:
                continue
            onset, end = parse_iso(episode["onset"]), reading.second(episode["end"])
            a, b = max(onset, series.begin), min(series.end if end is None else end, series.end)
            if a > b:
                continue
            # The edge keeps what is narrower than a pixel in sight.
            axes.axvspan(
                a - series.begin, b - series.begin, facecolor=paint.AREA[severity],
                edgecolor=paint.AREA[severity], linewidth=0.8, zorder=1 + depth / 10,
            )  # fmt: skip
            used.add(severity)
    return used


def _draw_instability(axes: Axes, incident: Json, series: IncidentSeries) -> set[str]:
    bars = []
    for stretch in incident["instability"]:
        began, ended = parse_iso(stretch["began"]), reading.second(stretch["ended"])
        a, b = max(began, series.begin), min(series.end if ended is None else ended, series.end)
        if a <= b:
            bars.append((a - series.begin, b - a))
    if bars:
        axes.broken_barh(
            bars, (STRIP[0], STRIP[1] - STRIP[0]), facecolor=paint.INSTABILITY, edgecolor=paint.INSTABILITY,
            linewidth=0.8, zorder=4.5, transform=blended_transform_factory(axes.transData, axes.transAxes),
        )  # fmt: skip
    return {"instability"} if bars else set()


def _draw_thresholds(axes: Axes, incident: Json, layout: Layout) -> None:
    """A line for each threshold, its words at the right; close ones are moved apart."""
    levels = [
        (reading.setting(incident, "total_at"), phrases.THRESHOLD_TOTAL),
        (reading.setting(incident, "severe_below"), phrases.THRESHOLD["severe"]),
        (reading.setting(incident, "partial_below"), phrases.THRESHOLD["partial"]),
    ]
    low, high = axes.get_ylim()
    apart = 36 / axes.get_window_extent().height * (high - low)
    above = low
    for level, words in levels:
        axes.axhline(level, color=paint.FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=2.3)
        above = max(level, above + apart)
        axes.text(
            1.008, above, words.format(percent=percent(level)), fontsize=layout.small_pt, color=paint.INK,
            va="center", transform=blended_transform_factory(axes.transAxes, axes.transData),
        )  # fmt: skip


def _baseline(series: IncidentSeries) -> str:
    """The baseline in words; the range where it moved."""
    known = [b for b in series.baseline if b > 0]
    if not known:
        return phrases.BASELINE_NOT_KNOWN
    fewest, most = min(known), max(known)
    if fewest == most:
        return choose(phrases.BASELINE, most).format(count=f"{most:,}")
    return phrases.BASELINE_MOVED.format(fewest=f"{fewest:,}", most=f"{most:,}")
