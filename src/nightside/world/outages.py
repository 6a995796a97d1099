"""The catalogue of documented outages: what others said of countries that lost their Internet, each with its source.

`data/outages.json`. A row is one incident; its claims stand side by side where they disagree. Nothing of it was
measured here. A time is written as precisely as its source gives it: `2011-01-27T22:34Z` is a minute, `…T22Z` an
hour, `2011-01-27Z` a day; a day without a zone is one of which the source does not say where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, get_args

from nightside.model.errors import InputError
from nightside.world.names import country_codes

Kind = Literal["total", "partial", "services", "instability"]
Seen = Literal["routes", "traffic", "services"]
Confidence = Literal["high", "medium", "low"]
Precision = Literal["second", "minute", "hour", "day"]

PRECISIONS: dict[Precision, int] = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""How many seconds each leaves open."""
EASTMOST_S, WESTMOST_S = 14 * 3600, 12 * 3600
"""Somewhere a day begins so much before that of UTC (Kiribati), and elsewhere ends so much after (Baker Island)."""

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:T(?P<hour>\d\d)(?P<minute>:\d\d)?(?P<second>:\d\d)?)?(?P<zone>Z|[+-]\d\d:\d\d)?"
)
_DAY = re.compile(r"\d{4}-\d\d(-\d\d)?")
_ID = re.compile(r"[a-z]{2}-\d{4}-\d\d(-\d\d)?")
_CLAIM_KEYS = {
    *("by", "source", "url", "date", "says", "begin", "end", "duration_s", "contradicted"),
}
_ROW_KEYS = {"id", "country", "kind", "seen_in", "confidence", "what", "note", "compare", "claims"}


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as precisely as a source gives it: within [earliest, latest), seconds since the epoch."""

    text: str
    earliest: int
    latest: int
    precision: Precision

    def to_json(self) -> dict[str, str]:
        """As in the data, with the precision named."""
        return {"at": self.text, "precision": self.precision}


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of an outage."""

    by: str
    """Who says it."""
    source: str
    url: str | None
    date: str
    """Of the source: a day, or a month where no day is known."""
    says: str
    begin: Moment | None
    end: Moment | None
    duration_s: tuple[int, int | None] | None
    """At least, and at most (None: not said) so many seconds, where the source tells a duration."""
    contradicted: str | None
    """Why this claim cannot hold; None where nothing speaks against it."""

    @property
    def lasted_s(self) -> tuple[int, int | None]:
        """At least and at most so many seconds, by what it says; (0, None) where it says nothing of it."""
        if self.duration_s is not None:
            return self.duration_s
        if self.begin is None or self.end is None:
            return 0, None
        return max(0, self.end.earliest - self.begin.latest), self.end.latest - self.begin.earliest

    def to_json(self) -> dict[str, Any]:
        """The claim as it stands in answers."""
        return {
            "by": self.by,
            "source": self.source,
            "url": self.url,
            "date": self.date,
            "says": self.says,
            "begin": None if self.begin is None else self.begin.to_json(),
            "end": None if self.end is None else self.end.to_json(),
            "duration_s": None if self.duration_s is None else list(self.duration_s),
            "contradicted": self.contradicted,
        }


