"""An incident as a chart: PNG or SVG by the file's suffix, the same bytes for the same input."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import matplotlib

from nightside.model.errors import UsageError
from nightside.model.series import IncidentSeries
from nightside.publish import phrases, services_phrases
from nightside.publish.chart_figure import compose, panel_heights
from nightside.publish.chart_layout import Shape, layout_of
from nightside.publish.chart_services import service_name
from nightside.publish.chart_svg import strict_svg
from nightside.publish.chart_upstreams import shown_upstreams, upstream_name
from nightside.publish.headlines import headline, sentence
from nightside.publish.moments import Clock, span
from nightside.publish.phrases import choose
from nightside.publish.reading import Json
from nightside.publish.services_shown import heard_places, shown_services

_STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "hatch.linewidth": 0.8,
    "hatch.color": "#8A8A8A",
    "svg.fonttype": "path",
    "svg.hashsalt": "nightside",
    "text.parse_math": False,
    "text.usetex": False,
}
"""Glyphs as paths: an SVG then needs no font of the reader's. No mathematics: a `$` in a name is a `$`."""

_drawing = Lock()
"""matplotlib's settings belong to the process; one chart at a time borrows them."""


def draw(incident: Json, series: IncidentSeries, path: Path) -> str:
    """Draw the incident (`nightside.incident/1`) into `path`; returns its alternative text.

    1600 by 900 pixels. The file appears whole or not at all. Raises UsageError for a suffix other than
    .png and .svg, OSError where the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg"):
        raise UsageError(
            f"a chart cannot be written as {suffix or 'a file without suffix'}",
            where=str(path),
            advice="Let the name end in .png or .svg.",
        )
    _write_whole(path, picture(incident, series, "png" if suffix == ".png" else "svg"))
    return alt_text(incident, series)


def picture(
    incident: Json, series: IncidentSeries, kind: Literal["png", "svg"], shape: Shape = "page"
) -> bytes:
    """The chart as the bytes of a file: a `page` of 1600 by 900 pixels with every panel, or, for a `post`, 1200 by
    675 with fewer panels and larger type.
    """
    with own_settings():
        return _picture(incident, series, kind, shape)


def alt_text(incident: Json, series: IncidentSeries, shape: Shape = "page") -> str:
    """What the chart shows, for those who cannot see it."""
    layout = layout_of(series, shape)
    panels = panel_heights(series, layout)
    said = []
    count = len(series.lanes)
    if "lanes" in panels and count == 0:
        said.append(phrases.ALT_NO_LANES)
    elif "lanes" in panels and count > layout.most_lanes:
        said.append(phrases.ALT_LANES_OF.format(count=layout.most_lanes, all=f"{count:,}"))
    elif "lanes" in panels:
        said.append(choose(phrases.ALT_LANES, count).format(count=count))
    if "services" in panels:
        said.append(_services_alt(series))
    if "upstreams" in panels:
        said.append(
            phrases.ALT_UPSTREAMS.format(names=", ".join(map(upstream_name, shown_upstreams(series))))
        )
    if "view" in panels:
        said.append(phrases.ALT_VIEW)
    blind = len(series.unknown)
    unknown = choose(phrases.ALT_UNKNOWN, blind).format(count=f"{blind:,}") if blind else ""
    when = span(Clock.of(incident), series.begin, series.end)
    told = {"sentence": sentence(incident), "panels": " ".join(said), "unknown": unknown}
    return " ".join(phrases.ALT.format(span=when, **told).split())


def _services_alt(series: IncidentSeries) -> str:
    services = series.services
    assert services is not None, "a panel of services has services"
    names = ", ".join(service_name(services, course.name) for course in shown_services(services))
    count = len(heard_places(services))
    told = choose(services_phrases.ALT, count).format(names=names, count=f"{count:,}")
    return f"{told} {services_phrases.ALT_MADE_UP}" if services.reconstruction else told


@contextmanager
def own_settings() -> Iterator[None]:
    """matplotlib as it comes, whatever the user's own settings are, with ours on top; put back afterwards."""
    with _drawing, warnings.catch_warnings(), matplotlib.rc_context():
        # Letters that DejaVu lacks are drawn as boxes; that is no news for the terminal.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def _picture(incident: Json, series: IncidentSeries, kind: str, shape: Shape) -> bytes:
    """The bytes of the file; nothing of the day or the machine in them."""
    out = BytesIO()
    layout = layout_of(series, shape)
    figure = compose(incident, series, shape)
    told = {"Title": headline(incident), "Description": alt_text(incident, series, shape)}
    if kind == "png":
        figure.savefig(out, format="png", metadata={"Software": None, **told})
        return out.getvalue()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", metadata={**nothing, **told})
    return strict_svg(out.getvalue(), layout.width_px, layout.height_px)


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside, then rename over."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
