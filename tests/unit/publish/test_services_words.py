"""What services did, in words: each case as it should be read, nothing down of which nobody knew, nothing unescaped."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from december_services import ALL, BACK, BEGIN, DOWN, END, FIRST, LAST_GOOD, NINE, PLACES, services

from nightside.model.instants import parse
from nightside.model.series import IncidentSeries
from nightside.model.services import (
    FINDING_KINDS,
    Finding,
    PlaceCourse,
    Return,
    ServiceCourse,
    Services,
)
from nightside.publish import series_csv, services_phrases
from nightside.publish.moments import Clock
from nightside.publish.report import report
from nightside.publish.services_table import MOST_ROWS, services_table
from nightside.publish.services_words import MOST_FINDINGS, finding, returns_of
from nightside.publish.services_words import services as told_services
from nightside.publish.words import story

Told = dict[str, Any]
Tell = Callable[..., Told]
ONE = [PlaceCourse("Osaka", 600, [(BEGIN, "healthy")])]


def lines(told: Tell, found: Services | None, **changes: Any) -> list[str]:
    return told_services(told(**changes), found)


def test_each_service_says_what_went_and_how_it_came_back(told: Tell) -> None:
    names, mail, sites, *rest = lines(told, services())
    down = "16:20 UTC on 22 December 2014 (01:20 on the 23rd in Pyongyang, UTC+09:00)"
    back = "01:50 UTC on 23 December 2014 (10:50 in Pyongyang, UTC+09:00)"
    # Two servers, though one is asked over two transports; shares are of what is asked.
    assert (
        names
        == f"Of 2 name servers checked from 3 places, none answered from {down} on; all were back at {back}."
    )
    assert mail == (
        f"The one mail server checked from 3 places did not answer from {down} on; it answered again at {back}."
    )
    assert sites == (
        f"Of 6 sites checked from 3 places, none answered from {down} on; the first was back at 02:10 UTC on "
        "23 December 2014 (11:10 in Pyongyang, UTC+09:00), half at 02:20 UTC, all at 02:40 UTC."
    )
    assert rest == [
        "Services were down with the routes, from 16:20 UTC on 22 December 2014 (01:20 on the 23rd in Pyongyang, "
        "UTC+09:00) to 01:50 UTC on 23 December 2014 (10:50 in Pyongyang, UTC+09:00): name servers, "
        "mail servers and sites.",
        "The return was slow: from the first answer to nine tenths of what had answered before took 50 minutes, "
        "from 01:50 to 02:40 UTC on 23 December 2014 (10:50 to 11:40 in Pyongyang, UTC+09:00).",
    ]


def sites(**changes: Any) -> Services:
    """The sites alone, with changes to their return."""
    back = replace(Return("service", "sites", DOWN, 6, 0, FIRST, NINE, NINE, ALL), **changes)
    whole = services()
    return replace(
        whole,
        parts=[p for p in whole.parts if p.service == "sites"],
        services=[c for c in whole.services if c.name == "sites"],
        returns=[back],
        findings=[],
    )


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"first": None, "half": None, "nine_tenths": None, "all": None}, "; no return was seen."),
        ({"nine_tenths": None, "all": None}, ", half at 02:40 UTC, nine tenths not seen back."),
        ({"all": None}, ", nine tenths at 02:40 UTC, not all seen back."),
        ({"half": None, "nine_tenths": None, "all": None}, ", half not seen back."),
        ({"first": ALL}, "; all were back at 02:40 UTC on 23 December 2014 (11:40 in Pyongyang, UTC+09:00)."),
    ],
    ids=["nothing", "half", "not all", "not half", "at once"],
)
def test_what_was_not_seen_back_is_not_said_to_be(told: Tell, changes: dict[str, Any], end: str) -> None:
    (line,) = lines(told, sites(**changes))
    assert line.endswith(end)


def test_what_was_left_is_told(told: Tell) -> None:
    (line,) = lines(told, sites(lowest=2))
    assert line.startswith("Of 6 sites checked from 3 places, 2 answered at the worst, from 16:20 UTC on 22")


def test_a_further_day_is_told_in_full(told: Tell) -> None:
    (line,) = lines(told, sites(first=parse("2014-12-22T23:50Z")))
    assert "the first was back at 23:50 UTC on 22 December 2014" in line
    assert "at 02:40 UTC on 23 December 2014" in line


def test_in_the_reader_s_zone(told: Tell) -> None:
    line = told_services(told(), sites(), "Europe/Berlin")[0]
    assert "from 17:20 UTC+01:00 on 22 December 2014" in line
    assert "03:10 UTC+01:00 on 23 December 2014" in line


def test_of_several_outages_the_one_that_the_routes_had_is_told_and_others_counted(told: Tell) -> None:
    whole = sites()
    early = replace(whole.returns[0], down=BEGIN + 3600, first=BEGIN + 7200, all=BEGIN + 7200)
    late = replace(early, down=END - 7200, first=END - 3600, all=END - 3600)
    found = replace(whole, returns=[early, whole.returns[0], late])
    assert returns_of(found, (parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z"))) == whole.returns
    line, further = lines(told, found)
    assert "from 16:20 UTC" in line
    assert further == "Services failed 2 more times within this incident."


def test_up_throughout_and_not_known_are_two_things(told: Tell) -> None:
    whole = sites()
    up = replace(whole, returns=[], services=[ServiceCourse("service", "sites", [(BEGIN, 6, 0, 0)])])
    assert lines(told, up) == [
        "Checked from 3 places: 6 sites.",
        "None of them was seen to fail while the routes were gone.",
    ]
    blind = replace(up, services=[ServiceCourse("service", "sites", [(BEGIN, 0, 0, 6)])])
    assert lines(told, blind)[1] == (
        "What they did while the routes were gone is not known: no place could tell."
    )
    assert not any("down" in line or "fail" in line for line in lines(told, blind))


def test_nothing_where_nobody_checked_anything(told: Tell) -> None:
    assert lines(told, None) == []
    assert lines(told, services(services=[], parts=[], returns=[], findings=[])) == []


def test_what_weakens_it_is_said(told: Tell) -> None:
    one = lines(told, services(places=ONE, reconstruction=True))
    assert "checked from one place" in one[0]
    assert one[-2:] == [
        "All of this rests on one place, Osaka: what does not answer it may answer others.",
        "The results of these checks are reconstructed, not measured.",
    ]
    unwatched = [PlaceCourse(p, 600, [(BEGIN, "unwatched")]) for p in PLACES]
    assert lines(told, services(places=unwatched))[-1].startswith("No place watched its own line")
    assert not any("one place" in line or "reconstructed" in line for line in lines(told, services()))


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "services_down": ({"services": ["sites", "names"]}, "Name servers and sites were down from", "is not known"),
    "services_down_routes_up": ({"services": ["sites"]}, "The routes were up and services were down, from", ": sites."),
    "services_down_routes_down": (
        {"services": ["mail"]}, "Services were down with the routes, from", ": mail servers.",
    ),
    "services_up_routes_down": (
        {"services": ["sites"], "abroad": True, "address_countries": ["CN", "DE"]},
        "Services answered though the routes were down, from",
        ": sites. Their addresses are abroad (CN and DE).",
    ),
    "path_dead_routes_up": (
        {"services": ["sites"]}, "The paths were dead behind steady routes, from", "not even to refuse.",
    ),
    "slow_return": ({}, "The return was slow:", "took 9 hours 30 minutes, from"),
    "names_first": ({}, "Name servers were back first, at 16:20 UTC", "9 hours 30 minutes before anything else."),
    "mail_first": ({}, "Mail was back first, at 16:20 UTC", "9 hours 30 minutes before anything else."),
    "sites_first": ({}, "Sites were back first, at 16:20 UTC", "9 hours 30 minutes before anything else."),
    "place_lost": (
        {"why": "lost"}, "The place Osaka told nothing that counts from", "its own line was down. That says nothing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FINDING_KINDS)
def test_each_finding_has_its_sentence_closed_and_open(kind: Any) -> None:
    facts, begins, holds = CASES[kind]
    rests_on = ["Osaka"] if kind == "place_lost" else list(PLACES)
    found, clock = services(), Clock(None, "")
    closed = finding(clock, found, Finding(kind, DOWN, BACK, rests_on, facts))
    assert closed.startswith(begins)
    assert holds in closed
    opened = finding(clock, found, Finding(kind, DOWN, None, rests_on, facts))
    assert opened != closed
    assert "16:20 UTC on 22 December 2014" in opened
    assert "01:50" not in opened
    assert "{" not in closed + opened


def test_there_is_no_phrase_too_many() -> None:
    assert set(services_phrases.FINDINGS) == set(FINDING_KINDS)


def test_a_finding_of_some_places_says_which() -> None:
    one = Finding("services_down_routes_up", DOWN, BACK, ["Osaka", "Toronto"], {"services": ["sites"]})
    assert finding(Clock(None, ""), services(), one).endswith(" Seen from Osaka and Toronto.")
    many = [f"p{n}" for n in range(9)]
    last = finding(Clock(None, ""), services(), replace(one, rests_on=many))
    assert last.endswith("Seen from p0, p1, p2, p3, p4 and 4 more.")


def test_findings_far_from_the_outage_are_left_out_and_many_are_cut(told: Tell) -> None:
    far = Finding("services_down_routes_up", BEGIN, BEGIN + 60, list(PLACES), {"services": ["sites"]})
    assert lines(told, replace(sites(), findings=[far])) == lines(told, sites())
    near = [Finding("place_lost", DOWN + n, DOWN + 600 + n, [f"p{n}"], {"why": "lost"}) for n in range(20)]
    assert len(lines(told, replace(sites(), findings=near))) == 1 + MOST_FINDINGS


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eevil\n{0}{x}" + "y" * 300


def test_names_of_targets_and_places_are_shown_and_never_obeyed(told: Tell, course: IncidentSeries) -> None:
    whole = services()
    found = replace(
        whole,
        places=[PlaceCourse(HOSTILE, 600, [(BEGIN, "healthy")])],
        parts=[replace(p, target=HOSTILE, part=HOSTILE, group=HOSTILE) for p in whole.parts],
        findings=[Finding("place_lost", DOWN, BACK, [HOSTILE], {"why": "<b>"})],
    )
    text = story(told(), replace(course, services=found))
    assert not set(text) & {"\x1b", "\u202e"}
    page = report(told(), replace(course, services=found))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not set(page) & {"\x1b", "\u202e"}


def test_the_story_and_the_page_tell_the_three_signals(told: Tell, course: IncidentSeries) -> None:
    served = replace(course, services=services())
    for text in (story(told(), served), re.sub(r"<[^>]+>", "", report(told(), served))):
        assert "16:15 UTC on 22 December 2014" in text
        assert "Of 2 name servers checked from 3 places, none answered from 16:20 UTC" in text
        assert "Of 6 sites checked from 3 places, none answered from 16:20 UTC" in text
    assert "services are not checked" not in report(told(), served)


def cells(told: Tell, found: Services) -> dict[str, list[str]]:
    """The table's rows by name, instants as the time of day."""
    table, _rest = services_table(told(), found)
    return {
        str(getattr(row[0], "text", "")): [
            " – ".join(m.time for m in c.moments) or c.instead if c.kind == "when" else c.text
            for c in row[1:]
        ]
        for row in table.rows
    }


