"""The chart's panel of services: one row for each, as high as the share of its parts that answered."""

from __future__ import annotations

from matplotlib.axes import Axes

from nightside.model.series import IncidentSeries
from nightside.model.services import ServiceCourse, Services
from nightside.publish import chart_paint as paint
from nightside.publish import services_phrases
from nightside.publish.chart_time import width_s
from nightside.publish.phrases import choose
from nightside.publish.services_shown import count_of, heard_places, shown_services, stretches

BAR = 0.74
"""Height of the whole, where a row is 1."""


def service_name(services: Services, service: str) -> str:
    """`name servers (3)`."""
    return services_phrases.ROW.format(
        service=services_phrases.SERVICES[service], count=f"{count_of(services, service):,}"
    )


def draw_services(axes: Axes, series: IncidentSeries, label_px: float, small_pt: float) -> set[str]:
    """Draw the panel, with at most `label_px` for names; returns the keys of the legend that it used."""
    services, shown = series.services, shown_services(series.services)
    assert services is not None, "a panel of services has services"
    axes.set_xlim(0, width_s(series))
    axes.set_ylim(len(shown) - 0.5, -0.5)
    used: set[str] = set()
    for row, course in enumerate(shown):
        used |= _draw_row(axes, series, course, row)
    paint.name_rows(axes, [service_name(services, c.name) for c in shown], small_pt, label_px)
    count = len(heard_places(services))
    told = choose(services_phrases.PANEL, count).format(count=f"{count:,}")
    if services.reconstruction:
        told += "\n" + services_phrases.PANEL_MADE_UP
    axes.text(
        1.006, 0.5, told, transform=axes.transAxes, ha="left", va="center", fontsize=small_pt, color=paint.INK,
    )  # fmt: skip
    return used


def _draw_row(axes: Axes, series: IncidentSeries, course: ServiceCourse, row: int) -> set[str]:
    """What answers from the foot of the row upwards, what does not above it; hatched where nobody knows."""
    top, foot = row - BAR / 2, row + BAR / 2
    used: set[str] = set()
    answering: list[tuple[int, int, float]] = []
    silent: list[tuple[int, int]] = []
    unknown: list[tuple[int, int]] = []
    for begin, end, share in stretches(course, series.begin, series.begin + width_s(series)):
        at, long = begin - series.begin, end - begin
        if share is None:
            unknown.append((at, long))
            continue
        if share > 0:
            answering.append((at, long, share))
        if share < 1 and silent and sum(silent[-1]) == at:
            silent[-1] = (silent[-1][0], silent[-1][1] + long)
        elif share < 1:
            silent.append((at, long))
    # Silence has an edge, so that a short one is not lost to the eye; what answers lies upon it.
    if silent:
        used.add("silent")
        axes.broken_barh(
            silent, (top, BAR), facecolor=paint.LANE["down"], edgecolor=paint.LANE["down"], linewidth=0.8,
            zorder=1.2,
        )  # fmt: skip
    if answering:
        used.add("answering")
    for share in sorted({share for _at, _long, share in answering}):
        axes.broken_barh(
            [(at, long) for at, long, own in answering if own == share], (foot - BAR * share, BAR * share),
            facecolor=paint.LANE["up"], edgecolor="none", linewidth=0, zorder=1.1 if share == 1 else 1.3,
        )  # fmt: skip
    if unknown:
        used.add("unknown")
        axes.broken_barh(
            unknown, (top, BAR), facecolor=paint.UNKNOWN_FACE, edgecolor=paint.UNKNOWN_EDGE, hatch=paint.HATCH,
            linewidth=0.8, zorder=1.6,
        )  # fmt: skip
    return used
