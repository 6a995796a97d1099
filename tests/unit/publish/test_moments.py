"""Instants in words. The clocks of Pyongyang are those of FACTS: +08:30 from 15 August 2015 to 4 May 2018."""

from __future__ import annotations

import pytest

from nightside.model.instants import parse
from nightside.publish import moments
from nightside.publish.literal import one_line
from nightside.publish.moments import Clock

UTC_ONLY = Clock(None, "")
PYONGYANG = Clock("Asia/Pyongyang", "Pyongyang")


@pytest.mark.parametrize(
    ("clock", "at", "words"),
    [
        (
            PYONGYANG,
            "2014-12-22T16:15Z",
            "16:15 UTC on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00)",
        ),
        (PYONGYANG, "2014-12-23T01:46Z", "01:46 UTC on 23 December 2014 (10:46 in Pyongyang, UTC+09:00)"),
        (PYONGYANG, "2016-04-06T15:10Z", "15:10 UTC on 6 April 2016 (23:40 in Pyongyang, UTC+08:30)"),
        (
            PYONGYANG,
            "2014-12-31T20:00Z",
            "20:00 UTC on 31 December 2014 (05:00 on 1 January 2015 in Pyongyang, UTC+09:00)",
        ),
        (
            PYONGYANG,
            "2014-12-20T16:00Z",
            "16:00 UTC on 20 December 2014 (01:00 on the 21st in Pyongyang, UTC+09:00)",
        ),
        (
            PYONGYANG,
            "2014-12-11T16:00Z",
            "16:00 UTC on 11 December 2014 (01:00 on the 12th in Pyongyang, UTC+09:00)",
        ),
        (UTC_ONLY, "2014-12-22T16:15:59Z", "16:15 UTC on 22 December 2014"),
        (
            Clock("America/New_York", "New York"),
            "2016-04-06T02:00Z",
            "02:00 UTC on 6 April 2016 (22:00 on the 5th in New York, UTC-04:00)",
        ),
    ],
)
def test_an_instant_is_told_in_utc_and_on_the_clocks_of_the_place(clock: Clock, at: str, words: str) -> None:
    assert moments.instant(clock, parse(at)) == words


@pytest.mark.parametrize(
    ("clock", "a", "b", "words"),
    [
        (
            PYONGYANG,
            "2014-12-23T15:41Z",
            "2014-12-23T16:12Z",
            "from 15:41 to 16:12 UTC on 23 December 2014 (00:41 to 01:12 on the 24th in Pyongyang, "
            "UTC+09:00)",
        ),
        # Midnight in Pyongyang lies between: each instant gets its own day.
        (
            PYONGYANG,
            "2014-12-23T14:30Z",
            "2014-12-23T15:30Z",
            "from 14:30 UTC on 23 December 2014 (23:30 in Pyongyang, UTC+09:00) "
            "to 15:30 UTC on 23 December 2014 (00:30 on the 24th in Pyongyang, UTC+09:00)",
        ),
        # On 14 August 2015 at 15:00 UTC Pyongyang's clocks went back half an hour.
        (
            PYONGYANG,
            "2015-08-14T14:45Z",
            "2015-08-14T15:45Z",
            "from 14:45 UTC on 14 August 2015 (23:45 in Pyongyang, UTC+09:00) "
            "to 15:45 UTC on 14 August 2015 (00:15 on the 15th in Pyongyang, UTC+08:30)",
        ),
        (UTC_ONLY, "2022-01-26T01:00Z", "2022-01-26T07:00Z", "from 01:00 to 07:00 UTC on 26 January 2022"),
        # Shorter than ten minutes: to the second.
        (
            UTC_ONLY,
            "2016-04-07T14:46:10Z",
            "2016-04-07T14:46:55Z",
            "from 14:46:10 to 14:46:55 UTC on 7 April 2016",
        ),
        (UTC_ONLY, "2016-04-07T14:46:00Z", "2016-04-07T14:51:00Z", "from 14:46 to 14:51 UTC on 7 April 2016"),
    ],
)
def test_a_span_is_as_short_as_the_days_allow(clock: Clock, a: str, b: str, words: str) -> None:
    assert moments.span(clock, parse(a), parse(b)) == words


