"""One file of a registry's delegation statistics, read strictly: whatever is odd refuses the whole file.

The format is the registries' "RIR statistics exchange format", plain and extended (`delegated-…` and
`delegated-…-extended-…`), the same at all five of them:

    2|apnic|20141009|35407|19850701|20141008|+1000     version, registry, serial, records, first day, last day, zone
    apnic|*|ipv4|*|25898|summary                       how many records of a kind there are
    apnic|KP|ipv4|175.45.176.0|1024|20091221|allocated[|holder[|…]]

The value is a number of addresses (no power of two needs it be) or of ASes; for IPv6 it is a prefix length.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from nightside.model.errors import InputError, UnreadableError

REGISTRIES = ("afrinic", "apnic", "arin", "lacnic", "ripencc")
Kind = Literal["ipv4", "ipv6", "asn"]
KINDS: tuple[Kind, ...] = ("ipv4", "ipv6", "asn")

HELD = ("allocated", "assigned")
NOT_HELD = ("available", "reserved")
"""Of extended files: the registry's own stock. Nobody's."""
LARGEST_BYTES = 256 * 1024 * 1024
"""Unpacked. The largest file of 2026 has 18 MB."""
AHEAD = timedelta(days=1)
"""A registry's day may have begun before ours."""
ADVICE = "Fetch it again from its registry. Nothing was changed."
_LEAST_FIELDS = 7
_NO_DATE = ("", "00000000")


@dataclass(frozen=True, eq=False)
class Ranges:
    """What is held, of one kind, in the order of `first`; ranges do not overlap."""

    first: NDArray[np.uint64]
    """Addresses of IPv4, high 64 bits of addresses of IPv6, or AS numbers."""
    last: NDArray[np.uint64]
    """Inclusive."""
    codes: list[str]
    """As in the file: a country, `EU`, `AP`, a code of former times, or nothing."""


@dataclass(frozen=True, eq=False)
class Delegation:
    """One file."""

    registry: str
    date: date
    """The last day of which it tells."""
    name: str
    sha256: str
    """Of the text, unpacked."""
    records: int
    ranges: dict[Kind, Ranges]


