"""The picture of docs/scaling.md: hours by workers, and where the workers' time goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nightside.publish.chart_paint import DETAIL_PT, DPI, FAINT, GRID, INK, SMALL_PT

COLOURS = ("#D55E00", "#E69F00", "#CC79A7", "#009E73", "#0072B2", "#56B4E9")
"""Okabe and Ito's, one for each way."""
MARKS = "osD^vP"
SPENT = {
    "cpu": ("reading and judging", "#0072B2"),
    "slow": ("stragglers", "#56B4E9"),
    "lost": ("lost with a worker, or to errors", "#D55E00"),
    "fetch": ("waiting for the archives' lines", "#E69F00"),
    "storage": ("waiting for the storage", "#CC79A7"),
    "down": ("worker is down", "#888888"),
}
IDLE = ("nothing to do", "#EEEEEE")
WIDTH_PX, HEIGHT_PX = 1600, 760


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw both panels into a PNG."""
    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    hours = figure.add_axes((0.055, 0.1, 0.40, 0.82))
    spent = figure.add_axes((0.68, 0.27, 0.305, 0.65))
    _hours(hours, results["ways"])
    _spent(spent, results["ways"])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})


def _hours(axes: Axes, ways: list[dict[str, Any]]) -> None:
    axes.set_title("A year of 85 collectors: hours by workers", fontsize=DETAIL_PT + 2, color=INK, loc="left")
    counts = sorted({int(count) for way in ways for count in way["workers"]})
    for way, colour, mark in zip(ways, COLOURS, MARKS, strict=False):
        runs = [way["workers"][str(n)] for n in counts]
        middle = [run["hours"] for run in runs]
        axes.fill_between(
            counts, [r["least"] for r in runs], [r["most"] for r in runs], color=colour, alpha=0.2
        )
        axes.plot(counts, middle, color=colour, marker=mark, label=way["words"])
    alone = max(way["core_hours"] for way in ways)
    axes.plot(counts, [alone / n for n in counts], color=FAINT, linestyle=":", label="as many times as fast")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(FixedLocator(counts))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f} h" if y >= 1 else f"{y:g} h"))
    axes.set_xlabel("workers, a core each", fontsize=SMALL_PT, color=INK)
    axes.grid(color=GRID)
    axes.tick_params(labelsize=SMALL_PT, colors=INK)
    axes.legend(fontsize=SMALL_PT, frameon=False, loc="lower left")
    _plain(axes)


def _spent(axes: Axes, ways: list[dict[str, Any]]) -> None:
    axes.set_title("Where the workers' time goes", fontsize=DETAIL_PT + 2, color=INK, loc="left")
    bars = [(way["words"], n, run) for way in ways for n, run in way["workers"].items() if n in ("16", "256")]
    names = [f"{words}: {n}" if n == "16" else n for words, n, _run in bars]
    left = [0.0] * len(bars)
    for key, (words, colour) in SPENT.items():
        share = [run["shares"][key] for _words, _n, run in bars]
        axes.barh(range(len(bars)), share, left=left, color=colour, label=words, height=0.75)
        left = [before + more for before, more in zip(left, share, strict=True)]
    rest = [max(0.0, 1 - before) for before in left]
    axes.barh(range(len(bars)), rest, left=left, color=IDLE[1], label=IDLE[0], height=0.75)
    axes.set_yticks(range(len(bars)), names, fontsize=SMALL_PT, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))
    axes.tick_params(labelsize=SMALL_PT, colors=INK)
    axes.legend(fontsize=SMALL_PT, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.3, -0.08))
    _plain(axes)


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
