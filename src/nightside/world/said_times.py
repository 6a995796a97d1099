"""Times as people write them, never taken for another: each needs its zone, and a zone that is only one.

A time is `2014-12-27`, `2014-12-27T19:30` or `2014-12-27T19:30:05`, with an offset (`Z`, `+09:00`) or without. All
errors are UsageErrors that say what to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nightside.model.errors import UsageError
from nightside.model.report import STEP_S, Precision, Range
from nightside.world.clocks import instants_at, local_iso, require_zone

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?)?(Z|[+-]\d\d:\d\d)?")
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_UTC = ("UTC", "GMT", "Z", "ETC/UTC", "ETC/GMT")
_YEARS = range(1970, 2200)
_MEANT = {
    "CST": "America/Chicago, Asia/Shanghai or America/Havana",
    "IST": "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem",
    "BST": "Europe/London or Asia/Dhaka",
    "EST": "America/New_York or Australia/Sydney",
    "ET": "America/New_York",
    "PST": "America/Los_Angeles or Asia/Manila",
    "PT": "America/Los_Angeles",
    "MST": "America/Denver or Asia/Kuala_Lumpur",
    "AST": "America/Halifax or Asia/Riyadh",
    "GST": "Asia/Dubai",
    "KST": "Asia/Seoul or Asia/Pyongyang",
    "SST": "Asia/Singapore or Pacific/Pago_Pago",
    "WST": "Australia/Perth or Pacific/Apia",
}
"""What people mean by some abbreviations; hardly any has one meaning in all countries and years."""


@dataclass(frozen=True, slots=True)
class SaidTime:
    """A time as given, and the seconds that it covers at its precision: from the first to the first one after it."""

    text: str
    precision: Precision
    covers: Range


def require_said_zone(text: str) -> str:
    """A zone that means one thing: a place of the tz database, an offset, or UTC; in its own spelling."""
    asked = text.strip()
    if asked.upper() in _UTC:
        return "UTC"
    if _OFFSET.fullmatch(asked):
        return asked
    if "/" not in asked or asked.upper().startswith("ETC/"):
        meant = _MEANT.get(asked.upper())
        raise UsageError(
            f"{asked[:40]!r} may mean more than one zone",
            advice=f"Write {meant or 'a place, such as Asia/Pyongyang'}, or an offset such as +09:00, or UTC.",
        )
    return require_zone(asked)


def said_time(text: str, zone: str | None, precision: Precision | None = None) -> SaidTime:
    """A time on the clocks of `zone` (as of `require_said_zone`; None where the time has an offset of its own).

    `precision` is how precisely it was said, and never finer than it is written. A day is the day of the zone, whose
    length may be 23 or 25 hours.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"not a time: {text[:60]!r}",
            advice="Write 2014-12-27, 2014-12-27T19:30 or 2014-12-27T19:30:05, with the zone apart or as an offset.",
        )
    date, minute, second, offset = found.groups()
    written: Precision = "day" if minute is None else "minute" if second is None else "second"
    said = written if precision is None else precision
    if STEP_S[said] < STEP_S[written]:
        raise UsageError(
            f"{text!r} says the {written}, and not the {said}", advice=f"Write the time to the {said}."
        )
    try:
        local = datetime.fromisoformat(f"{date}T{minute or '00:00'}{second or ''}")
    except ValueError:
        raise UsageError(f"there is no such time: {text!r}", advice="Look at the date again.") from None
    if local.year not in _YEARS:
        raise UsageError(f"{text!r} lies outside of 1970 to 2199", advice="Look at the year again.")
    if offset is None and zone is None:
        raise UsageError(
            f"{text!r} has no zone",
            advice="Give the zone in which it was said (a place such as Asia/Pyongyang, or UTC), or an offset.",
        )
    if said == "day":
        first, last = _day(local, offset, zone)
    else:
        first = _instant(local, offset, zone, text)
        last = first + STEP_S[said]
    return SaidTime(text.strip(), said, (first, last))


def _instant(local: datetime, offset: str | None, zone: str | None, text: str) -> int:
    if offset is not None:
        second = _by_offset(local, offset)
        if zone is not None and zone != offset and not _is_of(second, offset, zone):
            raise UsageError(
                f"{text!r} is not on the clocks of {zone}, which showed {_shown(second, zone)}",
                advice="Give the offset or the zone, or two that agree.",
            )
        return second
    assert zone is not None
    if _fixed(zone):
        return _by_offset(local, zone)
    found = instants_at(local, zone)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"the clocks of {zone} never showed {text!r}: they were set forward over it",
            advice="Look at the time again, or give it with its offset.",
        )
    both = " or ".join(local_iso(second, zone) for second in found)
    raise UsageError(
        f"the clocks of {zone} showed {text!r} twice: they were set back",
        advice=f"Write {both}; or, where nobody knows, `from` the one `to` the other.",
    )


def _day(local: datetime, offset: str | None, zone: str | None) -> Range:
    midnight = local.replace(hour=0, minute=0, second=0)
    bounds = (midnight, midnight + timedelta(days=1))
    known = offset or zone
    assert known is not None
    if offset is not None or _fixed(known):
        first, last = (_by_offset(each, known) for each in bounds)
        return first, last
    return _midnight(bounds[0], known), _midnight(bounds[1], known)


def _midnight(local: datetime, zone: str) -> int:
    """When the day began: the first of two midnights; where there was none, the first instant of the day."""
    for minutes in range(0, 24 * 60, 15):
        found = instants_at(local + timedelta(minutes=minutes), zone)
        if found:
            return found[0]
    # A day that a zone left out whole (Apia in 2011): it has no length.
    return _midnight(local + timedelta(days=1), zone)


def _fixed(zone: str) -> bool:
    return zone == "UTC" or zone[0] in "+-"


def _by_offset(local: datetime, offset: str) -> int:
    if offset in ("Z", "UTC"):
        return int(local.replace(tzinfo=UTC).timestamp())
    return int(datetime.fromisoformat(f"{local.isoformat()}{offset}").timestamp())


def _is_of(second: int, offset: str, zone: str) -> bool:
    return _shown(second, zone) == _shown(second, "UTC" if offset == "Z" else offset)


def _shown(second: int, zone: str) -> str:
    """The instant on the zone's clocks with their offset."""
    if not _fixed(zone):
        return local_iso(second, zone)
    if zone == "UTC":
        return datetime.fromtimestamp(second, UTC).isoformat(timespec="seconds")
    clock = datetime.fromisoformat(f"2000-01-01T00:00{zone}").tzinfo
    return datetime.fromtimestamp(second, clock).isoformat(timespec="seconds")
