"""The calendar by RFC 5545, its lines read here by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nightside.publish.calendar import calendar
from nightside.store.summary import summary_of

Told = dict[str, Any]
BASE = "https://example.org"
Line = tuple[str, str]


def lines(text: str) -> list[Line]:
    """(name with parameters, value) of each content line, unfolded (3.1), texts as they were (3.3.11)."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = []
    for line in text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n"):
        name, _, value = line.partition(":")
        found.append(
            (name, value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\"))
        )
    return found


def events(text: str) -> list[dict[str, str]]:
    """The events by the names of their properties."""
    found: list[dict[str, str]] = []
    for name, value in lines(text):
        if (name, value) == ("BEGIN", "VEVENT"):
            found.append({})
        elif found:
            assert name not in found[-1] or name == "END"
            found[-1][name] = value
    return found


def test_it_is_a_calendar(told: Callable[..., Told]) -> None:
    text = calendar([told()], base_url=BASE, country="KP", severity="severe")
    found = lines(text)
    assert found[0] == ("BEGIN", "VCALENDAR")
    assert found[-1] == ("END", "VCALENDAR")
    assert ("VERSION", "2.0") in found
    assert dict(found)["PRODID"].startswith("-//Nightside//")
    assert "KP" in dict(found)["X-WR-CALNAME"]
    assert [name for name, value in found if value == "VEVENT"] == ["BEGIN", "END"]


def test_an_outage_is_an_event_in_utc(told: Callable[..., Told]) -> None:
    (event,) = events(calendar([told()], base_url=BASE))
    assert event["UID"] == "KP-20141221T0310Z@nightside"
    assert event["SEQUENCE"] == "1"
    assert event["DTSTART"] == "20141222T161500Z"
    assert event["DTEND"] == "20141223T014600Z"
    assert event["DTSTAMP"] == "20141223T161240Z"
    assert event["SUMMARY"].startswith("North Korea's Internet is back after")
    assert event["URL"] == f"{BASE}/incidents/KP-20141221T0310Z/revisions/1"
    assert event["CATEGORIES"] == "total,closed"
    said = event["DESCRIPTION"]
    assert "Local time (Asia/Pyongyang): 2014-12-23T01:15:00+09:00 to 2014-12-23T10:46:00+09:00." in said


def test_a_reconstruction_says_so_and_a_recording_does_not(told: Callable[..., Told]) -> None:
    made_up = told()
    made_up["provenance"]["reconstruction"] = True
    recorded = told()
    recorded["provenance"]["reconstruction"] = False
    one, two = events(calendar([made_up, recorded], base_url=BASE))
    assert "A reconstruction, not a recording." in one["DESCRIPTION"]
    assert "(a reconstruction)" in one["SUMMARY"]
    assert "reconstruction" not in (two["DESCRIPTION"] + two["SUMMARY"]).casefold()


def test_one_that_goes_on_has_no_end_and_one_that_never_was_is_cancelled(told: Callable[..., Told]) -> None:
    going = told() | {"end": None, "duration_s": None, "ended": None, "status": "ongoing"}
    going["local_time"] = going["local_time"] | {"end": None}
    withdrawn = told() | {"closed_as": "withdrawn"}
    one, two = events(calendar([going, withdrawn], base_url=BASE))
    assert "DTEND" not in one
    assert "DURATION" not in one
    assert "It has not ended." in one["DESCRIPTION"]
    assert "Local time (Asia/Pyongyang): since 2014-12-23T01:15:00+09:00." in one["DESCRIPTION"]
    assert (two["STATUS"], one.get("STATUS")) == ("CANCELLED", None)


def test_a_correction_is_the_same_event_of_a_later_sequence(told: Callable[..., Told]) -> None:
    (one,), (two,) = (events(calendar([told() | {"revision": n}], base_url=BASE)) for n in (1, 2))
    assert one["UID"] == two["UID"]
    assert (one["SEQUENCE"], two["SEQUENCE"]) == ("1", "2")


def test_what_ends_at_its_begin_has_no_end(told: Callable[..., Told]) -> None:
    short = told()
    short["end"] = short["onset"]
    assert "DTEND" not in events(calendar([short], base_url=BASE))[0]


@pytest.mark.parametrize("name", ["A; B, C\\D", "Line\r\nEND:VEVENT", "ü" * 200, "\x00\x07bell"])
def test_a_hostile_name_stays_a_name(told: Callable[..., Told], name: str) -> None:
    hostile = told()
    hostile["entity"] = hostile["entity"] | {"name": name}
    (event,) = events(calendar([hostile], base_url=BASE))
    assert event["UID"] == "KP-20141221T0310Z@nightside"
    assert not any(ord(c) < 32 and c not in "\n\t" for value in event.values() for c in value)


def test_the_same_input_gives_the_same_bytes_and_a_summary_is_enough(told: Callable[..., Told]) -> None:
    assert calendar([told()], base_url=BASE) == calendar([told()], base_url=BASE)
    (event,) = events(calendar([summary_of(told())], base_url=BASE))
    assert event["DTSTART"] == "20141222T161500Z"
    assert events(calendar([], base_url=BASE)) == []
