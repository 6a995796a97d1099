"""Files of MRT records, through the decoder and through the lines."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fuzz.rules import bytewise, chance, exact, in_pieces, must, same

from nightside.model.elements import Kind
from nightside.model.errors import NotMrtError
from nightside.wire.decoder import Decoder
from nightside.wire.lines import Lines

NAMES = (
    "time_us", "kind", "flags", "peer", "family", "prefix_hi", "prefix_lo", "prefix_len", "origin", "upstream",
    "attr_offset", "attr_length", "record_offset", "old_state", "new_state", "path_id",
)  # fmt: skip
KNOWN_FLAGS = 31
SURE_TYPES = (12, 13, 16, 17)
"""A header of one of these types loses no framing."""
LONGEST_CHECKED = 6000
"""Longer inputs are not fed byte by byte."""
_PASSED_OVER = re.compile(r": (\d+) bytes passed over$")
_ENDS_INSIDE = re.compile(r"the file ends inside a record: (\d+) bytes")


@dataclass
class Reading:
    """All that a decoder says of one file, where it has said it."""

    columns: dict[str, list[int]]
    paths: list[tuple[int, ...]]
    peers: list[Any]
    table_peers: list[int]
    skipped: list[Any]
    records: int
    truncated: bool

    def before(self, offset: int) -> tuple[dict[str, list[int]], list[tuple[int, ...]]]:
        """Its elements of records that begin before this byte."""
        number = sum(1 for at in self.columns["record_offset"] if at < offset)
        return {name: column[:number] for name, column in self.columns.items()}, self.paths[:number]


class _Gathering:
    """Batches as they come, checked and put together."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.columns: dict[str, list[int]] = {}
        self.paths: list[tuple[int, ...]] = []

    def add(self, batches: Iterable[Any], decoder: Decoder) -> None:
        for batch in batches:
            n = batch.count
            must(n > 0, "an empty batch")
            for name in NAMES:
                if hasattr(batch, name):
                    self.columns.setdefault(name, []).extend(getattr(batch, name)[:n].tolist())
            starts, counts = batch.path_start[:n].tolist(), batch.path_count[:n].tolist()
            last = max(map(sum, zip(starts, counts, strict=True)))
            must(last <= len(batch.paths), "a path behind the paths:", last, len(batch.paths))
            paths = batch.paths[:last].tolist()
            self.paths += [tuple(paths[s : s + c]) for s, c in zip(starts, counts, strict=True)]

    def check(self, peers: int) -> None:
        """Every index is within its bounds."""
        c = self.columns
        last = 0
        for i in range(len(self.paths)):
            kind, family, length = c["kind"][i], c["family"][i], c["prefix_len"][i]
            must(1 <= kind <= 5, "kind", kind)
            must(c["peer"][i] < peers, "element", i, "is of peer", c["peer"][i], "of", peers)
            must(family in ((0,) if kind == Kind.STATE else (4, 6)), "family", family, "of kind", kind)
            must(not c["flags"][i] & ~KNOWN_FLAGS, "flags", c["flags"][i])
            must(length <= {0: 0, 4: 32, 6: 128}[family], "length", length, "of family", family)
            value = c["prefix_hi"][i] << 64 | c["prefix_lo"][i]
            must(value & ((1 << 128 - length) - 1) == 0, "host bits are set:", hex(value), length)
            at, block, size = c["record_offset"][i], c["attr_offset"][i], c["attr_length"][i]
            must(last <= at and at + 12 <= self.size, "record offset", at, "behind", last, "of", self.size)
            last = at
            if block == -1:
                must(size == 0, "no attributes, and", size, "bytes of them")
            else:
                must(
                    at + 12 <= block and block + size <= self.size,
                    "attributes at",
                    block,
                    size,
                    "of",
                    self.size,
                )
            must(c["time_us"][i] >= 0, "time", c["time_us"][i])


