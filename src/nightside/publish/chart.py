"""An incident as a chart: PNG or SVG by the file's suffix, the same bytes for the same input."""

from __future__ import annotations

import os
import re
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
from nightside.publish import chart_paint as paint
from nightside.publish import phrases
from nightside.publish.chart_figure import compose
from nightside.publish.chart_lanes import MOST_LANES
from nightside.publish.headlines import headline, sentence
from nightside.publish.moments import Clock, span
from nightside.publish.phrases import choose
from nightside.publish.reading import Json

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
    incident: Json, series: IncidentSeries, kind: Literal["png", "svg"], shape: Literal["page"] = "page"
) -> bytes:
    """The chart as the bytes of a file; `shape` is its layout, of which there is one."""
    with own_settings():
        return _picture(incident, series, kind)


def alt_text(incident: Json, series: IncidentSeries) -> str:
    """What the chart shows, for those who cannot see it."""
    count = len(series.lanes)
    if count == 0:
        lanes = phrases.ALT_NO_LANES
    elif count > MOST_LANES:
        lanes = phrases.ALT_LANES_OF.format(count=MOST_LANES, all=f"{count:,}")
    else:
        lanes = choose(phrases.ALT_LANES, count).format(count=count)
    blind = len(series.unknown)
    unknown = choose(phrases.ALT_UNKNOWN, blind).format(count=f"{blind:,}") if blind else ""
    when = span(Clock.of(incident), series.begin, series.end)
    return phrases.ALT.format(span=when, sentence=sentence(incident), lanes=lanes, unknown=unknown).strip()


@contextmanager
def own_settings() -> Iterator[None]:
    """matplotlib as it comes, whatever the user's own settings are, with ours on top; put back afterwards."""
    with _drawing, warnings.catch_warnings(), matplotlib.rc_context():
        # Letters that DejaVu lacks are drawn as boxes; that is no news for the terminal.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def _picture(incident: Json, series: IncidentSeries, kind: str) -> bytes:
    """The bytes of the file; nothing of the day or the machine in them."""
    out = BytesIO()
    figure = compose(incident, series)
    if kind == "png":
        figure.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", metadata={**nothing, "Title": headline(incident)})
    # The address of the document type is the one thing outside the picture; SVG does without. And pixels, not
    # the printer's points, so that both kinds have one size.
    picture = re.sub(rb"<!DOCTYPE[^>]*>\s*", b"", out.getvalue(), count=1)
    size = b'width="%d" height="%d"' % (paint.WIDTH_PX, paint.HEIGHT_PX)
    return re.sub(rb'width="[\d.]+pt" height="[\d.]+pt"', size, picture, count=1)


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside, then rename over."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