def test_an_instant_known_as_a_range_is_said_to_be_one() -> None:
    known = parse("2014-12-22T16:10Z"), parse("2014-12-22T16:20Z")
    assert moments.instant_or_range(PYONGYANG, known[0], known) == (
        "some time between 16:10 and 16:20 UTC on 22 December 2014 "
        "(01:10 and 01:20 on the 23rd in Pyongyang, UTC+09:00)"
    )
    late = parse("2014-12-22T23:50Z"), parse("2014-12-23T00:10Z")
    assert moments.instant_or_range(UTC_ONLY, late[0], late) == (
        "some time between 23:50 UTC on 22 December 2014 and 00:10 UTC on 23 December 2014"
    )
    close = parse("2014-12-22T16:10:05Z"), parse("2014-12-22T16:10:40Z")
    assert moments.instant_or_range(UTC_ONLY, close[0], close) == (
        "some time between 16:10:05 and 16:10:40 UTC on 22 December 2014"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(9 * 3600 + 31 * 60, "9-hour 31-minute"), (60, "1-minute"), (45, "45-second"), (2 * 86400, "2-day")],
)
def test_a_duration_before_a_noun(seconds: int, words: str) -> None:
    assert moments.adjective(seconds) == words


@pytest.mark.parametrize(
    ("zone", "city"),
    [
        ("America/Argentina/Buenos_Aires", "Buenos Aires"),
        ("UTC", ""),
        (None, ""),
        ("Mars/Olympus", ""),
        ("Asia", ""),
        ("../../etc/passwd", ""),
    ],
)
def test_an_unknown_zone_leaves_utc_alone(zone: str | None, city: str) -> None:
    clock = Clock.of({"local_time": {"zone": zone, "onset": None, "end": None}})
    assert clock.city == city
    assert (clock.zone is None) == (city == "")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Star\nJoint\r\n\tVenture", "Star Joint Venture"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("a‮b⁦c", "abc"),
        ("a b", "a b"),
        ("קול", "קול"),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_words_of_others_stay_on_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


BERLIN = Clock("Asia/Pyongyang", "Pyongyang", reader="Europe/Berlin")


@pytest.mark.parametrize(
    ("clock", "at", "words"),
    [
        (
            BERLIN,
            "2014-12-22T16:15Z",
            "17:15 UTC+01:00 on 22 December 2014 (01:15 on the 23rd in Pyongyang, UTC+09:00)",
        ),
        (BERLIN, "2016-04-06T15:10Z", "17:10 UTC+02:00 on 6 April 2016 (23:40 in Pyongyang, UTC+08:30)"),
        # The day is the reader's.
        (
            BERLIN,
            "2016-04-06T22:10Z",
            "00:10 UTC+02:00 on 7 April 2016 (06:40 in Pyongyang, UTC+08:30)",
        ),
        (Clock(None, "", reader="Europe/Berlin"), "2016-04-06T15:10Z", "17:10 UTC+02:00 on 6 April 2016"),
        # In winter London's clocks are UTC.
        (Clock(None, "", reader="Europe/London"), "2014-12-22T16:15Z", "16:15 UTC on 22 December 2014"),
    ],
)
def test_a_reader_may_have_a_zone_of_his_own_in_place_of_utc(clock: Clock, at: str, words: str) -> None:
    assert moments.instant(clock, parse(at)) == words


def test_where_the_reader_s_clocks_change_between_each_instant_stands_by_itself() -> None:
    reader = Clock(None, "", reader="Europe/Berlin")
    night = parse("2016-10-30T00:30Z"), parse("2016-10-30T01:30Z")
    assert (
        moments.span(reader, *night)
        == "from 02:30 UTC+02:00 on 30 October 2016 to 02:30 UTC+01:00 on 30 October 2016"
    )
    assert moments.span(UTC_ONLY, *night) == "from 00:30 to 01:30 UTC on 30 October 2016"


def test_lists_are_told_in_the_reader_s_zone_too() -> None:
    at = parse("2016-04-06T15:10Z")
    assert moments.short_instant(BERLIN, at) == "6 Apr 17:10:00 UTC+02:00 (6 Apr 23:40:00 +08:30)"
    assert (BERLIN.reads, PYONGYANG.reads) == ("Europe/Berlin", "UTC")