def read(content: bytes, pieces: Iterable[bytes], capacity: int = 65536) -> Reading | str:
    """What a decoder says of a file fed so; or why it refuses the file."""
    decoder = Decoder(capacity)
    decoder.start("a file")
    gathering = _Gathering(len(content))
    try:
        for piece in pieces:
            gathering.add(decoder.feed(exact(piece)), decoder)
        gathering.add(decoder.finish(), decoder)
    except NotMrtError as error:
        must(not gathering.paths, "refused after elements were given")
        return str(error)
    gathering.check(len(decoder.peers))
    for skip in decoder.skipped:
        must(0 <= skip.offset < len(content) and skip.count >= 1, skip, "of", len(content), "bytes")
    return Reading(
        {name: gathering.columns.get(name, []) for name in NAMES},
        gathering.paths,
        list(decoder.peers),
        list(decoder.table_peers),
        list(decoder.skipped),
        decoder.records,
        decoder.truncated,
    )


@dataclass
class Counted:
    """What the lines are of one file."""

    text: bytes
    skipped: list[Any]
    records: int
    truncated: bool

    @property
    def count(self) -> int:
        """How many there are."""
        return self.text.count(b"\n")


def read_lines(pieces: Iterable[bytes]) -> Counted | str:
    """What the lines are of a file fed so; or why it is refused."""
    lines = Lines()
    lines.start("a file")
    text: list[bytes] = []
    try:
        for piece in pieces:
            text += lines.feed(exact(piece))
        text += lines.finish()
    except NotMrtError as error:
        return str(error)
    return Counted(b"".join(text), list(lines.skipped), lines.records, lines.truncated)


@dataclass(frozen=True)
class Taken:
    """One record as a reader takes it: where it is, how many elements or lines it gives, why it is refused."""

    begin: int
    end: int
    given: int
    reason: str | None


def _uncounted(content: bytes, begin: int) -> int:
    """How many bytes of the record at `begin` stand behind the length that it counts: 4 where routes reach so far."""
    _time_s, kind, subtype, length = struct.unpack_from(">IHHI", content, begin)
    fixed = {(12, 1): 18, (12, 2): 42}.get((kind, subtype))
    if fixed is None or not 4 + fixed < length <= 1 << 20:
        return 0
    at, end = begin + 12 + 4, begin + 12 + length
    ends = []
    while end - at >= fixed:
        at += fixed + int.from_bytes(content[at + fixed - 2 : at + fixed], "big")
        ends.append(at)
    # Where the first reaches behind the record, it is one bad route.
    return 4 if ends[0] < end and ends[-1] == end + 4 else 0


def one_by_one(content: bytes, reader: Any, measure: Callable[[Any], int]) -> list[Taken]:
    """What a reader makes of each record, by feeding them one by one; every byte is a record's, or is told of."""
    reader.start("a file")
    found: list[Taken] = []
    at = end = given = 0
    told: dict[str, int] = {}
    while end < len(content):
        kind = int.from_bytes(content[end + 4 : end + 6], "big")
        length = int.from_bytes(content[end + 8 : end + 12], "big")
        # What may not be the begin of a record is fed byte by byte, so that one is seen as soon as it is found.
        sure = at == end and kind in SURE_TYPES and length <= len(content)
        piece = content[end : end + (12 + length if sure else 1)]
        end += len(piece)
        given += sum(measure(batch) for batch in reader.feed(exact(piece)))
        if reader.records == len(found):
            continue
        must(reader.records == len(found) + 1, "two records in the bytes of one, at byte", at)
        # Between two records the end is told of nothing: it hands out what has been gathered.
        given += sum(measure(batch) for batch in reader.finish())
        passed, refused = _news(reader, told)
        begin = at + passed
        length = int.from_bytes(content[begin + 8 : begin + 12], "big") + _uncounted(content, begin)
        must(
            begin + 12 + length == end,
            f"{at} to {end}: {passed} bytes are passed over, the record has {length} + 12",
        )
        must(len(refused) <= 1, "one record is bad in several ways, at byte", begin, refused)
        found.append(Taken(begin, end, given, refused[0] if refused else None))
        at, given = end, 0
    rest = sum(measure(batch) for batch in reader.finish())
    must(rest + given == 0, "elements of a record that has not come whole")
    passed, refused = _news(reader, told)
    if match := _ENDS_INSIDE.search("".join(refused)):
        passed += int(match[1])
    must(
        passed == len(content) - at,
        "behind the last record are",
        len(content) - at,
        "bytes; it is told of",
        passed,
    )
    return found


