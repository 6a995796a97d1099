"""RIPEstat's BGPlay (https://stat.ripe.net/docs/data-api/api-endpoints/bgplay): its answer, read strictly.

For some prefixes and a stretch of time it tells the routes at the beginning, and each announcement and withdrawal
since, by source: a peer of a RIS collector. It tells of no session that went down or came up, and of no other
routes of a peer.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from nightside.model.errors import DownloadError, InputError

CALL = "bgplay"
"""The name of the data call."""
ADVICE = "Is NIGHTSIDE_RIPESTAT_URL right? RIPEstat may have changed its answers; collectors can be replayed instead."
HIGHEST_ASN = LAST_SECOND = 2**32 - 1
LONGEST_PATH = 1000
"""ASes; a BGP message of 4,096 bytes has room for no more (RFC 4271, section 4)."""
_RRC = re.compile(r"\d{1,2}")
_LONGEST_WORDS = 120
_WRONG = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a stranger's JSON raises where it has another shape."""

Path = tuple[int | tuple[int, ...], ...]
"""ASes from the peer to the origin; a tuple among them is an AS_SET."""


class Source(NamedTuple):
    """A peer of a collector, of which RIPEstat tells."""

    collector: str
    """`rrc00`."""
    address: str
    asn: int


class Said(NamedTuple):
    """One route held at the beginning, one announcement, or one withdrawal."""

    second: int
    """Seconds since the epoch."""
    source: Source
    prefix: str
    path: Path | None
    """None: withdrawn."""


@dataclass(slots=True)
class Answer:
    """What one answer tells, or several of the same stretch together."""

    begin: int
    """Seconds since the epoch; the routes at this instant are `state`."""
    end: int
    """Nothing is told from here on."""
    state: list[Said] = field(default_factory=list)
    events: list[Said] = field(default_factory=list)
    """In the order of time."""
    unusable: int = 0
    """Rows that could not be used."""
    example: str = ""
    """What was wrong with the first of them."""


def read_answer(content: bytes, where: str) -> Answer:
    """What an answer says; `where` is its address.

    A row that cannot be used is counted. Raises DownloadError where RIPEstat tells of an error, InputError where
    this is no answer of BGPlay.
    """
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}", where=where, advice=ADVICE) from None
    try:
        if said["status"] != "ok":
            raise DownloadError(
                f"RIPEstat answers {_short(said['status'])}: {_messages(said.get('messages'))}",
                where=where,
                advice="Try again later, or with a shorter time.",
            )
        data = said["data"]
        sources = data["sources"]
        answer = Answer(_second(data["query_starttime"]), _second(data["query_endtime"]))
        rows = _Rows(answer, dict(map(_source, sources)))
        answer.state = rows.read(data["initial_state"], at=answer.begin)
        answer.events = sorted(rows.read(data["events"], at=None), key=lambda row: row.second)
    except _WRONG as error:
        what = f"not an answer of BGPlay: {type(error).__name__}: {_short(error)}"
        raise InputError(what, where=where, advice=ADVICE) from None
    if answer.end <= answer.begin:
        raise InputError("an answer that ends before it begins", where=where, advice=ADVICE)
    return answer


def together(answers: Sequence[Answer]) -> Answer:
    """Several answers for different prefixes as one, as far as all of them reach.

    A prefix that more than one tells of (a wider one may have been asked for with what lies in it) is taken from the
    first. Raises InputError where they do not begin together.
    """
    first = answers[0]
    if any(answer.begin != first.begin for answer in answers):
        raise InputError("answers of RIPEstat that begin at different times", advice="Try again.")
    whole = Answer(first.begin, min(answer.end for answer in answers))
    told: set[str] = set()
    for answer in answers:
        here = {row.prefix for row in (*answer.state, *answer.events)} - told
        whole.state += [row for row in answer.state if row.prefix in here]
        whole.events += [row for row in answer.events if row.prefix in here and row.second < whole.end]
        whole.unusable += answer.unusable
        whole.example = whole.example or answer.example
        told |= here
    whole.events.sort(key=lambda row: row.second)
    return whole


class _Rows:
    """Reads routes and events of one answer."""

    def __init__(self, answer: Answer, sources: dict[str, Source]) -> None:
        self.answer, self.sources = answer, sources

    def read(self, rows: list[Any], *, at: int | None) -> list[Said]:
        """The rows that can be used; `at` is given for routes at the beginning, which have no time."""
        found = []
        for row in rows:
            try:
                found.append(self._one(row, at))
            except _WRONG as error:
                self.answer.unusable += 1
                self.answer.example = self.answer.example or f"{_short(error)} in {_short(row)}"
        return found

    def _one(self, row: dict[str, Any], at: int | None) -> Said:
        kind = "A" if at is not None else row["type"]
        if kind not in ("A", "W"):
            raise ValueError("neither an announcement nor a withdrawal")
        second = _second(row["timestamp"]) if at is None else at
        if not self.answer.begin <= second <= self.answer.end:
            raise ValueError("a time outside of what was asked for")
        told = row["attrs"] if at is None else row
        source = self.sources.get(told["source_id"])
        if source is None:
            raise ValueError("a source that is not listed")
        prefix = ipaddress.IPv4Network(_text(told["target_prefix"]))
        return Said(second, source, str(prefix), _path(told["path"]) if kind == "A" else None)


def _source(row: dict[str, Any]) -> tuple[str, Source]:
    rrc = str(row["rrc"])
    if not _RRC.fullmatch(rrc):
        raise ValueError(f"no collector: {rrc}")
    address = str(ipaddress.ip_address(_text(row["ip"])))
    return str(row["id"]), Source(f"rrc{int(rrc):02}", address, _asn(row["as_number"]))


def _text(value: object) -> str:
    # A number would be taken for an address.
    if not isinstance(value, str):
        raise TypeError(f"no text: {value!r}")
    return value


def _asn(value: object) -> int:
    asn = int(value) if isinstance(value, (int, str)) else -1
    if not 0 <= asn <= HIGHEST_ASN:
        raise ValueError(f"no AS number: {value!r}")
    return asn


def _path(value: list[Any]) -> Path:
    """RIPEstat writes a path as a list of numbers; a set stands in it as a list, or as text in braces."""
    if not isinstance(value, list):
        raise TypeError("no path")
    found: list[int | tuple[int, ...]] = []
    for step in value:
        if isinstance(step, list):
            found.append(tuple(map(_asn, step)))
        elif isinstance(step, str) and step.startswith("{"):
            found.append(tuple(map(_asn, step.strip("{}").split(","))))
        else:
            found.append(_asn(step))
    if sum(1 if isinstance(step, int) else len(step) for step in found) > LONGEST_PATH:
        raise ValueError("a path longer than any")
    return tuple(found)


def _second(value: object) -> int:
    """Seconds since the epoch of a time of RIPEstat: ISO 8601 without a zone, which is UTC, or a number."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, (int, float)) and 0 <= value <= LAST_SECOND:
        return math.floor(value)
    raise ValueError(f"no time: {value!r}")


def _messages(value: object) -> str:
    """RIPEstat's messages are pairs of level and text."""
    pairs = value if isinstance(value, list) else []
    texts = [str(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) > 1]
    return _short(" ".join(texts) or "no reason given")


def _short(value: object) -> str:
    """What a stranger said, fit for one line."""
    words = "".join(c if c.isprintable() else "?" for c in str(value)[: _LONGEST_WORDS + 1])
    return words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS] + "…"
