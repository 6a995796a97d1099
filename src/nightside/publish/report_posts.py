"""The posts of an incident with their times; of very many, those about the headline, and all behind a fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nightside.publish.literal import one_line
from nightside.publish.moments import Clock
from nightside.publish.posted import MOST_POSTS, about_headline
from nightside.publish.reading import Json
from nightside.publish.report_cells import When, when

LONGEST_POST = 1000


@dataclass(frozen=True, slots=True)
class Post:
    """What was said, and when."""

    when: When
    text: str


def posts_of(incident: Json, posts: Sequence[Json]) -> tuple[list[Post], list[Post]]:
    """The posts to show, and, where these are not all, all of them. `posts` are {"at", "text"}."""
    clock = Clock.of(incident)
    if len(posts) <= MOST_POSTS:
        return _told(clock, posts), []
    about = about_headline(incident, posts)
    return _told(clock, about[:MOST_POSTS]), _told(clock, posts)


def _told(clock: Clock, posts: Sequence[Json]) -> list[Post]:
    return [Post(when(clock, post["at"]), one_line(post["text"], LONGEST_POST)) for post in posts]
