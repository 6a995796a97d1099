"""An evaluation as a picture: recall and precision of the rules side by side, with intervals; PNG or SVG."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nightside.model.errors import UnreadableError, UsageError
from nightside.publish import chart_paint as paint
from nightside.publish.chart import own_settings
from nightside.publish.evaluation import HEADINGS

_RULES = (
    ("nightside", "Nightside", paint.LINE, "o"),
    ("ioda", "IODA's rule", "#D55E00", "s"),
    ("exact-prefix", "exact prefixes", "#8A8A8A", "^"),
)
_APART = 0.24
"""How far the rules of one row stand from each other, of the height of a row."""


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw `nightside.evaluation/1` into `path`, 1600 by 900 pixels.

    Raises UsageError for a suffix other than .png and .svg, UnreadableError where the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg"):
        raise UsageError(
            "a picture cannot be written as that", where=str(path), advice="Let the name end in .png or .svg."
        )
    with own_settings():
        figure = _compose(report)
        content = BytesIO()
        figure.savefig(content, format=suffix[1:], metadata={"Date": None} if suffix == ".svg" else {})
    try:
        path.write_bytes(content.getvalue())
    except OSError as error:
        raise UnreadableError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _compose(report: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(paint.WIDTH_PX / paint.DPI, paint.HEIGHT_PX / paint.DPI), dpi=paint.DPI)
    FigureCanvasAgg(figure)
    rows = [c for c in report["comparison"] if any(r and r["true"] for r in c["rules"].values())]
    world = report["world"]
    figure.text(
        0.03,
        0.945,
        "Outages found, and alarms that were right: total and severe episodes",
        fontsize=paint.TITLE_PT,
        color=paint.INK,
        weight="bold",
    )
    figure.text(
        0.03,
        0.905,
        f"{world['injections']} injected outages with noise, {world['countries']} countries, "
        f"{world['prefixes']:,} prefixes, {world['days']:g} simulated days; truth by our own definitions. "
        "Points with 95 % intervals.",
        fontsize=paint.DETAIL_PT,
        color=paint.FAINT,
    )
    for place, (figure_name, title) in enumerate((("recall", "Recall"), ("precision", "Precision"))):
        axes = figure.add_axes((0.23 + 0.385 * place, 0.15, 0.355, 0.70))
        _panel(axes, rows, figure_name, title, labels=place == 0)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower left", bbox_to_anchor=(0.22, 0.055), ncols=3, frameon=False)
    figure.text(0.03, 0.03, _alarms(report), fontsize=paint.DETAIL_PT, color=paint.INK)
    return figure


def _panel(axes: Axes, rows: list[dict[str, Any]], figure_name: str, title: str, *, labels: bool) -> None:
    for number, (rule, name, colour, marker) in enumerate(_RULES):
        ys, values, low, high = [], [], [], []
        for y, row in enumerate(rows):
            figures = row["rules"].get(rule)
            if figures is None or figures[figure_name] is None:
                continue
            value = 100 * figures[figure_name]
            ys.append(y + _APART * (number - 1))
            values.append(value)
            low.append(max(0.0, value - 100 * figures[f"{figure_name}_low"]))
            high.append(max(0.0, 100 * figures[f"{figure_name}_high"] - value))
        axes.errorbar(
            values,
            ys,
            xerr=(low, high),
            fmt=marker,
            color=colour,
            markersize=5,
            elinewidth=1.2,
            label=name,
            clip_on=False,
        )
    axes.set_xlim(0, 100)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [_label(r) for r in rows] if labels else [""] * len(rows))
    axes.tick_params(axis="both", labelsize=paint.SMALL_PT, color=paint.GRID)
    axes.set_xlabel("%", fontsize=paint.SMALL_PT)
    axes.set_title(title, fontsize=paint.DETAIL_PT, color=paint.INK, loc="left")
    axes.grid(axis="x", color=paint.GRID)
    axes.set_axisbelow(True)
    for y in range(1, len(rows)):
        if rows[y]["by"] != rows[y - 1]["by"]:
            axes.axhline(y - 0.5, color=paint.GRID, linewidth=1)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _label(row: dict[str, Any]) -> str:
    heading = HEADINGS[row["by"]]
    true = row["rules"]["nightside"]["true"]
    return f"{heading + ': ' if heading else ''}{row['name']}  ({true})"


def _alarms(report: dict[str, Any]) -> str:
    parts = []
    for rule, (_key, name, _colour, _marker) in zip(report["rules"], _RULES, strict=True):
        quiet = rule["false_alarms"]["quiet"]
        if quiet["per_country_year"] is not None:
            parts.append(
                f"{name} {quiet['per_country_year']:.3g} (below {quiet['per_country_year_below']:.3g})"
            )
    if not parts:
        return ""
    return "False alarms per country-year on quiet days, and the exact 95 % bound: " + "; ".join(parts)