@dataclass(frozen=True, slots=True)
class Documented:
    """One outage with all that is claimed of it."""

    id: str
    country: str
    kind: Kind
    """`total`: all or nearly all of it, by those who tell of it; `services`: sites and mail, not the routes."""
    seen_in: tuple[Seen, ...]
    """In what it showed. What showed in traffic alone, this program could not have seen by routes."""
    confidence: Confidence
    what: str
    note: str | None
    compare: bool
    """One of those that experts compare others with."""
    claims: tuple[Claim, ...]

    @property
    def standing(self) -> tuple[Claim, ...]:
        """The claims that nothing contradicts."""
        return tuple(c for c in self.claims if c.contradicted is None)

    @property
    def onset(self) -> int:
        """When it began by the claim that says it most precisely, in seconds: the begin of what that leaves open."""
        begins = [c.begin for c in self.standing if c.begin is not None]
        return min(begins, key=lambda b: (b.latest - b.earliest, b.earliest)).earliest

    @property
    def reach(self) -> tuple[int, int]:
        """From the earliest it can have begun to the latest it can have been going on, in seconds.

        By the claims that give an hour or better for its begin, where there are any.
        """
        dated = [c for c in self.standing if c.begin is not None]
        closer = [c for c in dated if c.begin is not None and c.begin.precision != "day"] or dated
        most = self.lasted_s[1] or 0
        first = min(c.begin.earliest for c in closer if c.begin is not None)
        last = max(c.begin.latest + most for c in closer if c.begin is not None)
        return first, max([last, *(c.end.latest for c in closer if c.end is not None)])

    @property
    def lasted_s(self) -> tuple[int, int | None]:
        """At least and at most so many seconds, by all claims that say it and hold; (0, None) where none does.

        A claim that leaves more than two hours open counts only where there is no closer one.
        """
        told = [c.lasted_s for c in self.standing if c.lasted_s != (0, None)]
        told = [(a, b) for a, b in told if b is not None and b - a <= 2 * PRECISIONS["hour"]] or told
        if not told:
            return 0, None
        most = [b for _, b in told]
        return min(a for a, _ in told), None if None in most else max(b for b in most if b is not None)

    def to_json(self) -> dict[str, Any]:
        """The row as it stands in answers."""
        return {
            "id": self.id,
            "country": self.country,
            "kind": self.kind,
            "seen_in": list(self.seen_in),
            "confidence": self.confidence,
            "what": self.what,
            "note": self.note,
            "claims": [c.to_json() for c in self.claims],
        }


@dataclass(frozen=True, slots=True)
class Rarity:
    """Who says that whole countries are rarely lost."""

    says: str
    by: str
    date: str
    url: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rows, in the order of their begin."""

    as_of: date
    rare: Rarity
    outages: tuple[Documented, ...]

    def of(self, country: str) -> tuple[Documented, ...]:
        """Those of one country."""
        return tuple(o for o in self.outages if o.country == country)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue that is shipped."""
    path = files("nightside.world") / "data" / "outages.json"
    return read_catalogue(json.loads(path.read_text(encoding="utf-8")), where="outages.json")


def read_catalogue(data: Any, *, where: str) -> Catalogue:
    """The catalogue out of its JSON. InputError names the row (from 1), the claim and what is wrong with it."""
    try:
        if not isinstance(data, dict) or set(data) != {"as_of", "rare", "outages"}:
            raise ValueError("not exactly the keys as_of, rare and outages")
        as_of = date.fromisoformat(data["as_of"])
        rare = Rarity(**{key: _text(data["rare"], key) for key in ("says", "by", "date", "url")})
        if not isinstance(data["outages"], list):
            raise ValueError("outages is no list")
        rows = _rows(data["outages"], as_of)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"no catalogue of outages: {error}", where=where, advice="See docs/world.md, Documented outages."
        ) from error
    return Catalogue(as_of, rare, tuple(sorted(rows, key=lambda o: (o.reach[0], o.id))))


def _rows(items: Sequence[Any], as_of: date) -> list[Documented]:
    found: list[Documented] = []
    for number, item in enumerate(items, 1):
        try:
            row = _row(item, as_of)
            if any(row.id == other.id for other in found):
                raise ValueError(f"a second {row.id}")
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None
        found.append(row)
    return found


def _row(item: Any, as_of: date) -> Documented:
    _keys(item, _ROW_KEYS)
    if not isinstance(item["id"], str) or not _ID.fullmatch(item["id"]):
        raise ValueError(f"{item['id']!r} is no id like kp-2014-12-22")
    if item["country"] not in country_codes() or item["id"][:2] != item["country"].lower():
        raise ValueError(f"{item['country']!r} is no country's code, or not that of the id")
    seen = item["seen_in"]
    if not isinstance(seen, list) or not seen or not set(seen) <= set(get_args(Seen)):
        raise ValueError(f"seen_in is not a list of some of {', '.join(get_args(Seen))}")
    if not isinstance(item["compare"], bool):
        raise ValueError("compare is neither true nor false")
    if not isinstance(item["claims"], list):
        raise ValueError("claims is no list")
    claims = []
    for number, claim in enumerate(item["claims"], 1):
        try:
            claims.append(_claim(claim, as_of))
        except ValueError as error:
            raise ValueError(f"claim {number}: {error}") from None
    if not any(c.begin is not None and c.contradicted is None for c in claims):
        raise ValueError("no claim that holds says when it began")
    return Documented(
        id=item["id"],
        country=item["country"],
        kind=_one_of(item, "kind", get_args(Kind)),
        seen_in=tuple(seen),
        confidence=_one_of(item, "confidence", get_args(Confidence)),
        what=_text(item, "what"),
        note=_text(item, "note", or_none=True),
        compare=item["compare"],
        claims=tuple(claims),
    )


