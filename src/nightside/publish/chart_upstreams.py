"""The chart's panel of upstreams: one row for each, as high as the share of the paths that it carries."""

from __future__ import annotations

from math import nan

from matplotlib.axes import Axes

from nightside.model.series import IncidentSeries, UpstreamCourse
from nightside.publish import chart_paint as paint
from nightside.publish import phrases
from nightside.publish.chart_share import draw_unknown
from nightside.publish.chart_time import width_s
from nightside.publish.headlines import as_name

BAR = 0.82
"""Height of the whole, where a row is 1."""


def shown_upstreams(series: IncidentSeries) -> list[UpstreamCourse]:
    """Those that carried anything within the chart."""
    return [u for u in series.upstreams if any(share for _second, share in u.steps)]


def upstream_name(upstream: UpstreamCourse) -> str:
    """`AS4837 (China Unicom)`, or that these are all others."""
    return phrases.OTHERS if upstream.asn is None else as_name(upstream.asn, upstream.name)


def draw_upstreams(axes: Axes, series: IncidentSeries, label_px: float, small_pt: float) -> set[str]:
    """Draw the panel, with at most `label_px` for names; returns the keys of the legend that it used."""
    shown = shown_upstreams(series)
    axes.set_xlim(0, width_s(series))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    names = []
    for row, upstream in enumerate(shown):
        _draw_row(axes, series, upstream, row)
        names.append(upstream_name(upstream))
    unknown = draw_unknown(axes, series, -0.5, len(shown) - 0.5)
    paint.name_rows(axes, names, small_pt, label_px)
    axes.text(
        1.006, 0.5, phrases.UPSTREAM_PANEL, transform=axes.transAxes, ha="left", va="center",
        fontsize=small_pt, color=paint.INK,
    )  # fmt: skip
    return {"unknown"} if unknown else set()


def _draw_row(axes: Axes, series: IncidentSeries, upstream: UpstreamCourse, row: int) -> None:
    """An area from the foot of the row, below the line of the whole; nothing where no share is known."""
    foot = row + BAR / 2
    ends = [second for second, _share in upstream.steps[1:]] + [series.begin + width_s(series)]
    x: list[float] = []
    y: list[float] = []
    for (second, share), end in zip(upstream.steps, ends, strict=True):
        height = nan if share is None else foot - BAR * share
        x += [second - series.begin, end - series.begin]
        y += [height, height]
    axes.fill_between(x, y, foot, color=paint.UPSTREAM, linewidth=0, zorder=1.2)
    for edge in (foot - BAR, foot):
        axes.axhline(edge, color=paint.GRID, linewidth=0.8, zorder=1.1)
