"""Reports attached to an incident: what nobody can know yet, what is far, who took what back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import web_store
from said_reports import CONTEXT, NINE_HOURS, XINHUA, report

from nightside.engine.reports.attaching import attach, taken_json, withdraw
from nightside.model.errors import InputError, UsageError
from nightside.model.instants import parse
from nightside.store.location import open_store
from nightside.store.protocol import Store

ID = "KP-20141222T1615Z"
NOW = parse("2014-12-29T12:00Z")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        opened.put_incident(*web_store.finding(web_store.KP, web_store.ONSET, web_store.BACK))
        yield opened


def test_what_became_of_each_is_told(store: Store) -> None:
    reports = [report(NINE_HOURS), report(XINHUA), report(CONTEXT, about={"at": "2014-11-24", "zone": "UTC"})]
    taken = attach(store, ID, reports, at=NOW, by="tokyo-1")
    assert [(t.outcome, t.nearness) for t in taken] == [
        ("attached", "within"),
        ("attached", "near"),
        ("attached", "far"),
    ]
    told = taken_json(ID, taken, NOW)
    assert (told["at"], len(told["items"])) == ("2014-12-29T12:00:00Z", 3)
    assert {k.attached_by for k in store.reports(ID)} == {"tokyo-1"}
    assert [t.outcome for t in attach(store, ID, reports[:1], at=NOW, by="here")] == ["known"]


def test_no_incident_no_report(store: Store) -> None:
    with pytest.raises(UsageError, match="no incident KP-20991231T0000Z"):
        attach(store, "KP-20991231T0000Z", [report()], at=NOW, by="here")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"said_on": "2014-12-31"}, "source is dated in the future: 2014-12-31"),
        ({"about": {"at": "2014-12-29T12:06Z"}}, "a time in the future: 2014-12-29T12:06:00Z"),
        ({"said_on": "2014-12-25"}, "older than what it observed, 2014-12-27T12:30:00Z"),
    ],
)
def test_what_nobody_can_know_is_refused(store: Store, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as caught:
        attach(store, ID, [report(NINE_HOURS), report(XINHUA, **changes)], at=NOW, by="here")
    assert what in caught.value.what
    assert caught.value.where.startswith("reports[1].")
    assert store.reports(ID) == []


@pytest.mark.parametrize(
    "changes",
    [
        # 12:00 UTC on the 29th is 02:00 on the 30th at +14:00.
        {"said_on": "2014-12-30"},
        {"said_on": "2014-12-29", "about": {"at": "2014-12-29T12:04Z"}},
        # What was foretold is no observation, but may be claimed.
        {"said_on": "2014-12-25", "kind": "claim"},
        # 12:30 UTC on the 27th is still the 26th nowhere, and the day of the source may be anybody's.
        {"said_on": "2014-12-26", "about": {"at": "2014-12-27T11:59Z"}},
    ],
)
def test_what_can_be_known_somewhere_is_taken(store: Store, changes: dict[str, Any]) -> None:
    (taken,) = attach(store, ID, [report(XINHUA, **changes)], at=NOW, by="here")
    assert taken.outcome == "attached"


def test_a_report_is_taken_back_with_its_reason(store: Store) -> None:
    attach(store, ID, [report()], at=NOW, by="here")
    withdraw(
        store, ID, report().id[:8].upper(), at=NOW + 60, by="here", why="the article\x1b[2J was\nretracted"
    )
    (kept,) = store.reports(ID)
    assert kept.withdrawn is not None
    assert kept.withdrawn.why == "the article [2J was retracted"
    with pytest.raises(UsageError, match="withdrawn already"):
        withdraw(store, ID, report().id, at=NOW + 90, by="here", why="again")


@pytest.mark.parametrize(
    ("id", "report_id", "why", "what"),
    [
        (ID, report().id, " ", "no reason"),
        (ID, report().id, "x" * 501, "no reason"),
        (ID, report().id[:7], "retracted", "no report"),
        (ID, "0" * 32, "retracted", "no report"),
        ("KP-20991231T0000Z", report().id, "retracted", "no incident"),
    ],
)
def test_what_cannot_be_taken_back_is_said(
    store: Store, id: str, report_id: str, why: str, what: str
) -> None:
    attach(store, ID, [report()], at=NOW, by="here")
    with pytest.raises(UsageError, match=what):
        withdraw(store, id, report_id, at=NOW, by="here", why=why)
    assert store.reports(ID)[0].withdrawn is None
