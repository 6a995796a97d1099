"""The chapter of a story that tells what would have been posted, each post at its instant."""

from __future__ import annotations

from collections.abc import Sequence

from nightside.model.instants import parse_iso
from nightside.publish import post_phrases as words
from nightside.publish import reading
from nightside.publish.moments import Clock, short_instant
from nightside.publish.phrases import choose
from nightside.publish.posts import post
from nightside.publish.reading import Json

MOST_POSTS = 10
"""Of more than these, only those about the headline are told."""
MARGIN_S = 3600
"""After the headline's end: its `restored` comes when the end is confirmed."""


def chapter(incident: Json, messages: Sequence[Json], reader: str | None = None) -> str:
    """The posts of an incident's messages, in the order of sending; empty where there are none.

    When each is sent is told in the zone `reader`; what it says stays as it is sent, in UTC.
    """
    if not messages:
        return ""
    clock = Clock.of(incident, reader)
    shown = list(messages)
    if len(messages) > MOST_POSTS:
        shown = (about_headline(incident, messages) or shown)[:MOST_POSTS]
    lines = [choose(words.CHAPTER, len(messages))]
    lines += [
        words.CHAPTER_LINE.format(
            at=short_instant(clock, parse_iso(message["at"])), text=post(message, incident)
        )
        for message in shown
    ]
    more = len(messages) - len(shown)
    if more:
        lines.append(words.CHAPTER_MORE.format(count=f"{more:,}"))
    return "\n".join(lines)


def about_headline(incident: Json, sent: Sequence[Json]) -> list[Json]:
    """What was sent ({"at", …}) from the headline's onset until its end could be told."""
    onset, end = parse_iso(incident["onset"]), reading.second(incident["end"])
    return [
        one
        for one in sent
        if parse_iso(one["at"]) >= onset and (end is None or parse_iso(one["at"]) <= end + MARGIN_S)
    ]
