"""The chapter of a story that tells what would have been posted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nightside.model.incident import Episode
from nightside.model.instants import iso, parse
from nightside.publish.posted import about_headline, chapter
from nightside.publish.posts import post

Told = dict[str, Any]
Tell = Callable[..., Told]

ONSET, END = parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z")


def opened(at: int, onset: int = ONSET) -> Told:
    return {
        "key": f"k{at}",
        "kind": "opened",
        "at": iso(at),
        "severity": "total",
        "onset": iso(onset),
        "end": None,
    }


def test_each_post_stands_at_its_instant(told: Tell) -> None:
    incident = told(episodes=[Episode("severe", ONSET, END, 0.0, 0), Episode("total", ONSET, END, 0.0, 0)])
    restored = opened(END + 600) | {"kind": "restored", "end": iso(END)}
    assert chapter(incident, [opened(ONSET), restored]) == "\n".join(
        [
            "What would have been posted, each at its time:",
            "  22 Dec 16:15:00 UTC (23 Dec 01:15:00 +09:00)",
            f"    {post(opened(ONSET), incident)}",
            "  23 Dec 01:56:00 UTC (23 Dec 10:56:00 +09:00)",
            f"    {post(restored, incident)}",
        ]
    )


def test_nothing_told_is_no_chapter(told: Tell) -> None:
    assert chapter(told(), []) == ""


def test_of_very_many_those_about_the_headline_are_told_and_the_others_counted(told: Tell) -> None:
    early = [opened(ONSET - 3600 * i, ONSET - 3600 * i) for i in range(20, 0, -1)]
    late = [opened(END + 40_000, END + 40_000)]
    sent = [*early, opened(ONSET), *late]
    assert about_headline(told(), sent) == [opened(ONSET)]
    lines = chapter(told(), sent).split("\n")
    assert len(lines) == 4
    assert lines[1] == "  22 Dec 16:15:00 UTC (23 Dec 01:15:00 +09:00)"
    assert lines[3] == "  and 21 more; the report (`--html`) has them all"


def test_where_none_is_about_the_headline_the_first_are_told(told: Tell) -> None:
    early = [opened(ONSET - 3600 * i, ONSET - 3600 * i) for i in range(20, 0, -1)]
    assert len(chapter(told(), early).split("\n")) == 1 + 2 * 10 + 1
