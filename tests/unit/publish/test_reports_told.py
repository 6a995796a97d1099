"""Reports told: who said what, what was measured, the verdict; and hostile words are words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from page_reading import Page
from said_reports import CONTEXT, DENIAL, NINE_HOURS, TWO_DAYS, XINHUA, ZONE_ERROR, report
from web_store import BACK, KP, ONSET, finding

from nightside.model.report import KeptReport, Report, Withdrawal
from nightside.model.report_beside import shown_reports
from nightside.publish.report import article, said_of
from nightside.publish.reports_told import reports, taken_line
from nightside.publish.words import story

ID = "KP-20141222T1615Z"
AT = 1_795_000_000
Json = dict[str, Any]


def incident(*said: Report | KeptReport) -> Json:
    told = finding(KP, ONSET, BACK)[0].to_json(id=ID, revision=1, corrections=[])
    kept = [s if isinstance(s, KeptReport) else KeptReport(s, ID, AT, "here") for s in said]
    return told | {"reports": shown_reports(kept, told)}


def page(*said: Report | KeptReport) -> Page:
    return Page(str(article(incident(*said), finding(KP, ONSET, BACK)[1])))


def test_nothing_said_nothing_told() -> None:
    assert reports(incident()) == []
    assert "others said" not in story(incident())
    assert said_of([incident()]) == ""
    assert [e for e in page().all if e.attrs.get("id") == "reports"] == []


def test_it_stands_beside_what_was_measured() -> None:
    head, line = reports(incident(report(TWO_DAYS)))
    assert head == "What others said, beside what was measured:"
    assert line == (
        "- a news site (claim; A story on the outage of 6 April 2016, 2016-04-07, https://news.example/kp?a=1&b=2): "
        "“offline for roughly two days”\n"
        "  Of 2014-12-22 to 2014-12-23 UTC. "
        "Measured: total outage, 22 Dec 2014 16:15 to 23 Dec 2014 01:46 UTC; "
        "length: said 2 days, measured 9 hours 31 minutes. Verdict: contradicts what was measured."
    )


def test_times_stand_as_given_and_in_utc() -> None:
    line = reports(incident(report(XINHUA)))[1]
    assert "Of 2014-12-27 21:30 Asia/Pyongyang (27 Dec 2014 12:30 UTC)." in line
    assert "end: said 27 Dec 2014 12:30 UTC or later; no outage was measured within a day" in line


def test_those_that_contradict_each_other_stand_side_by_side() -> None:
    lines = reports(incident(report(TWO_DAYS), report(NINE_HOURS), report(ZONE_ERROR)))[1:]
    assert [line.rsplit("Verdict: ", 1)[1] for line in lines] == [
        "contradicts what was measured.",
        "agrees.",
        "contradicts what was measured.",
    ]


def test_context_is_no_evidence() -> None:
    (line,) = reports(incident(report(CONTEXT)))[1:]
    assert line.endswith(": near in time, not evidence.")
    assert "Measured" not in line
    far = report(CONTEXT, about={"at": "2014-11-24", "zone": "UTC"}, said_on="2014-11-24")
    (line,) = reports(incident(far))[1:]
    # From the end of 24 November until 22 December, 16:15.
    assert line.endswith(": not evidence. Its time lies far from this incident: 27 days 16 hours away.")


def test_a_withdrawn_one_says_so_and_no_more() -> None:
    gone = KeptReport(report(DENIAL), ID, AT, "here", Withdrawal(AT, "tokyo-1", "retracted"))
    (line,) = reports(incident(gone))[1:]
    assert "withdrawn at " in line
    assert line.endswith("by tokyo-1: retracted")
    assert "no part in it" not in line
    assert "no part in it" not in page(gone).root.text


def test_where_it_was_attached_is_said() -> None:
    merged = replace(KeptReport(report(NINE_HOURS), ID, AT, "here"), attached_to="KP-20141222T2000Z")
    assert reports(incident(merged))[1].endswith(
        "It was attached to KP-20141222T2000Z, which turned out to be a part of this."
    )


def test_the_page_has_a_row_each_and_links_the_source() -> None:
    found = page(report(TWO_DAYS), report(CONTEXT))
    rows = [e for e in found.all if e.tag == "tr" and "said" in e.attrs.get("class", "").split()]
    assert [row.attrs["class"] for row in rows] == ["said context", "said contradicts"]
    assert "near in time, not evidence" in rows[0].text
    (link,) = [e for e in found.all if e.attrs.get("href") == "https://news.example/kp?a=1&b=2"]
    assert set(link.attrs["rel"].split()) >= {"noopener", "noreferrer", "nofollow", "ugc"}


def test_a_list_of_incidents_names_each_once() -> None:
    found = Page(str(said_of([incident(report(TWO_DAYS)), incident()])))
    assert next(e.attrs["href"] for e in found.all if e.tag == "a") == f"/incidents/{ID}"
    assert len([e for e in found.all if e.tag == "h3"]) == 1


EVIL = [
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "' onmouseover=window.hit=1 x='",
    "{{ 7*7 }}{% raw %}",
    "\u202egnirts\u2066 \u200f\u061c",
    "=cmd|' /C calc'!A0",
    "[x](javascript:alert(1))",
    "two\nlines\u2028three\tfour",
]


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_words_are_words(evil: str) -> None:
    said = [
        report(NINE_HOURS, says=evil, by=evil, source=evil, url="https://news.example/?q='onclick=1&x=%22"),
        KeptReport(report(TWO_DAYS, by=evil, source=evil), ID, AT, evil, Withdrawal(AT, evil, evil)),
    ]
    told = "\n".join(reports(incident(*said)))
    assert not set(told) & set("\u202e\u2066\u200f\u061c\u2028\t\x1b")
    # Two lines a report: nothing of others begins a line of its own.
    assert all(line.startswith(("What others", "- ", "  Of ")) for line in told.splitlines())
    found = page(*said)
    assert {e.tag for e in found.all} & {"script", "img", "iframe"} <= {"img"}
    assert not any(name.startswith("on") for e in found.all for name in e.attrs)
    assert all(
        e.attrs["href"].startswith(("https://", "/", "#"))
        for e in found.all
        if e.tag == "a" and e.within("table")
    )
    assert not set(found.root.text) & set("\u202e\u2066\u200f\u061c")
    assert [e.text for e in found.all if e.tag == "bdi"]


def test_a_line_about_what_was_attached_is_one_line() -> None:
    said = report(by="A\nB\u202e")
    line = taken_line(said, "attached", "far")
    assert line == f"attached {said.id}: A B, observation; marked: its time lies far from the incident"
