"""Many segments of samples made few, while others read and write.

What is to become one is a stretch of time of some entities: a day of every change, or a month by the hour. It is read
as `Store.samples` reads it, written as one segment, and entered as the last that was written, so that it alone answers
for that time; what it hides goes. Nobody sees anything between the one and the other: both are one transaction. Where
somebody stored samples of that time meanwhile, nothing is changed, and the next compaction finds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from nightside.model.entity import Entity
from nightside.store import samples
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.merging import named, put_pieces, without_holes
from nightside.store.retired import retire
from nightside.store.rollups import DAY_S
from nightside.store.sample_writing import enter_last
from nightside.store.samples import Held
from nightside.store.segment_reader import SegmentReader
from nightside.store.segments import HOUR_S, HOURLY, Columns, Contents, Int64, file_of, resolution_of
from nightside.store.thinning import thinned

MOST_ROWS = 1 << 21
"""So many rows become one segment: a month of 2,900 entities by the hour, a day of 7,000 with 288 changes each."""
OPEN_DAYS = 2
"""The last days are still being stored."""

Key = tuple[int, int, int, int]
"""Of the table `piece`: entity, begin_s, segment, part."""
Found = dict[int, list[tuple[Key, Held]]]
"""By entity."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time whose segments become one."""

    begin_s: int
    end_s: int
    hourly: bool

    @property
    def hours(self) -> int:
        """How many it has."""
        return (self.end_s - self.begin_s) // HOUR_S

    def holds(self, held: Held) -> bool:
        """Whether these rows are of this time alone."""
        return self.begin_s <= held.begin_s and held.end_s <= self.end_s


@dataclass(frozen=True)
class Compacted:
    """Some entities' samples of a span, to be entered in place of what they were read from."""

    span: Span
    found: Found
    """By entity, what the catalogue said."""
    contents: Contents


