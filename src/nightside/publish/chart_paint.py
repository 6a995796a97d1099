"""Colours and type of the charts: Okabe and Ito's palette (safe for the colour-blind), tinted for areas.

From light to dark the tints keep their order in grey, so that a print tells them apart too. Source of the
palette: Okabe and Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

INK = "#222222"
FAINT = "#666666"
GRID = "#DDDDDD"
LINE = "#0072B2"
AREA = {"partial": "#F9F3B0", "severe": "#F3CC80", "total": "#E8A27C"}
INSTABILITY = "#CC79A7"
UPSTREAM = "#56B4E9"
LANE = {"up": "#A6D3EE", "down": "#D55E00"}
UNKNOWN_FACE = "#F2F2F2"
UNKNOWN_EDGE = "#8A8A8A"
HATCH = "////"

DPI = 100
WIDTH_PX, HEIGHT_PX = 1600, 900
TITLE_PT, DETAIL_PT, SMALL_PT = 20.0, 12.0, 10.0
SMALLEST_PT = 7.0


def measured(text: Text) -> tuple[float, float]:
    """Width and height of a text in pixels."""
    box = text.get_window_extent()
    return float(box.width), float(box.height)


def name_rows(axes: Axes, names: list[str], size: float, width_px: float) -> None:
    """Write the names of rows 0, 1, … at the left, each at most `width_px` wide."""
    axes.set_yticks(range(len(names)), names, fontsize=size, color=INK)
    labels = axes.get_yticklabels()
    for label in labels:
        fit(label, width_px)
    # At the next drawing a label says what the formatter says, not what was cut.
    axes.yaxis.set_major_formatter(FixedFormatter([label.get_text() for label in labels]))


def fit(text: Text, width_px: float) -> None:
    """Make the text smaller until it is at most `width_px` wide; cut it where that is not enough."""
    while (width := measured(text)[0]) > width_px and (size := float(text.get_fontsize())) > SMALLEST_PT:
        # Hinting makes widths uneven: aim a little lower.
        text.set_fontsize(max(SMALLEST_PT, 0.99 * size * width_px / width))
    words = text.get_text()
    while measured(text)[0] > width_px and len(words) > 8:
        words = words[: int(len(words) * 0.95)]
        text.set_text(words.rstrip() + "…")
