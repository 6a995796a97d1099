"""The chart's lowest panel: how well we saw, as peer ASes known of those expected."""

from __future__ import annotations

from matplotlib.axes import Axes

from nightside.model.series import IncidentSeries
from nightside.publish import chart_paint as paint
from nightside.publish import phrases
from nightside.publish.chart_share import draw_unknown
from nightside.publish.chart_time import width_s


def draw_view(axes: Axes, series: IncidentSeries, label_px: float, small_pt: float) -> set[str]:
    """Draw the panel, with at most `label_px` for its name; returns the keys of the legend that it used.

    `series.view` holds at least one step. What was known without sight is shown through the hatching.
    """
    width = width_s(series)
    seconds = [max(0, second - series.begin) for second, _known, _expected in series.view] + [width]
    known = [k for _second, k, _expected in series.view]
    expected = [e for _second, _known, e in series.view]
    most = max(1, *known, *expected)
    axes.set_xlim(0, width)
    axes.set_ylim(0, 1.25 * most)
    axes.fill_between(
        seconds, [*known, known[-1]], step="post", color=paint.LANE["up"], linewidth=0, zorder=1.2
    )
    axes.step(seconds, [*expected, expected[-1]], where="post", color=paint.FAINT, linewidth=1.0, zorder=1.4)
    hatched = draw_unknown(axes, series, 0, 1.25 * most, face=False)
    axes.set_yticks([most / 2], [phrases.VIEW_PANEL], fontsize=small_pt, color=paint.INK)
    axes.tick_params(axis="y", length=0)
    axes.text(
        1.006, 0.5, phrases.VIEW_MOST.format(count=most), transform=axes.transAxes, ha="left", va="center",
        fontsize=small_pt, color=paint.INK,
    )  # fmt: skip
    for label in axes.get_yticklabels():
        paint.fit(label, label_px)
    return {"unknown"} if hatched else set()