def test_the_table_gives_each_part_its_times(told: Tell) -> None:
    rows = cells(told, services())
    assert len(rows) == 10
    assert list(rows)[:2] == ["kp (175.45.176.15 tcp)", "kp (175.45.176.15 udp)"]
    assert rows["KCNA"] == ["16:12:30 UTC – 16:20:00 UTC", "02:10:00 UTC", "210 ms before, 232 ms after"]
    assert rows["Air Koryo"] == ["16:12:30 UTC – 16:20:00 UTC", "02:40:00 UTC", "not known"]
    assert parse("2014-12-22T16:12:30Z") == LAST_GOOD


def test_in_the_table_what_is_not_known_is_not_down(told: Tell) -> None:
    parts = services().parts
    kept = replace(parts[4], steps=[(BEGIN, "up")], onsets=[])
    blind = replace(parts[5], steps=[(BEGIN, "up"), (DOWN - 600, "unknown"), (NINE, "up")], onsets=[])
    gone = replace(parts[6], steps=[(BEGIN, "up"), (DOWN, "down")], onsets=[(DOWN, None)], family=6)
    rows = cells(told, services(parts=[kept, blind, gone]))
    assert list(rows) == [f"{gone.target} (IPv6)", blind.target, kept.target]
    assert rows[kept.target][:2] == ["answered", "answered"]
    assert rows[blind.target][:2] == ["not known", "not known"]
    assert rows[f"{gone.target} (IPv6)"][:2] == ["16:20:00 UTC", "not seen"]


