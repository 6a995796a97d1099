"""The catalogue of documented outages: every row has its source and date; what cannot be read is refused by row."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime
from importlib.resources import files
from typing import Any

import pytest

from nightside.model.errors import InputError
from nightside.world.names import country_codes
from nightside.world.outages import catalogue, read_catalogue


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def claim(**changed: Any) -> dict[str, Any]:
    return {
        "by": "Dyn Research",
        "source": "Someone Disconnects North Korea",
        "url": None,
        "date": "2014-12-22",
        "says": "Off at 16:15 UTC.",
        "begin": "2014-12-22T16:15Z",
        "end": None,
        "duration_s": None,
        "contradicted": None,
        **changed,
    }


def row(*claims: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "kp-2014-12-22",
        "country": "KP",
        "kind": "total",
        "seen_in": ["routes"],
        "confidence": "high",
        "what": "all four networks",
        "note": None,
        "compare": False,
        "claims": list(claims) or [claim()],
        **changed,
    }


def data(*rows: Any) -> dict[str, Any]:
    rare = {"says": "A rare event", "by": "Dyn Research", "date": "2014-12-22", "url": "https://example.org/"}
    return {"as_of": "2026-11-22", "rare": rare, "outages": list(rows)}


def read(*rows: Any) -> Any:
    return read_catalogue(data(*rows), where="outages.json")


def test_every_claim_shipped_has_its_source_and_date_and_none_is_of_the_future() -> None:
    known = catalogue()
    assert len(known.outages) >= 12
    assert known.as_of <= date(2026, 11, 22)
    for outage in known.outages:
        assert outage.country in country_codes()
        for told in outage.claims:
            assert told.by
            assert told.source
            assert told.says
            assert told.date <= "2026-11-22"
            for moment in (told.begin, told.end):
                assert moment is None or moment.latest <= second("2026-11-23T12:00:00+00:00")


@pytest.mark.parametrize(
    ("id", "first", "least_s", "most_s"),
    [
        # 9 h 31 min from 16:15 (Dyn); Cloudflare has 9 h 50, Xinhua from about 1 to about 10:50.
        ("kp-2014-12-22", "2014-12-22T16:00:00+00:00", 9 * 3600 + 1200, 10 * 3600 + 600),
        # 22:34 UTC to 11:29 in Cairo six days later, each to the minute.
        ("eg-2011-01-27", "2011-01-27T22:34:00+00:00", 471_300 - 60, 471_300 + 60),
        # Renesys: 8 h 25 min.
        ("sy-2013-05-15", "2013-05-15T07:00:00+00:00", 30_240, 30_360),
        # About five minutes soon after 23:45 at +08:30.
        ("kp-2016-04-10", "2016-04-10T15:15:00+00:00", 180, 420),
    ],
)
def test_what_the_stories_say(id: str, first: str, least_s: int, most_s: int) -> None:
    found = next(o for o in catalogue().outages if o.id == id)
    assert found.reach[0] == second(first)
    assert found.lasted_s == (least_s, most_s)


def test_disagreements_stay_and_what_is_contradicted_says_why() -> None:
    december = next(o for o in catalogue().outages if o.id == "kp-2014-12-23")
    printed = {c.begin.text: c.contradicted for c in december.claims if c.begin is not None}
    assert printed["2014-12-23T15:41Z"] is None
    assert "15:41 UTC" in str(printed["2014-12-23T03:41Z"])
    assert december.reach[0] > second("2014-12-23T03:42:00+00:00")


def test_a_time_is_as_precise_as_it_is_written() -> None:
    texts = {
        "2014-12-22T16:15:07Z": ("second", "2014-12-22T16:15:07+00:00", 1),
        "2014-12-22T16:15Z": ("minute", "2014-12-22T16:15:00+00:00", 60),
        "2014-12-23T01+09:00": ("hour", "2014-12-22T16:00:00+00:00", 3600),
        "2022-01-26+09:00": ("day", "2022-01-25T15:00:00+00:00", 86_400),
        # Nobody says where that day was: from its begin at UTC+14 to its end at UTC-12.
        "2015-08-09": ("day", "2015-08-08T10:00:00+00:00", 50 * 3600),
    }
    for text, (precision, first, seconds) in texts.items():
        begin = read(row(claim(begin=text))).outages[0].claims[0].begin
        assert (begin.precision, begin.earliest, begin.latest - begin.earliest) == (
            precision,
            second(first),
            seconds,
        )


def test_a_duration_follows_from_begin_and_end_as_far_as_they_are_known() -> None:
    to_the_hour = claim(begin="2014-12-22T16Z", end="2014-12-23T01:46Z")
    # From 17:00 at the latest to 01:46 at the earliest; from 16:00 to 01:47.
    assert read(row(to_the_hour)).outages[0].lasted_s == (8 * 3600 + 46 * 60, 9 * 3600 + 47 * 60)
    assert read(row(claim())).outages[0].lasted_s == (0, None)


def test_a_contradicted_claim_does_not_count() -> None:
    false = claim(begin="2014-12-22", duration_s=[150_000, 170_000], contradicted="Dyn measured it.")
    right = claim(duration_s=[34_200, 34_320])
    assert read(row(false, right)).outages[0].lasted_s == (34_200, 34_320)


def without(key: str) -> dict[str, Any]:
    found = claim()
    del found[key]
    return found


REFUSED = {
    "no source": (row(without("source")), "row 1: claim 1: the key 'source' is missing"),
    "an empty source": (row(claim(source=" ")), "row 1: claim 1: source is no text"),
    "no date": (row(claim(date=None)), "row 1: claim 1: date is no text"),
    "a date in words": (row(claim(date="last week")), "neither a day nor a month"),
    "no such day": (row(claim(date="2014-02-30")), "row 1: claim 1"),
    "a source of the future": (row(claim(date="2026-11-23")), "is after the catalogue's"),
    "an outage of the future": (row(claim(begin="2027-01-01T00Z")), "is after the catalogue's day"),
    "a time without a zone": (row(claim(begin="2014-12-22T16:15")), "does not say in which zone"),
    "a time in words": (row(claim(begin="Monday")), "is no time like"),
    "hour 25": (row(claim(begin="2014-12-22T25:15Z")), "row 1: claim 1"),
    "an end before the begin": (row(claim(end="2014-12-22T16:00Z")), "it ends before it begins"),
    "a duration backwards": (row(claim(duration_s=[60, 30])), "duration_s is not"),
    "a duration in words": (row(claim(duration_s=["1", None])), "duration_s is not"),
    "a script for an address": (row(claim(url="javascript:alert(1)")), "is no address"),
    "control characters": (row(claim(says="a\x1b[31mb")), "says is no text"),
    "no claim": (row(claims=[]), "no claim that holds says when it began"),
    "all contradicted": (row(claim(contradicted="no")), "no claim that holds says when it began"),
    "an unknown kind": (row(kind="bad"), "kind is none of"),
    "an unknown country": (row(country="KO", id="ko-2014-12-22"), "is no country's code"),
    "an id of another country": (row(id="sy-2014-12-22"), "not that of the id"),
    "an unknown key": (row(weight=1), "the key 'weight' is not known"),
    "seen nowhere": (row(seen_in=[]), "seen_in is not a list"),
    "no object": ("KP", "row 1: no object"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_rows_are_refused_with_row_and_reason(case: str) -> None:
    bad, why = REFUSED[case]
    with pytest.raises(InputError, match=r"outages\.json") as caught:
        read(bad)
    assert why in str(caught.value)


def test_the_second_of_two_with_one_id_is_refused() -> None:
    with pytest.raises(InputError, match="row 2: a second kp-2014-12-22"):
        read(row(), row())


@pytest.mark.parametrize("bad", [None, [], {}, {"as_of": "2026-11-22", "rare": {}, "outages": {}}, "x"])
def test_what_is_no_catalogue_is_refused(bad: Any) -> None:
    with pytest.raises(InputError, match="no catalogue of outages"):
        read_catalogue(bad, where="x.json")


def test_the_order_of_rows_does_not_matter() -> None:
    text = (files("nightside.world") / "data" / "outages.json").read_text(encoding="utf-8")
    shipped = json.loads(text)
    turned = copy.deepcopy(shipped)
    turned["outages"].reverse()
    assert read_catalogue(turned, where="") == read_catalogue(shipped, where="")
