"""Instants, spans and durations in words: UTC, or the reader's own zone, and the clocks of the place beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nightside.model.instants import duration_words
from nightside.publish import phrases
from nightside.publish.literal import one_line
from nightside.world.clocks import local_iso

Range = tuple[int, int]
SHORT_S = 600
"""Spans shorter than this are told to the second."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of one place; without a zone, UTC (or the reader's own time) alone is told."""

    zone: str | None
    city: str
    offsets: bool = True
    """Whether the offset is told beside the city's time."""
    reader: str | None = None
    """The zone of who reads, in place of UTC."""

    @classmethod
    def of(cls, incident: dict[str, Any], reader: str | None = None) -> Clock:
        """The clocks of the incident's entity; none where its zone is null, the reader's, UTC, or not known."""
        name = (incident["local_time"] or {}).get("zone")
        if not name or name in ("UTC", "Etc/UTC", reader):
            return cls(None, "", reader=reader)
        try:
            local_iso(0, name)
        except (ValueError, OSError):
            return cls(None, "", reader=reader)
        return cls(name, one_line(name.rsplit("/", 1)[-1].replace("_", " ")), reader=reader)

    def told(self, second: int) -> datetime:
        """The instant on the reader's clocks: UTC unless a zone was asked for."""
        return utc(second) if self.reader is None else datetime.fromisoformat(local_iso(second, self.reader))

    @property
    def reads(self) -> str:
        """The reader's zone as it heads a list: `UTC`, or `Europe/Berlin`."""
        return self.reader or "UTC"

    def local(self, second: int) -> datetime | None:
        """The instant on the clocks of the place."""
        return None if self.zone is None else datetime.fromisoformat(local_iso(second, self.zone))

    def offset(self, second: int) -> str:
        """How far these clocks are from UTC then: `UTC+08:30`."""
        local = self.local(second)
        return "UTC" if local is None else "UTC" + local.isoformat()[19:25]


def utc(second: int) -> datetime:
    """The instant as a date and time in UTC."""
    return datetime.fromtimestamp(second, UTC)


def zone_words(moment: datetime) -> str:
    """`UTC`, or how far these clocks are from it then: `UTC+01:00`."""
    offset = moment.isoformat()[19:]
    return "UTC" if moment.tzinfo is UTC else f"UTC{offset}"


def date_words(moment: datetime) -> str:
    """`22 December 2014`, whatever the machine's language."""
    return phrases.DATE.format(day=moment.day, month=phrases.MONTHS[moment.month - 1], year=moment.year)


def short_date(moment: datetime) -> str:
    """`22 Dec`."""
    return phrases.SHORT_DATE.format(day=moment.day, month=phrases.MONTHS[moment.month - 1][:3])


def time_words(moment: datetime, *, seconds: bool) -> str:
    """`16:15`, or `16:15:07`."""
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def adjective(duration_s: int) -> str:
    """A duration before a noun: `9-hour 31-minute`."""
    return re.sub(r"(\d+) ([a-z]+?)s?\b", r"\1-\2", duration_words(duration_s))


def starts_with_vowel_sound(length: str) -> bool:
    """Whether English says "an" before it: 8, 11, 18, 80 to 89."""
    return re.match(r"(8\d*|11|18)\b", length) is not None


def instant(clock: Clock, second: int, *, seconds: bool = False) -> str:
    """`16:15 UTC on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00)`."""
    at, local = clock.told(second), clock.local(second)
    words = {"time": time_words(at, seconds=seconds), "date": date_words(at), "zone": zone_words(at)}
    forms = phrases.INSTANT if clock.offsets else phrases.INSTANT_IN_CITY
    if local is None:
        return forms[0].format(**words)
    words |= {"local": time_words(local, seconds=seconds), "city": clock.city, "offset": clock.offset(second)}
    if local.date() == at.date():
        return forms[1].format(**words)
    return forms[2].format(**words, local_day=_other_day(at, local))


def instant_or_range(clock: Clock, second: int, known: Range | None, *, seconds: bool = False) -> str:
    """The instant, or the range that is all that is known of it: `some time between … and …`."""
    if known is None or known[0] == known[1]:
        return instant(clock, second, seconds=seconds)
    seconds = seconds or known[0] // 60 == known[1] // 60
    forms = phrases.BETWEEN_ON_ONE_DAY if clock.offsets else phrases.BETWEEN_ON_ONE_DAY_IN_CITY
    return _on_one_day(forms, clock, *known, seconds=seconds) or phrases.BETWEEN.format(
        first=instant(clock, known[0], seconds=seconds), last=instant(clock, known[1], seconds=seconds)
    )


def span(
    clock: Clock,
    onset: int,
    end: int,
    onset_range: Range | None = None,
    end_range: Range | None = None,
) -> str:
    """`from … to …`, as short as the days allow, to the second where it is short."""
    seconds = end - onset < SHORT_S and (onset % 60 > 0 or end % 60 > 0)
    if onset_range is None and end_range is None:
        forms = phrases.SPAN_ON_ONE_DAY if clock.offsets else phrases.SPAN_ON_ONE_DAY_IN_CITY
        whole = _on_one_day(forms, clock, onset, end, seconds=seconds)
        if whole:
            return whole
    return phrases.SPAN.format(
        first=instant_or_range(clock, onset, onset_range, seconds=seconds),
        last=instant_or_range(clock, end, end_range, seconds=seconds),
    )


def short_instant(clock: Clock, second: int) -> str:
    """For lists, to the second: `22 Dec 16:15:07 UTC (23 Dec 01:15:07 +09:00)`."""
    at, local = clock.told(second), clock.local(second)
    words = {"date": short_date(at), "time": time_words(at, seconds=True), "zone": zone_words(at)}
    if local is None:
        return phrases.SHORT_INSTANT[0].format(**words)
    return phrases.SHORT_INSTANT[1].format(
        **words,
        local_date=short_date(local),
        local=time_words(local, seconds=True),
        offset=clock.offset(second).removeprefix("UTC"),
    )


def _on_one_day(forms: tuple[str, str, str], clock: Clock, first: int, last: int, *, seconds: bool) -> str:
    """Two instants under one date; empty where the date or the offset changes between them, here or there."""
    a, b = clock.told(first), clock.told(last)
    local_a, local_b = clock.local(first), clock.local(last)
    if a.date() != b.date() or a.utcoffset() != b.utcoffset():
        return ""
    words = {
        "zone": zone_words(a),
        "first": time_words(a, seconds=seconds),
        "last": time_words(b, seconds=seconds),
        "date": date_words(a),
    }
    if local_a is None or local_b is None:
        return forms[0].format(**words)
    if local_a.date() != local_b.date() or local_a.utcoffset() != local_b.utcoffset():
        return ""
    words |= {
        "local_first": time_words(local_a, seconds=seconds),
        "local_last": time_words(local_b, seconds=seconds),
        "city": clock.city,
        "offset": clock.offset(first),
    }
    if local_a.date() == a.date():
        return forms[1].format(**words)
    return forms[2].format(**words, local_day=_other_day(a, local_a))


def _other_day(at: datetime, local: datetime) -> str:
    """The local date as briefly as it is clear beside the one told: `the 23rd`, or with month and year."""
    if (at.year, at.month) != (local.year, local.month):
        return date_words(local)
    day = local.day
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return phrases.DAY_OF_MONTH.format(ordinal=f"{day}{ending}")
