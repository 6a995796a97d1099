"""Reports in any store: once, for good, through revisions and merging; withdrawn, never edited."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from said_reports import CONTEXT, DENIAL, XINHUA, report

from nightside.model.errors import UsageError
from nightside.model.report import KeptReport, Withdrawal
from nightside.store.protocol import Store

OpenStore = Callable[[], AbstractContextManager[Store]]
Finding = Callable[..., Any]

T = 1_419_675_000
"""2014-12-27T10:10:00Z."""
NOW = 1_795_000_000
ID = "KP-20141227T1010Z"
LATER = "KP-20141227T1210Z"
ONE, OTHER, THIRD = report(XINHUA), report(DENIAL), report(CONTEXT)


def put(store: Store, *reports: Any, id: str = ID, at: int = NOW, by: str = "here") -> list[str]:
    return list(store.put_reports(id, reports or (ONE,), at=at, by=by))


def test_a_new_incident_has_none(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        stored = store.put_incident(*make_finding(T, T + 600))
        assert stored["id"] == ID
        assert stored["reports"] == []
        assert store.reports(ID) == []
        assert store.reports("KP-20000101T0000Z") == []


def test_they_come_back_as_they_were(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as first:
        first.put_incident(*make_finding(T, T + 600))
        assert put(first, ONE, OTHER, by="tokyo-1") == ["attached", "attached"]
    with open_store() as again:
        assert sorted(again.reports(ID), key=lambda k: k.report.kind) == [
            KeptReport(OTHER, ID, NOW, "tokyo-1"),
            KeptReport(ONE, ID, NOW, "tokyo-1"),
        ]


def test_the_same_is_attached_once(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        assert put(store, ONE, ONE) == ["attached", "known"]
        before = store.last_change()
        assert put(store, ONE, at=NOW + 60, by="somebody") == ["known"]
        assert store.last_change() == before
        assert store.reports(ID) == [KeptReport(ONE, ID, NOW, "here")]


def test_an_incident_that_is_not_there_takes_none(open_store: OpenStore) -> None:
    with open_store() as store, pytest.raises(LookupError):
        put(store)


def test_all_or_none(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        many = [report(XINHUA, says=f"not back, {n}") for n in range(1001)]
        with pytest.raises(UsageError, match="more than 1000 reports"):
            put(store, *many)
        assert store.reports(ID) == []
        assert put(store, *many[:1000]) == ["attached"] * 1000
        # What is there already is no more.
        assert put(store, many[5]) == ["known"]
        with pytest.raises(UsageError, match="more than 1000 reports"):
            put(store, many[1000])


def test_a_withdrawn_one_stays_on_record_and_withdrawn(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        put(store)
        assert store.withdraw_report(ID, ONE.id, at=NOW + 5, by="tokyo-1", why="retracted")
        assert not store.withdraw_report(ID, ONE.id, at=NOW + 9, by="here", why="again")
        assert not store.withdraw_report(ID, OTHER.id, at=NOW + 9, by="here", why="never there")
        assert put(store) == ["withdrawn"]
        assert store.reports(ID) == [
            KeptReport(ONE, ID, NOW, "here", Withdrawal(NOW + 5, "tokyo-1", "retracted"))
        ]


def test_they_are_no_part_of_a_revision_and_survive_all(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        put(store)
        shown = store.incident(ID)
        assert shown is not None
        assert shown["revision"] == 1
        assert [r["id"] for r in shown["reports"]] == [ONE.id]
        # The same again is no revision, though it has reports now; another is, and says nothing of them.
        assert store.put_incident(*make_finding(T, T + 600)) == shown
        revised = store.put_incident(*make_finding(T, T + 1200))
        assert revised["corrections"][-1]["changed"] == sorted(set(revised["corrections"][-1]["changed"]))
        assert "reports" not in revised["corrections"][-1]["changed"]
        assert [r["id"] for r in revised["reports"]] == [ONE.id]
        for number in (1, 2):
            old = store.revision(ID, number)
            assert old is not None
            assert old["reports"] == []
        (listed,) = store.incidents()
        assert listed == revised
        (short,) = store.incidents(summaries=True)
        assert "reports" not in short


def test_verdicts_follow_what_is_measured(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 3600))
        put(store)
        found = store.incident(ID)
        assert found is not None
        assert found["reports"][0]["verdict"] == "contradicts"  # back at 11:10, said not to be at 12:30
        later = store.put_incident(*make_finding(T, T + 5 * 3600))
        assert later["reports"][0]["verdict"] == "agrees"


def test_attaching_and_withdrawing_are_changes(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        before = store.last_change()
        put(store)
        store.withdraw_report(ID, ONE.id, at=NOW, by="here", why="retracted")
        assert [(c.kind, c.id, c.revision) for c in store.changes(before, 9)] == [("incident", ID, 1)] * 2


def test_reports_of_a_merged_incident_go_along(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        store.put_incident(*make_finding(T + 7200, T + 7800))
        put(store, ONE, OTHER)
        put(store, ONE, THIRD, id=LATER, at=NOW + 60)
        whole = store.put_incident(*make_finding(T, T + 7800))
        assert whole["id"] == ID
        told = {(r["id"], r["attached_to"]) for r in whole["reports"]}
        # The one that both had stands once, as it was attached first.
        assert told == {(ONE.id, ID), (OTHER.id, ID), (THIRD.id, LATER)}
        assert {k.report.id for k in store.reports(LATER)} == {ONE.id, THIRD.id}
        # Whoever knows the old address still attaches there, and it is seen here.
        before = store.last_change()
        late = report(XINHUA, says="back at last")
        assert put(store, late, id=LATER) == ["attached"]
        assert {c.id for c in store.changes(before, 9)} == {ID, LATER}
        assert late.id in {k.report.id for k in store.reports(ID)}
        assert store.withdraw_report(LATER, late.id, at=NOW, by="here", why="no")


def test_what_is_found_apart_again_has_its_own_again(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        store.put_incident(*make_finding(T + 7200, T + 7800))
        put(store, THIRD, id=LATER)
        store.put_incident(*make_finding(T, T + 7800))
        store.put_incident(*make_finding(T, T + 600))
        store.put_incident(*make_finding(T + 7200, T + 7800))
        assert store.reports(ID) == []
        assert [k.report.id for k in store.reports(LATER)] == [THIRD.id]
