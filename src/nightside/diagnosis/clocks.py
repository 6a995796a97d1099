"""What clocks and calendars say: the minute, the hour, the length, and the same minute on other days."""

from __future__ import annotations

from nightside.diagnosis.networks import networks_spread
from nightside.diagnosis.rule import Rule, Said, unknown
from nightside.diagnosis.stored import Stored
from nightside.diagnosis.telling import counted, lasting
from nightside.model.diagnosis import RestsOn
from nightside.model.instants import parse_iso

FEWEST_DAYS = 3
ON_S = 150
"""Half of five minutes: the published list gives onsets to five minutes at best."""
BINS: tuple[tuple[str, float], ...] = (
    ("below_30_min", 1800),
    ("below_2_h", 7200),
    ("below_6_h", 21600),
    ("below_24_h", 86400),
    ("longer", float("inf")),
)
LIST = "Base rates of 916 investigated country outages, 2018 to 2022 (data of a paper at SIGCOMM 2023)"


def schedule(stored: Stored) -> Said:
    """The same time of day on several days, as the history of the incident has it."""
    history = stored.incident["history"]
    if history.get("catalogue") is None:
        return unknown("its history was not looked up")
    series = history["series"]
    if series is None:
        if stored.days < FEWEST_DAYS:
            days = f"only {counted(stored.days, 'other day')}" if stored.days else "no other day"
            return unknown(f"it was watched on {days} of that time")
        said = (
            f"Watched on {stored.days} other days of that time; no series at the same time of day was seen."
        )
        return Said("no_series", said, stored.onset, None, (RestsOn(stored.signal, stored.onset),))
    others = sorted(
        (parse_iso(r["onset"]), r["id"])
        for r in stored.incident["related"]
        if r["relation"] == series["relation"]
    )
    said = (
        f"Outages began between {series['first_clock']} and {series['last_clock']} ({series['zone']}) "
        f"on {series['days']} days within a short time."
    )
    rests = tuple(RestsOn(f"incident:{id}", at) for at, id in others[:5])
    begin, end = parse_iso(series["from"]), parse_iso(series["to"])
    return Said("same_minute", said, begin, end, (*rests, RestsOn(stored.signal, stored.onset)))


def _of_day(local: str) -> int:
    return int(local[11:13]) * 3600 + int(local[14:16]) * 60 + int(local[17:19])


def clock(stored: Stored) -> Said:
    """Whether it began on the hour or half-hour there."""
    here = (stored.incident["local_time"] or {}).get("onset")
    if here is None:
        return unknown("the clocks there are not known")
    known = stored.onset_range
    if known is not None and known[1] - known[0] > 2 * ON_S:
        return unknown("the onset is not known to five minutes")
    spread = networks_spread(stored)
    if spread > 2 * ON_S:
        return unknown(f"the networks went within {lasting(spread)}, so that it has no one minute")
    past = _of_day(here) % 1800
    off = min(past, 1800 - past)
    level = "on" if off <= 150 else "off"
    said = f"It began at {here[11:19]} by the clocks there (UTC{here[19:]})"
    said += ", on the hour or half-hour." if level == "on" else ", not on the hour or half-hour."
    return Said(level, said, stored.onset, None, (RestsOn(stored.signal, stored.onset),))


def hour(stored: Stored) -> Said:
    """Night or day there."""
    here = (stored.incident["local_time"] or {}).get("onset")
    if here is None:
        return unknown("the clocks there are not known")
    known = stored.onset_range
    if known is not None and known[1] - known[0] > 3600:
        return unknown("the onset is not known to the hour")
    hours = int(here[11:13])
    level = "night" if hours < 6 else "day" if 8 <= hours < 18 else "between"
    words = {"night": "in the night", "day": "by day", "between": "neither in the night nor in working hours"}
    said = f"It began {words[level]}: at {here[11:16]} by the clocks there (UTC{here[19:]})."
    return Said(level, said, stored.onset, None, (RestsOn(stored.signal, stored.onset),))


def duration(stored: Stored) -> Said:
    """How long it lasted, in steps of the published distributions."""
    if stored.end is None:
        return unknown("no end has been seen")
    lengths = sorted(
        (end - begin)
        for begin, end in (
            (stored.onset, stored.end),
            ((stored.onset_range or (0, stored.onset))[1], (stored.end_range or (stored.end, 0))[0]),
        )
    )
    bins = [next(name for name, most in BINS if length < most) for length in lengths]
    if bins[0] != bins[1]:
        return unknown("it is not known exactly enough how long it lasted")
    said = f"It lasted {lasting(stored.end - stored.onset)}."
    rests = (RestsOn(stored.signal, stored.onset), RestsOn(stored.signal, stored.end))
    return Said(bins[0], said, stored.onset, stored.end, rests)


RULES = (
    Rule(
        "clock",
        1,
        "the minute of the onset by the clocks there",
        {
            "on": "within two and a half minutes of the hour or half-hour",
            "off": "not so",
        },
        LIST,
        clock,
    ),
    Rule(
        "hour",
        1,
        "the hour of the onset by the clocks there",
        {"night": "before 06:00", "day": "from 08:00 to 18:00", "between": "else"},
        "Practice: planned work is done at night, digging by day",
        hour,
    ),
    Rule(
        "duration",
        1,
        "how long the headline lasted",
        {
            "below_30_min": "less than 30 minutes",
            "below_2_h": "less than 2 hours",
            "below_6_h": "less than 6 hours",
            "below_24_h": "less than 24 hours",
            "longer": "24 hours or more",
        },
        LIST,
        duration,
    ),
    Rule(
        "schedule",
        1,
        "the series that the history of the incident names: ten days before and after",
        {
            "same_minute": "a series: on three days or more, within half an hour by the clock",
            "no_series": "watched on three other days or more, and no such series",
        },
        "Analysts on April 2016: the same minute on several days is a schedule, of whatever kind",
        schedule,
    ),
)