def test_a_long_table_shows_what_failed_and_counts_the_rest(told: Tell) -> None:
    part = services().parts[4]
    up = [replace(part, target=f"up {n:03}", steps=[(BEGIN, "up")], onsets=[]) for n in range(MOST_ROWS)]
    found = services(parts=[*up, replace(part, target="zz gone")])
    table, rest = services_table(told(), found)
    assert len(table.rows) == MOST_ROWS
    assert getattr(table.rows[0][0], "text", "") == "zz gone"
    assert rest == "1 more stands in the data."


def test_the_data_behind_the_panel_can_be_taken_away(course: IncidentSeries) -> None:
    (file,) = [f for f in series_csv.files(replace(course, services=services())) if f.panel == "services"]
    rows = list(csv.DictReader(StringIO(file.text, newline="")))
    mine = [row for row in rows if row["service"] == "sites"]
    assert mine[1] == {
        "service": "sites", "from_utc": "2014-12-22T16:20:00Z", "to_utc": "2014-12-23T02:10:00Z",
        "up": "0", "down": "6", "unknown": "0", "share": "0.000000",
    }  # fmt: skip
    assert mine[-1]["to_utc"] == "2014-12-24T00:00:00Z"
    blind = services(services=[ServiceCourse("service", "mail", [(BEGIN, 0, 0, 1)])])
    (file,) = [f for f in series_csv.files(replace(course, services=blind)) if f.panel == "services"]
    assert file.text.splitlines()[1].endswith(",0,0,1,")
