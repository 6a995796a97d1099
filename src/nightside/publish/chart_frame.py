"""What stands around the panels: the headline and its detail, the key, and the source."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from nightside.publish import attribution, chapters, phrases, services_phrases
from nightside.publish import chart_paint as paint
from nightside.publish.chart_layout import Layout
from nightside.publish.headlines import detail, headline
from nightside.publish.literal import one_line
from nightside.publish.phrases import choose
from nightside.publish.reading import Json

STAMP_COLOUR = "#B54A00"
"""Vermilion, darkened: 5.2 to 1 against white."""


def write(figure: Figure, layout: Layout, x: float, y: float, words: str, size: float, **style: Any) -> Text:
    """A text at pixels from the lower left."""
    return figure.text(x / layout.width_px, y / layout.height_px, words, fontsize=size, **style)


def head(figure: Figure, incident: Json, layout: Layout) -> float:
    """The headline, what it rests on, and the stamp of a reconstruction; returns where there is room below."""
    room = layout.width_px - 2 * layout.margin
    lines = textwrap.wrap(headline(incident), layout.title_characters)
    y = float(layout.title_y)
    for i, line in enumerate(lines):
        y = layout.title_y - layout.title_line_px * i
        title = write(
            figure, layout, layout.margin, y, line, layout.title_pt, weight="bold", color=paint.INK, va="center"
        )  # fmt: skip
        stamped = line is lines[-1] and incident["provenance"]["reconstruction"]
        paint.fit(title, room - _stamp(figure, layout, y) if stamped else room)
    told = detail(incident)
    y -= layout.detail_px
    for i, line in enumerate(_even(told[:1].upper() + told[1:] + ".", layout.detail_characters)):
        y -= layout.detail_line_px if i else 0
        text = write(figure, layout, layout.margin, y, line, layout.detail_pt, color=paint.INK, va="center")
        paint.fit(text, room)
    return y - layout.detail_line_px


def _stamp(figure: Figure, layout: Layout, y: float) -> float:
    """The mark of what is no recording, at the right; returns the pixels it takes."""
    stamp = write(
        figure, layout, layout.width_px - layout.margin, y, phrases.STAMP, layout.stamp_pt,
        color=STAMP_COLOUR, weight="bold", ha="right", va="center",
        bbox={"facecolor": "white", "edgecolor": STAMP_COLOUR, "linewidth": 2, "pad": 6},
    )  # fmt: skip
    return paint.measured(stamp)[0] + 40


def _even(words: str, longest: int) -> list[str]:
    """Lines of about one length, not a full one and a single word."""
    count = len(textwrap.wrap(words, longest))
    return textwrap.wrap(words, min(longest, len(words) // count + 15))


def legend(figure: Figure, used: set[str], layout: Layout) -> None:
    """A key for what was drawn, and only for that."""
    looks: dict[str, dict[str, Any]] = {s: {"facecolor": c} for s, c in paint.AREA.items()}
    looks["instability"] = {"facecolor": paint.INSTABILITY}
    looks |= {s: {"facecolor": c} for s, c in paint.LANE.items()}
    looks["unknown"] = {
        "facecolor": paint.UNKNOWN_FACE,
        "edgecolor": paint.UNKNOWN_EDGE,
        "hatch": paint.HATCH,
    }
    key = dict(phrases.KEY)
    for lane, service in (("up", "answering"), ("down", "silent")):
        # They share a colour, and a colour has one place in the key.
        if service in used:
            both = lane in used
            key[lane] = (services_phrases.KEY_BOTH if both else services_phrases.KEY_OF)[service]
            used = used | {lane}
    handles: list[Artist] = [Patch(label=key[k], **v) for k, v in looks.items() if k in used]
    if handles:
        place = (layout.left - 6) / layout.width_px, layout.legend_y / layout.height_px
        figure.legend(
            handles=handles, loc="center left", ncol=len(handles), frameon=False, fontsize=layout.small_pt,
            bbox_to_anchor=place, borderaxespad=0, borderpad=0, handlelength=1.4, columnspacing=1.3,
        )  # fmt: skip


def foot(figure: Figure, incident: Json, layout: Layout) -> None:
    """Whose data, how many could see, and which program and incident; below it whose networks, by which map."""
    seen = incident["view"]
    expected, known = seen["peers_expected"], seen["peers_known_min"]
    peers = phrases.PEERS_NOT_KNOWN
    if expected is not None and known is not None:
        peers = choose(phrases.PEERS_KNOWN, expected).format(known=f"{known:,}", expected=f"{expected:,}")
    signed = phrases.SIGNED.format(
        version=one_line(incident["provenance"]["version"]), id=one_line(incident["id"])
    )
    parts = [attribution.data_line(incident), peers if layout.wordy else ""]
    right = write(
        figure, layout, layout.width_px - layout.margin, layout.foot_y, signed, layout.small_pt, ha="right",
        va="center", color=paint.FAINT,
    )  # fmt: skip
    source = " ".join(part for part in parts if part)
    left = write(
        figure, layout, layout.margin, layout.foot_y, source, layout.small_pt, va="center", color=paint.INK
    )
    paint.fit(left, layout.width_px - 2 * layout.margin - paint.measured(right)[0] - 30)
    if layout.second_foot_y:
        known = " ".join(part for part in (chapters.operators(incident), chapters.snapshot(incident)) if part)
        below = write(
            figure, layout, layout.margin, layout.second_foot_y, known, layout.small_pt, va="center",
            color=paint.INK,
        )  # fmt: skip
        paint.fit(below, layout.width_px - 2 * layout.margin)
