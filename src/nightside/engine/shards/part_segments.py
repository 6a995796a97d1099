"""Parts in a work place: Parquet in the order of cells, so that who needs a few cells reads only these.

Of each part there are three segments (prefixes with the first tables beside them, events, ways) and its head, which is
written last: without it there is no part. A segment's pages have checksums, the head has one of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from nightside.engine.units import Unit
from nightside.model.elements import Peer
from nightside.routing.log import EVENT_KINDS
from nightside.store.files import Files

FOLDER = "parts"
PREFIXES, EVENTS, WAYS, HEAD = "prefixes", "events", "ways", "head"
PREFIX_ROWS, EVENT_ROWS = 1 << 15, 1 << 17
"""So many rows are read together."""
KNOWN = EVENT_KINDS["KNOWN"]


class SpoiltError(Exception):
    """A part in the work place is damaged, or gone: it has to be made anew."""

    def __init__(self, key: str, why: object) -> None:
        super().__init__(f"part {key}: {why}")
        self.key = key


@dataclass(frozen=True)
class Warned:
    """What is to be said of a unit's file (by number; -1: it begins with no file's path), wherever that lies."""

    file: int
    text: str

    @classmethod
    def about(cls, text: str, unit: Unit) -> Warned:
        """A text that may begin with the path of one of the unit's files."""
        for number, file in enumerate(unit.files):
            path = str(file.path)
            if text.startswith(f"{path}: "):
                return cls(number, text[len(path) :])
        return cls(-1, text)

    def of(self, unit: Unit) -> str:
        """As it is told of the unit, with its files where they lie now."""
        return (str(unit.files[self.file].path) if self.file >= 0 else "") + self.text


@dataclass(frozen=True)
class Head:
    """What there is to say of a part before its segments are looked at."""

    key: str
    said: dict[str, Any]

    @property
    def warnings(self) -> list[Warned]:
        """What is to be said of the unit's files."""
        return [Warned(file, text) for file, text in self.said["warnings"]]

    @property
    def peers(self) -> list[Peer]:
        """The sessions."""
        return [Peer(address, asn) for address, asn in self.said["peers"]]


def names_of(key: str) -> list[str]:
    """The files of a part, the head first: without it the others are none."""
    return [name_of(key, what) for what in (HEAD, PREFIXES, EVENTS, WAYS)]


def name_of(key: str, what: str) -> str:
    """The name of one of a part's files."""
    return f"{key}.{what}"


def read_head(work: Files, key: str) -> Head:
    """Raises SpoiltError where there is no such part."""
    try:
        checksum, _, text = work.child(FOLDER).read_bytes(name_of(key, HEAD)).partition(b"\n")
    except OSError as error:
        raise SpoiltError(key, error) from None
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        raise SpoiltError(key, "its head is damaged")
    return Head(key, json.loads(text))


def forget(work: Files, key: str) -> None:
    """A part is spoilt: it has to be made anew. Raises OSError."""
    work.child(FOLDER).delete(name_of(key, HEAD))