def months(first_s: int, before_s: int) -> Iterator[Span]:
    """The months (UTC) from that of `first_s` on that end by `before_s`."""
    at = datetime.fromtimestamp(first_s, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        following = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
        if following.timestamp() > before_s:
            return
        yield Span(int(at.timestamp()), int(following.timestamp()), hourly=True)
        at = following


def days(connection: Connection, before_s: int) -> list[Span]:
    """The days (UTC) that end by `before_s` of which several segments hold a part of the same entity."""
    found = connection.execute(
        "SELECT DISTINCT day FROM ("
        f"SELECT begin_s / {DAY_S} AS day, entity FROM piece "
        f"WHERE begin_s / {DAY_S} = (end_s - 1) / {DAY_S} AND end_s <= ? "
        "GROUP BY 1, 2 HAVING count(DISTINCT segment) > 1) AS several ORDER BY 1",
        (before_s // DAY_S * DAY_S,),
    )
    return [Span(day * DAY_S, (day + 1) * DAY_S, hourly=False) for (day,) in found]


def pieces_within(connection: Connection, span: Span) -> Found:
    """By entity, the pieces that overlap a span, in the order of writing."""
    rows = connection.execute(
        "SELECT entity, begin_s, segment, part, end_s, name, row_group, first_row, row_count FROM piece "
        "JOIN segment ON segment.number = segment "
        "WHERE begin_s < ? AND end_s > ? ORDER BY entity, written, part",
        (span.end_s, span.begin_s),
    )
    found: Found = defaultdict(list)
    for entity, begin, segment, part, end, *where in rows:
        found[entity].append(((entity, begin, segment, part), Held(begin, end, *where)))
    return found


def portions(found: Found, span: Span, known: dict[int, Entity]) -> Iterator[Found]:
    """Those with something to gain, in the order of a segment, so many at a time as become one segment."""
    portion: Found = {}
    rows = 0
    for number in sorted(found, key=lambda n: (known[n].type, known[n].code)):
        pieces = found[number]
        if not _gains(pieces, span):
            continue
        portion[number] = pieces
        rows += span.hours if span.hourly else sum(held.row_count for _key, held in pieces)
        if rows >= MOST_ROWS:
            yield portion
            portion, rows = {}, 0
    if portion:
        yield portion


def _gains(pieces: list[tuple[Key, Held]], span: Span) -> bool:
    seen = samples.visible([held for _key, held in pieces], span.begin_s, span.end_s)
    exact = [resolution_of(held.segment) == 1 for held in seen]
    if span.hourly:
        return any(exact)
    # What is coarse is never made to look exact; what reaches further is left as it is.
    return all(exact) and len({held.segment for _key, held in pieces if span.holds(held)}) > 1


def compacted(found: Found, span: Span, reader: SegmentReader, known: dict[int, Entity]) -> Compacted:
    """What is to stand in the place of these pieces.

    Raises OSError or pyarrow.ArrowException where something cannot be read: then all stays as it is.
    """
    entities: list[Entity] = []
    parts: list[tuple[Int64, ...]] = []
    for number, pieces in found.items():
        seen = samples.visible([held for _key, held in pieces], span.begin_s, span.end_s)
        for stretch in without_holes(seen):
            end = stretch[-1].end_s
            points = samples.read(reader, stretch, end)
            numbers = thinned(points, end) if span.hourly else _as_they_are(points, end)
            parts.append((np.full(len(numbers[0]), len(entities), np.int64), *numbers))
            entities.append(known[number])
    columns = Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    sources = sorted({held.segment for pieces in found.values() for _key, held in pieces})
    contents = named(f"compacted {span.begin_s} {span.end_s} {' '.join(sources)}", entities, columns)
    if span.hourly:
        contents = replace(contents, name=contents.name + HOURLY)
    return Compacted(span, found, contents)


def _as_they_are(points: samples.Points, end: int) -> tuple[Int64, Int64, Int64, Int64]:
    return points.begin_s, np.append(points.begin_s[1:], end), points.units, points.baseline


def stands(connection: Connection, made: Compacted) -> bool:
    """Whether the catalogue still says what it was made from; to be asked within the transaction that enters it."""
    now = pieces_within(connection, made.span)
    return all(now.get(number) == pieces for number, pieces in made.found.items())


def enter(connection: Connection, made: Compacted) -> None:
    """Have it answer for its time, alone; its file is written."""
    # Where the very same was made before, and then stored again, its row may be there still, with no pieces.
    segment = enter_last(connection, made.contents.name)
    put_pieces(connection, segment, made.contents)
    delete_pieces(
        connection,
        [key for pieces in made.found.values() for key, held in pieces if made.span.holds(held)],
    )


def pieces_of(connection: Connection, entity: int) -> list[tuple[Key, Held]]:
    """All pieces of an entity, in the order of writing."""
    rows = connection.execute(
        "SELECT begin_s, segment, part, end_s, name, row_group, first_row, row_count FROM piece "
        "JOIN segment ON segment.number = segment WHERE entity = ? ORDER BY written, part",
        (entity,),
    )
    return [
        ((entity, begin, segment, part), Held(begin, end, *where))
        for begin, segment, part, end, *where in rows
    ]


def hidden(pieces: list[tuple[Key, Held]]) -> list[Key]:
    """Those of an entity that answer for nothing, since what was written later covers all of their time."""
    if not pieces:
        return []
    begin, end = min(h.begin_s for _k, h in pieces), max(h.end_s for _k, h in pieces)
    seen = samples.visible([held for _key, held in pieces], begin, end)
    shown = {(p.segment, p.row_group, p.first_row) for p in seen}
    return [key for key, held in pieces if (held.segment, held.row_group, held.first_row) not in shown]


def delete_pieces(connection: Connection, keys: list[Key]) -> None:
    """Forget that these are there."""
    connection.executemany(
        "DELETE FROM piece WHERE entity = ? AND begin_s = ? AND segment = ? AND part = ?", keys
    )


def delete_empty(connection: Connection, files: Files) -> None:
    """Forget segments that hold nothing that anybody needs."""
    empty = connection.execute(
        "SELECT number, name FROM segment WHERE NOT EXISTS (SELECT 1 FROM piece WHERE piece.segment = segment.number)"
    ).fetchall()
    connection.executemany("DELETE FROM segment WHERE number = ?", [(number,) for number, _name in empty])
    retire(connection, files, [file_of(name) for _number, name in empty])
