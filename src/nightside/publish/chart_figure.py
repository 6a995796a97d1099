"""The whole figure: its panels from above to below, and the two time axes. Places are in pixels."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nightside.model.series import IncidentSeries
from nightside.publish import chart_frame as frame
from nightside.publish import chart_paint as paint
from nightside.publish import chart_time
from nightside.publish.chart_lanes import draw_lanes, rows
from nightside.publish.chart_layout import Layout, Shape, layout_of
from nightside.publish.chart_services import draw_services
from nightside.publish.chart_share import draw_share
from nightside.publish.chart_upstreams import draw_upstreams, shown_upstreams
from nightside.publish.chart_view import draw_view
from nightside.publish.moments import Clock
from nightside.publish.reading import Json
from nightside.publish.services_shown import shown_services

NAMES_APART_PX = 10
"""Between the names of rows and the panel, and the edge of the picture."""


def compose(incident: Json, series: IncidentSeries, shape: Shape = "page") -> Figure:
    """The figure of one incident, in one of the two shapes, on a canvas of its own."""
    layout = layout_of(series, shape)
    size = layout.width_px / paint.DPI, layout.height_px / paint.DPI
    figure = Figure(figsize=size, dpi=paint.DPI)
    FigureCanvasAgg(figure)
    top = frame.head(figure, incident, layout)
    if Clock.of(incident).zone is not None:
        top -= layout.clocks_px
    heights = panel_heights(series, layout)
    bottom = layout.bottom + sum(heights.values()) + layout.gap * len(heights)
    panels = {"share": _panel(figure, layout, bottom, top)}
    for name, height in heights.items():
        bottom -= height + layout.gap
        panels[name] = _panel(figure, layout, bottom, bottom + height)
    _time(figure, list(panels.values()), incident, series, layout)
    used = draw_share(panels["share"], incident, series, layout)
    names_px = layout.left - 2 * NAMES_APART_PX
    if "lanes" in panels:
        used |= draw_lanes(panels["lanes"], series, layout, names_px)
    if "services" in panels:
        used |= draw_services(panels["services"], series, names_px, layout.small_pt)
    if "upstreams" in panels:
        used |= draw_upstreams(panels["upstreams"], series, names_px, layout.small_pt)
    if "view" in panels:
        used |= draw_view(panels["view"], series, names_px, layout.small_pt)
    frame.legend(figure, used, layout)
    frame.foot(figure, incident, layout)
    return figure


def panel_heights(series: IncidentSeries, layout: Layout) -> dict[str, int]:
    """The panels below the share's, from above to below, and how high each is."""
    heights = {}
    if layout.most_lanes:
        count = rows(series, layout.most_lanes)
        lane_px = min(layout.lane_px[1], max(layout.lane_px[0], layout.lanes_px // count))
        heights["lanes"] = count * lane_px
    services = shown_services(series.services)
    if layout.service_px and services:
        heights["services"] = len(services) * layout.service_px
    upstreams = shown_upstreams(series)
    if layout.upstream_px and upstreams:
        heights["upstreams"] = len(upstreams) * layout.upstream_px
    if layout.view_px and series.view:
        heights["view"] = layout.view_px
    return heights


def _panel(figure: Figure, layout: Layout, bottom: float, top: float) -> Axes:
    width, height = layout.width_px, layout.height_px
    axes = figure.add_axes(
        (layout.left / width, bottom / height, (layout.right - layout.left) / width, (top - bottom) / height)
    )
    for side in axes.spines.values():
        side.set_color(paint.FAINT)
        side.set_linewidth(0.8)
    axes.tick_params(color=paint.FAINT, labelcolor=paint.INK, length=4)
    axes.tick_params(axis="x", labelsize=layout.small_pt)
    return axes


def _time(figure: Figure, panels: list[Axes], incident: Json, series: IncidentSeries, layout: Layout) -> None:
    """UTC below the lowest panel, the clocks of the place above the highest, at the same instants."""
    upper, lower = panels[0], panels[-1]
    clock = Clock.of(incident)
    step_s, ticks = chart_time.tick_seconds(series, layout.most_ticks)
    places = [tick - series.begin for tick in ticks]
    local = chart_time.local_labels(ticks, step_s, clock)
    for axes in panels:
        axes.set_xticks(places)
        axes.tick_params(axis="x", bottom=False, labelbottom=False)
        axes.grid(axis="x", color=paint.GRID, linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
    lower.tick_params(axis="x", bottom=True, labelbottom=True)
    lower.set_xticks(places, chart_time.utc_labels(ticks, step_s))
    if local and upper is not lower:
        upper.set_xticks(places, local)
        upper.tick_params(axis="x", top=True, labeltop=True)
    elif local:
        above = upper.secondary_xaxis("top")
        above.set_xticks(places, local)
        above.tick_params(color=paint.FAINT, labelcolor=paint.INK, labelsize=layout.small_pt, length=4)
        above.spines["top"].set_visible(False)
    style: dict[str, Any] = {"ha": "right", "weight": "bold", "color": paint.INK}
    right = layout.left - 42
    name = frame.write(
        figure,
        layout,
        right,
        layout.bottom - 8,
        chart_time.utc_name(series),
        layout.small_pt,
        va="top",
        **style,
    )
    paint.fit(name, right - 8)
    if local:
        words = chart_time.local_name(series, ticks, clock)
        y = upper.get_position().y1 * layout.height_px + 8
        name = frame.write(figure, layout, right, y, words, layout.small_pt, va="bottom", **style)
        paint.fit(name, right - 8)