def _news(reader: Any, told: dict[str, int]) -> tuple[int, list[str]]:
    """The bytes that have been passed over, and the records that have been refused, since it was told last."""
    passed, refused = 0, []
    for skip in reader.skipped:
        more = skip.count - told.get(skip.reason, 0)
        told[skip.reason] = skip.count
        if more and (match := _PASSED_OVER.search(skip.reason)):
            passed += more * int(match[1])
        else:
            refused += [skip.reason] * more
    return passed, refused


def account(content: bytes, whole: Reading, lines: Counted) -> list[Taken]:
    """Every record by itself is what it is in the whole file, for both readers, and they agree of it."""
    decoder, text = Decoder(1), Lines()
    records = one_by_one(content, decoder, _elements)
    written = one_by_one(content, text, lambda batch: int(batch.count(b"\n")))
    same(decoder.skipped, whole.skipped, "skipped, record by record")
    same(text.skipped, lines.skipped, "skipped by the lines, record by record")
    same(decoder.records, whole.records, "records, one by one")
    same(sum(one.given for one in written), lines.count, "lines, record by record")
    begins = {one.begin for one in records}
    for offset in whole.columns["record_offset"]:
        must(offset in begins, "an element of a record at byte", offset, "where none begins")
    same(
        [(one.begin, one.end) for one in written],
        [(one.begin, one.end) for one in records],
        "records of the lines",
    )
    for ours, theirs in zip(records, written, strict=True):
        unread = any("not read" in (reason or "") for reason in (ours.reason, theirs.reason))
        if unread:
            continue
        # Of several faults each may tell another.
        where = f"the record at byte {ours.begin}: {theirs.reason}, {ours.reason}"
        same(theirs.reason is None, ours.reason is None, f"lines of {where}")
        if ours.reason is None:
            same(theirs.given, ours.given, f"lines of {where}")
        else:
            # Of a message whose attributes are bad, the lines have the multicast routes too.
            must(theirs.given >= ours.given, theirs.given, "lines of", ours.given, "elements of", where)
    return records


def _elements(batch: Any) -> int:
    """Those that a line is written for."""
    return int((batch.kind[: batch.count] != Kind.END_OF_RIB).sum())


def enter(content: bytes) -> None:
    """All rules for one file."""
    random_ = chance(content)
    whole = read(content, [content])
    pieces = in_pieces(content, random_)
    same(read(content, pieces, random_.choice([1, 2, 7])), whole, "in pieces")
    text = read_lines([content])
    same(read_lines(pieces), text, "lines in pieces")
    if isinstance(whole, str) or isinstance(text, str):
        same(text, whole, "refused by one of the readers")
        return
    same((text.records, text.truncated), (whole.records, whole.truncated), "records and end of the lines")
    must(not text.text or text.text.endswith(b"\n"), "a line without its end")
    if len(content) <= LONGEST_CHECKED:
        same(read(content, bytewise(content), 1), whole, "byte by byte")
        records = account(content, whole, text)
        _check_cut(content, whole, records, random_.randint(0, len(content)))


def _check_cut(content: bytes, whole: Reading, records: list[Taken], cut: int) -> None:
    """What stands before a cut, or before anything bad, does not change with what comes behind."""
    before = [one.begin for one in records if one.end <= cut]
    reading = read(content[:cut], [content[:cut]])
    if isinstance(reading, str):
        must(not before or cut == 0, "a file of", len(before), "records is refused:", reading)
        return
    same(reading.records, len(before), "records before a cut")
    bound = before[-1] + 1 if before else 0
    same(reading.before(len(content)), whole.before(bound), f"elements before a cut at {cut}")