def _claim(item: Any, as_of: date) -> Claim:
    _keys(item, _CLAIM_KEYS)
    told = _text(item, "date")
    if not _DAY.fullmatch(told):
        raise ValueError(f"its date {told!r} is neither a day nor a month")
    if date.fromisoformat(told if len(told) == 10 else f"{told}-01") > as_of:
        raise ValueError(f"its date {told} is after the catalogue's, {as_of}")
    begin, end = _moment(item["begin"]), _moment(item["end"])
    over = datetime.combine(as_of + timedelta(1), datetime.min.time(), UTC).timestamp()
    for moment in (begin, end):
        if moment is not None and moment.earliest >= over:
            raise ValueError(f"{moment.text} is after the catalogue's day, {as_of}")
    if begin is not None and end is not None and end.latest <= begin.earliest:
        raise ValueError("it ends before it begins")
    url = _text(item, "url", or_none=True)
    if url is not None and not re.fullmatch(r"https?://[^\s\"'<>]+", url):
        raise ValueError(f"{url!r} is no address")
    return Claim(
        by=_text(item, "by"),
        source=_text(item, "source"),
        url=url,
        date=told,
        says=_text(item, "says"),
        begin=begin,
        end=end,
        duration_s=_duration(item["duration_s"]),
        contradicted=_text(item, "contradicted", or_none=True),
    )


def _moment(value: Any) -> Moment | None:
    if value is None:
        return None
    parts = _TIME.fullmatch(value) if isinstance(value, str) else None
    if parts is None or (parts["second"] and not parts["minute"]):
        raise ValueError(f"{value!r} is no time like 2014-12-22T16:15Z, or a day")
    hour, zone = parts["hour"], parts["zone"]
    if hour and not zone:
        raise ValueError(f"{value} does not say in which zone")
    precision: Precision = (
        "second" if parts["second"] else "minute" if parts["minute"] else "hour" if hour else "day"
    )
    text = f"{parts['day']}T{hour or '00'}{parts['minute'] or ':00'}{parts['second'] or ':00'}"
    first = int(datetime.fromisoformat(text + (zone or "Z").replace("Z", "+00:00")).timestamp())
    last = first + PRECISIONS[precision]
    if not zone:
        first, last = first - EASTMOST_S, last + WESTMOST_S
    return Moment(value, first, last, precision)


def _duration(value: Any) -> tuple[int, int | None] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int:
        raise ValueError("duration_s is not [at least, at most]")
    least, most = value
    if least < 0 or (most is not None and (type(most) is not int or most < least)):
        raise ValueError("duration_s is not [at least, at most]")
    return least, most


def _keys(item: Any, known: set[str]) -> None:
    if not isinstance(item, dict):
        raise ValueError("no object")
    if set(item) != known:
        wrong = sorted(set(item) ^ known, key=str)[0]
        raise ValueError(f"the key {str(wrong)[:40]!r} is {'missing' if wrong in known else 'not known'}")


def _text(item: dict[str, Any], key: str, *, or_none: bool = False) -> Any:
    value = item[key]
    if value is None and or_none:
        return None
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 400:
        raise ValueError(f"{key} is no text of at most 400 characters in one line")
    return value


def _one_of(item: dict[str, Any], key: str, known: tuple[str, ...]) -> Any:
    if item[key] not in known:
        raise ValueError(f"{key} is none of {', '.join(known)}")
    return item[key]