def read_delegation(path: Path, *, today: date, registry: str | None = None) -> Delegation:
    """Read a file, plain or packed with gzip or bzip2.

    Raises UnreadableError; InputError, with the line, where it is cut off, damaged, of another registry than the
    one named, from the future (after `today`), or has ranges that overlap, end before they begin or cannot be.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            advice="Give delegation files of registries.",
        ) from None
    return _Reading(path, today, registry).read(packed)


def _unpacked(packed: bytes, path: Path) -> bytes:
    try:
        if packed[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                content = file.read(LARGEST_BYTES + 1)
        elif packed[:3] == b"BZh":
            with bz2.open(path) as file:
                content = file.read(LARGEST_BYTES + 1)
        else:
            content = packed
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cut off or damaged: {error}", where=str(path), advice=ADVICE) from None
    if len(content) > LARGEST_BYTES:
        raise InputError(f"more than {LARGEST_BYTES} bytes, which no registry's file has", where=str(path))
    return content


class _Reading:
    """One file under way."""

    def __init__(self, path: Path, today: date, registry: str | None) -> None:
        self.path = path
        self.latest = (today + AHEAD).strftime("%Y%m%d")
        self.registry = registry
        self.line = 0
        self.said: dict[str, int] = {}
        """How many records of each kind the summary lines promise."""
        self.found: dict[str, list[tuple[int, int, str, bool, int]]] = {kind: [] for kind in KINDS}
        """(first, last, code, held, line) of every record."""

    def refuse(self, what: str, *, line: int | None = None) -> NoReturn:
        at = self.line if line is None else line
        where = f"{self.path}: line {at}" if at else str(self.path)
        raise InputError(what, where=where, advice=ADVICE)

    def read(self, packed: bytes) -> Delegation:
        content = _unpacked(packed, self.path)
        day, promised = None, 0
        for self.line, text in enumerate(content.split(b"\n"), 1):
            row = text.decode("utf-8", "replace").strip()
            if not row or row[0] == "#":
                continue
            fields = row.split("|")
            if day is None:
                day, promised = self.version(fields)
            elif fields[-1] == "summary":
                self.summary(fields)
            else:
                self.record(fields)
        self.line = 0
        if day is None:
            self.refuse("there is no version line: this is no delegation file")
        records = sum(len(found) for found in self.found.values())
        self.whole(promised, records)
        assert self.registry is not None
        digest = hashlib.sha256(content).hexdigest()
        ranges = {kind: self.ranges(kind) for kind in KINDS}
        return Delegation(self.registry, day, self.path.name, digest, records, ranges)

    def version(self, fields: list[str]) -> tuple[date, int]:
        """(last day, number of records) of the version line; from here on the registry is known."""
        if len(fields) < 6 or fields[0].split(".")[0] != "2":
            self.refuse("no version line of a delegation file (2|REGISTRY|…) stands first")
        _version, registry, serial, records, _first, last = fields[:6]
        if registry not in REGISTRIES:
            self.refuse(f"{registry!r} is none of the registries {', '.join(REGISTRIES)}")
        if self.registry not in (None, registry):
            self.refuse(f"this is the file of {registry}, not of {self.registry}")
        self.registry = registry
        said = serial if last in _NO_DATE else last
        try:
            day = date(int(said[:4]), int(said[4:6]), int(said[6:])) if len(said) == 8 else None
        except ValueError:
            day = None
        if day is None:
            self.refuse(f"it does not say of which day it is ({last!r})")
        if said > self.latest:
            self.refuse(f"it is of {day}, which is in the future")
        return day, self.number(records, "a number of records")

    def number(self, text: str, what: str) -> int:
        if not text.isascii() or not text.isdigit():
            self.refuse(f"{text!r} is not {what}")
        return int(text)

    def summary(self, fields: list[str]) -> None:
        if len(fields) != 6 or fields[2] not in KINDS or fields[0] != self.registry:
            self.refuse("not a summary line (REGISTRY|*|ipv4, ipv6 or asn|*|COUNT|summary)")
        self.said[fields[2]] = self.number(fields[4], "a number of records")

    def record(self, fields: list[str]) -> None:
        if len(fields) < _LEAST_FIELDS:
            self.refuse(
                f"{len(fields)} fields where a record has {_LEAST_FIELDS} or more: is it cut off here?"
            )
        registry, code, kind, start, value, day, status = fields[:_LEAST_FIELDS]
        if registry != self.registry:
            self.refuse(f"a record of {registry!r} in the file of {self.registry}")
        if code and not (len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()):
            self.refuse(f"{code!r} is no country code of two letters")
        if status not in HELD and status not in NOT_HELD:
            self.refuse(f"the status {status!r} is not known")
        if day not in _NO_DATE:
            if len(day) != 8 or not day.isdigit():
                self.refuse(f"{day!r} is no date")
            if day > self.latest:
                self.refuse(f"delegated on {day}, which is in the future")
        if kind == "ipv4":
            first, last = self.ipv4(start, value)
        elif kind == "ipv6":
            first, last = self.ipv6(start, value)
        elif kind == "asn":
            first, last = self.asn(start, value)
        else:
            self.refuse(f"{kind!r} is none of the kinds {', '.join(KINDS)}")
        self.found[kind].append((first, last, code, status in HELD, self.line))

    def count(self, value: str, what: str) -> int:
        if value[:1] == "-" or value == "0":
            self.refuse(f"a range of {value} {what} ends before it begins")
        return self.number(value, f"a number of {what}")

    def ipv4(self, start: str, value: str) -> tuple[int, int]:
        try:
            first = int.from_bytes(inet_pton(AF_INET, start))
        except (OSError, ValueError):
            self.refuse(f"{start!r} is no address of IPv4")
        last = first + self.count(value, "addresses") - 1
        if last >= 1 << 32:
            self.refuse(f"{value} addresses from {start} go beyond 255.255.255.255")
        return first, last

    def ipv6(self, start: str, value: str) -> tuple[int, int]:
        try:
            address = int.from_bytes(inet_pton(AF_INET6, start))
        except (OSError, ValueError):
            self.refuse(f"{start!r} is no address of IPv6")
        length = self.number(value, "a prefix length")
        if not 3 <= length <= 64:
            self.refuse(f"/{length} is not a length between /3 and /64")
        first = address >> 64
        size = 1 << (64 - length)
        if address != first << 64 or first % size:
            self.refuse(f"{start} does not begin a /{length}")
        # What is global unicast (RFC 4291, section 2.4, as IANA gives it to the registries).
        if first >> 61 != 1:
            self.refuse(f"{start} is outside of 2000::/3")
        return first, first + size - 1

    def asn(self, start: str, value: str) -> tuple[int, int]:
        first = self.number(start, "an AS number")
        last = first + self.count(value, "ASes") - 1
        if last >= 1 << 32:
            self.refuse(f"{value} ASes from {start} go beyond 4294967295")
        return first, last

    def whole(self, promised: int, records: int) -> None:
        """The version line and the summary lines say how much there is."""
        if records != promised:
            cut = ": it is cut off" if records < promised else ""
            self.refuse(f"{records} records, and its version line says {promised}{cut}")
        for kind in KINDS:
            there, said = len(self.found[kind]), self.said.get(kind)
            if said not in (None, there):
                self.refuse(f"{there} records of {kind}, and its summary line says {said}")

    def ranges(self, kind: Kind) -> Ranges:
        """What is held, in order. Nothing may overlap, not even what is nobody's."""
        rows = sorted(self.found[kind])
        for before, row in pairwise(rows):
            if row[0] <= before[1]:
                later, earlier = max(row[4], before[4]), min(row[4], before[4])
                self.refuse(f"this range of {kind} overlaps that of line {earlier}", line=later)
        held = [row for row in rows if row[3]]
        return Ranges(
            np.array([row[0] for row in held], np.uint64),
            np.array([row[1] for row in held], np.uint64),
            [row[2] for row in held],
        )
