"""The whole figure: title, panels, the two time axes, legend and source. Places are in pixels."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from nightside.model.series import IncidentSeries
from nightside.publish import attribution, chart_time, phrases
from nightside.publish import chart_paint as paint
from nightside.publish.chart_lanes import draw_lanes, rows
from nightside.publish.chart_share import draw_share
from nightside.publish.chart_view import draw_view
from nightside.publish.headlines import detail, headline
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock
from nightside.publish.phrases import choose
from nightside.publish.reading import Json

LEFT, RIGHT = 215, 1470
"""Where the panels begin and end."""
MARGIN = 36
PANEL_TOP = 754
"""The upper edge of the upper panel, from below, without the lines of the detail."""
DETAIL_LINE_PX = 24
PANELS_BOTTOM = 122
VIEW_PX = 44
GAP = 16
ROW_PX = (24, 36)
"""Height of a lane, at the least and at the most."""
LANES_PX = 300
"""As much as the lanes may take together."""
DETAIL_CHARACTERS = 175
"""Of one line; the last few make the type a little smaller."""


def compose(incident: Json, series: IncidentSeries) -> Figure:
    """The figure of one incident, 1600 by 900 pixels, on a canvas of its own."""
    figure = Figure(figsize=(paint.WIDTH_PX / paint.DPI, paint.HEIGHT_PX / paint.DPI), dpi=paint.DPI)
    FigureCanvasAgg(figure)
    row_px = min(ROW_PX[1], max(ROW_PX[0], LANES_PX // rows(series)))
    lanes_bottom = PANELS_BOTTOM + (VIEW_PX + GAP if series.view else 0)
    lanes_top = lanes_bottom + rows(series) * row_px
    top = PANEL_TOP - DETAIL_LINE_PX * _head(figure, incident)
    upper = _panel(figure, lanes_top + GAP, top)
    lanes = _panel(figure, lanes_bottom, lanes_top)
    panels = [upper, lanes]
    if series.view:
        panels.append(_panel(figure, PANELS_BOTTOM, PANELS_BOTTOM + VIEW_PX))
        draw_view(panels[-1], series, LEFT - MARGIN - 10)
    _time(figure, panels, incident, series)
    used = draw_share(upper, incident, series) | draw_lanes(lanes, series, LEFT - MARGIN - 10)
    _legend(figure, used)
    _foot(figure, incident)
    return figure


def _panel(figure: Figure, bottom: float, top: float) -> Axes:
    width, height = paint.WIDTH_PX, paint.HEIGHT_PX
    axes = figure.add_axes((LEFT / width, bottom / height, (RIGHT - LEFT) / width, (top - bottom) / height))
    for side in axes.spines.values():
        side.set_color(paint.FAINT)
        side.set_linewidth(0.8)
    axes.tick_params(color=paint.FAINT, labelcolor=paint.INK, length=4)
    axes.tick_params(axis="x", labelsize=paint.SMALL_PT)
    return axes


def _write(figure: Figure, x: float, y: float, words: str, size: float, **style: Any) -> Text:
    """A text at pixels from the lower left."""
    return figure.text(x / paint.WIDTH_PX, y / paint.HEIGHT_PX, words, fontsize=size, **style)


def _head(figure: Figure, incident: Json) -> int:
    """The headline, what it rests on, and the stamp of a reconstruction; returns the lines of the detail."""
    room = paint.WIDTH_PX - 2 * MARGIN
    if incident["provenance"]["reconstruction"]:
        stamp = _write(
            figure, paint.WIDTH_PX - MARGIN, 868, phrases.STAMP, 15, color="#D55E00", weight="bold",
            ha="right", va="center",
            bbox={"facecolor": "white", "edgecolor": "#D55E00", "linewidth": 2, "pad": 6},
        )  # fmt: skip
        room -= int(paint.measured(stamp)[0]) + 40
    title = _write(
        figure, MARGIN, 868, headline(incident), paint.TITLE_PT, weight="bold", color=paint.INK, va="center"
    )
    paint.fit(title, room)
    told = detail(incident)
    told = told[:1].upper() + told[1:] + "."
    # Lines of about one length, not a full one and a single word.
    count = len(textwrap.wrap(told, DETAIL_CHARACTERS))
    lines = textwrap.wrap(told, min(DETAIL_CHARACTERS, len(told) // count + 15))
    for i, line in enumerate(lines):
        y = 830 - DETAIL_LINE_PX * i
        text = _write(figure, MARGIN, y, line, paint.DETAIL_PT, color=paint.INK, va="center")
        paint.fit(text, paint.WIDTH_PX - 2 * MARGIN)
    return len(lines)


def _time(figure: Figure, panels: list[Axes], incident: Json, series: IncidentSeries) -> None:
    """UTC below the lowest panel, the clocks of the place above the highest, at the same instants."""
    upper, *between, lower = panels
    clock = Clock.of(incident)
    step_s, ticks = chart_time.tick_seconds(series)
    places = [tick - series.begin for tick in ticks]
    lower.set_xticks(places, chart_time.utc_labels(ticks, step_s))
    local = chart_time.local_labels(ticks, step_s, clock)
    upper.set_xticks(places, local or [""] * len(places))
    upper.tick_params(axis="x", bottom=False, labelbottom=False, top=bool(local), labeltop=bool(local))
    for axes in between:
        axes.set_xticks(places)
        axes.tick_params(axis="x", bottom=False, labelbottom=False)
    for axes in panels:
        axes.grid(axis="x", color=paint.GRID, linewidth=0.8, zorder=0)
        axes.set_axisbelow(True)
    style: dict[str, Any] = {"ha": "right", "weight": "bold", "color": paint.INK}
    name = _write(
        figure, LEFT - 42, PANELS_BOTTOM - 8, chart_time.utc_name(series), paint.SMALL_PT, va="top", **style
    )
    paint.fit(name, LEFT - 42 - 8)
    if local:
        words = chart_time.local_name(series, ticks, clock)
        above = upper.get_position().y1 * paint.HEIGHT_PX + 8
        name = _write(figure, LEFT - 42, above, words, paint.SMALL_PT, va="bottom", **style)
        paint.fit(name, LEFT - 42 - 8)


def _legend(figure: Figure, used: set[str]) -> None:
    """A key for what was drawn, and only for that."""
    looks: dict[str, dict[str, Any]] = {s: {"facecolor": c} for s, c in paint.AREA.items()}
    looks["instability"] = {"facecolor": paint.INSTABILITY}
    looks |= {s: {"facecolor": c} for s, c in paint.LANE.items()}
    looks["unknown"] = {
        "facecolor": paint.UNKNOWN_FACE,
        "edgecolor": paint.UNKNOWN_EDGE,
        "hatch": paint.HATCH,
    }
    handles: list[Artist] = [Patch(label=phrases.KEY[k], **v) for k, v in looks.items() if k in used]
    if handles:
        figure.legend(
            handles=handles, loc="center left", ncol=len(handles), frameon=False, fontsize=paint.SMALL_PT,
            bbox_to_anchor=((LEFT - 6) / paint.WIDTH_PX, 60 / paint.HEIGHT_PX), borderaxespad=0, borderpad=0,
            handlelength=1.6, columnspacing=1.6,
        )  # fmt: skip


def _foot(figure: Figure, incident: Json) -> None:
    """Whose data, how many could see, and which program and incident."""
    seen = incident["view"]
    expected, known = seen["peers_expected"], seen["peers_known_min"]
    peers = phrases.PEERS_NOT_KNOWN
    if expected is not None and known is not None:
        peers = choose(phrases.PEERS_KNOWN, expected).format(known=f"{known:,}", expected=f"{expected:,}")
    signed = phrases.SIGNED.format(
        version=one_line(incident["provenance"]["version"]), id=one_line(incident["id"])
    )
    right = _write(
        figure,
        paint.WIDTH_PX - MARGIN,
        24,
        signed,
        paint.SMALL_PT,
        ha="right",
        va="center",
        color=paint.FAINT,
    )
    source = " ".join(part for part in (attribution.data_line(incident), peers) if part)
    left = _write(figure, MARGIN, 24, source, paint.SMALL_PT, va="center", color=paint.INK)
    paint.fit(left, paint.WIDTH_PX - 2 * MARGIN - paint.measured(right)[0] - 30)
