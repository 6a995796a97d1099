"""The chart's lower panel: one lane for each network, up, down or out of sight."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from matplotlib.axes import Axes

from nightside.model.series import IncidentSeries, Lane
from nightside.publish import chart_paint as paint
from nightside.publish import phrases
from nightside.publish.chart_layout import Layout
from nightside.publish.chart_share import draw_unknown
from nightside.publish.chart_time import width_s
from nightside.publish.literal import one_line

BAR = 0.68
"""Height of a bar, where a lane is 1."""
LONGEST_PREFIX = 24


def biggest_lanes(lanes: list[Lane], most: int) -> list[Lane]:
    """At most `most`, in the order given: the largest parts of what the lanes of their family hold."""
    sizes = [_family_and_size(lane.prefix) for lane in lanes]
    whole: dict[int, float] = {}
    for family, size in sizes:
        whole[family] = whole.get(family, 0.0) + size
    ranked = sorted(range(len(lanes)), key=lambda i: (-sizes[i][1] / (whole[sizes[i][0]] or 1.0), i))
    return [lanes[i] for i in sorted(ranked[:most])]


def _family_and_size(prefix: str) -> tuple[int, float]:
    """4 or 6 and the size as a part of all addresses; 0 and none where it is no prefix."""
    try:
        network = ip_network(prefix, strict=False)
    except ValueError:
        return 0, 0.0
    return network.version, 2.0**-network.prefixlen


def rows(series: IncidentSeries, most: int) -> int:
    """How many rows the panel has; one for the count of what is not drawn, and one at the least."""
    shown = min(len(series.lanes), most)
    return max(1, shown + (len(series.lanes) > most))


def draw_lanes(axes: Axes, series: IncidentSeries, layout: Layout, label_px: float) -> set[str]:
    """Draw the panel, with at most `label_px` for names; returns the keys of the legend that it used."""
    shown = biggest_lanes(series.lanes, layout.most_lanes)
    axes.set_xlim(0, width_s(series))
    axes.set_ylim(rows(series, layout.most_lanes) - 0.5, -0.5)
    used: set[str] = set()
    for row, lane in enumerate(shown):
        used |= _draw_lane(axes, series, lane, row)
    if draw_unknown(axes, series, -0.5, len(shown) - 0.5):
        used.add("unknown")
    names = [one_line(lane.prefix, LONGEST_PREFIX) for lane in shown]
    if len(series.lanes) > len(shown):
        names.append(phrases.MORE_LANES.format(count=f"{len(series.lanes) - len(shown):,}"))
    if not shown:
        axes.text(
            0.5, 0.5, phrases.NO_LANES, transform=axes.transAxes, ha="center", va="center",
            fontsize=layout.small_pt, color=paint.FAINT, zorder=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 3},
        )  # fmt: skip
    paint.name_rows(axes, names, layout.small_pt, label_px)
    return used


def _draw_lane(axes: Axes, series: IncidentSeries, lane: Lane, row: int) -> set[str]:
    used: set[str] = set()
    for state in ("up", "down", "unknown"):
        bars = [
            (a - series.begin, b - a)
            for a, b, kind in lane.stretches
            if kind == state and b >= series.begin and a <= series.end
        ]
        if not bars:
            continue
        used.add(state)
        if state == "unknown":
            style: dict[str, Any] = {
                "facecolor": paint.UNKNOWN_FACE,
                "edgecolor": paint.UNKNOWN_EDGE,
                "hatch": paint.HATCH,
            }
        else:
            style = {"facecolor": paint.LANE[state], "edgecolor": paint.LANE[state]}
        # Down lies above up and has an edge, so that a short loss is not lost to the eye.
        axes.broken_barh(
            bars, (row - BAR / 2, BAR), linewidth=0.8 if state != "up" else 0,
            zorder={"up": 1.2, "down": 1.4, "unknown": 1.6}[state], **style,
        )  # fmt: skip
    return used
