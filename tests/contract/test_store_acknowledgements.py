"""Acknowledgements in any store: of a revision, through revisions and merging; withdrawn, never edited."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from nightside.model.acknowledgement import Acknowledgement, Retraction
from nightside.model.errors import UsageError
from nightside.store.protocol import Store

OpenStore = Callable[[], AbstractContextManager[Store]]
Finding = Callable[..., Any]

T = 1_419_675_000
"""2014-12-27T10:10:00Z."""
NOW = 1_795_000_000
ID = "KP-20141227T1010Z"
LATER = "KP-20141227T1210Z"


def put(
    store: Store, note: str = "seen", *, id: str = ID, at: int = NOW, by: str = "Ana", token: str = "on-call"
) -> tuple[bool, Acknowledgement]:
    return store.put_acknowledgement(id, at=at, by=by, token=token, note=note)


def test_a_new_incident_has_none(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        assert store.put_incident(*make_finding(T, T + 600))["acknowledgements"] == []
        assert store.acknowledgements(ID) == []
        assert store.acknowledgements("KP-20000101T0000Z") == []


def test_they_come_back_as_they_were_in_the_order_of_time(
    open_store: OpenStore, make_finding: Finding
) -> None:
    with open_store() as first:
        first.put_incident(*make_finding(T, T + 600, severity="severe", lowest_units=1))
        _, late = put(first, "late", at=NOW + 9)
        new, early = put(first, "early")
        assert new
        assert early == Acknowledgement(early.id, ID, NOW, "Ana", "on-call", "early", 1, "severe")
        assert len({early.id, late.id}) == 2
    with open_store() as again:
        assert again.acknowledgements(ID) == [early, late]


def test_the_same_of_the_same_revision_is_known(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        _, one = put(store)
        before = store.last_change()
        assert put(store, at=NOW + 60) == (False, one)
        assert store.last_change() == before
        # Somebody else, with other words, or of what is known since: these are new.
        assert put(store, by="Ben")[0]
        assert put(store, token="here")[0]
        assert put(store, "more")[0]
        store.put_incident(*make_finding(T, T + 1200))
        new, two = put(store, at=NOW + 60)
        assert (new, two.revision) == (True, 2)


def test_an_incident_that_is_not_there_takes_none(open_store: OpenStore) -> None:
    with open_store() as store, pytest.raises(LookupError):
        put(store)


def test_there_are_at_most_a_hundred(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        kept = [put(store, f"seen {n}")[1] for n in range(100)]
        store.withdraw_acknowledgement(ID, kept[0].id, at=NOW, by="here", why=None)
        with pytest.raises(UsageError, match="has 100 acknowledgements already"):
            put(store, "one more")
        assert put(store, "seen 5") == (False, kept[5])
        assert len(store.acknowledgements(ID)) == 100


def test_a_withdrawn_one_stays_on_record_and_may_be_given_again(
    open_store: OpenStore, make_finding: Finding
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        _, one = put(store)
        assert store.withdraw_acknowledgement(ID, one.id, at=NOW + 5, by="here", why="too early")
        assert not store.withdraw_acknowledgement(ID, one.id, at=NOW + 9, by="here", why="again")
        assert not store.withdraw_acknowledgement(ID, "0" * 32, at=NOW + 9, by="here", why=None)
        new, again = put(store)
        assert new
        assert again.id != one.id
        found = {kept.id: kept.withdrawn for kept in store.acknowledgements(ID)}
        assert found == {one.id: Retraction(NOW + 5, "here", "too early"), again.id: None}


def test_they_are_no_part_of_a_revision_and_survive_all(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        put(store)
        shown = store.incident(ID)
        assert shown is not None
        assert shown["revision"] == 1
        # The same again is no revision, though it was seen; another is, and says nothing of who saw it.
        assert store.put_incident(*make_finding(T, T + 600)) == shown
        revised = store.put_incident(*make_finding(T, T + 1200))
        assert "acknowledgements" not in revised["corrections"][-1]["changed"]
        assert [(a["by"], a["revision"]) for a in revised["acknowledgements"]] == [("Ana", 1)]
        for number in (1, 2):
            old = store.revision(ID, number)
            assert old is not None
            assert old["acknowledgements"] == []
        (listed,) = store.incidents()
        assert listed == revised
        (short,) = store.incidents(summaries=True)
        assert "acknowledgements" not in short


def test_what_is_worse_since_is_said(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, None, severity="severe", lowest_units=1))
        put(store)
        worse = store.put_incident(*make_finding(T, None, severity="total"))
        assert [a["worsened"] for a in worse["acknowledgements"]] == [
            {"severity": "total", "onset": "2014-12-27T10:10:00Z"}
        ]


def test_giving_and_withdrawing_are_changes(open_store: OpenStore, make_finding: Finding) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        before = store.last_change()
        _, one = put(store)
        store.withdraw_acknowledgement(ID, one.id, at=NOW, by="here", why=None)
        assert [(c.kind, c.id, c.revision) for c in store.changes(before, 9)] == [("incident", ID, 1)] * 2


def test_those_of_a_merged_incident_go_along_and_come_back(
    open_store: OpenStore, make_finding: Finding
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T, T + 600))
        store.put_incident(*make_finding(T + 7200, T + 7800))
        put(store, "the first")
        put(store, "the second", id=LATER, at=NOW + 60)
        whole = store.put_incident(*make_finding(T, T + 7800))
        assert whole["id"] == ID
        assert [(a["note"], a["acknowledged"]) for a in whole["acknowledgements"]] == [
            ("the first", ID),
            ("the second", LATER),
        ]
        assert [kept.note for kept in store.acknowledgements(LATER)] == ["the second"]
        # Whoever knows the old address still says so there, and it is seen here.
        before = store.last_change()
        put(store, "late", id=LATER, at=NOW + 120)
        assert {c.id for c in store.changes(before, 9)} == {ID, LATER}
        # Found apart again, each has its own.
        store.put_incident(*make_finding(T, T + 600))
        store.put_incident(*make_finding(T + 7200, T + 7800))
        assert [kept.note for kept in store.acknowledgements(ID)] == ["the first"]
        assert [kept.note for kept in store.acknowledgements(LATER)] == ["the second", "late"]
