"""What every store must do with long lists of incidents: pages, either order, in short."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import product
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.errors import UsageError
from nightside.store.cursor import cursor_of
from nightside.store.protocol import Store

T0 = 1_419_131_400
"""2014-12-21T03:10:00Z."""
HOUR = 3600

Make = Callable[..., Any]
OpenStore = Callable[[], AbstractContextManager[Store]]

PUT = [
    (T0 + HOUR * slot, entity)
    for slot, entity in product(
        (0, 2, 4), [Entity("asn", "9", "N"), Entity("asn", "KP", "?"), Entity("country", "KP", "K")]
    )
]
IN_ORDER = [f"{t} {e.type} {e.code}" for t, e in sorted(PUT, key=lambda p: (p[0], p[1].type, p[1].code))]


@pytest.fixture
def store(open_store: OpenStore, make_finding: Make) -> Any:
    with open_store() as opened:
        for number, (began, entity) in enumerate(PUT):
            ended = None if began == T0 + 4 * HOUR and entity.code == "9" else began + HOUR
            severity = ("partial", "severe", "total")[number % 3]
            opened.put_incident(*make_finding(began, ended, entity=entity, severity=severity))
        # One that is merged into another, and never listed.
        late = Entity("country", "ZZ", "Z")
        opened.put_incident(*make_finding(T0 + 20 * HOUR, T0 + 21 * HOUR, entity=late))
        opened.put_incident(*make_finding(T0 + 22 * HOUR, T0 + 23 * HOUR, entity=late))
        opened.put_incident(*make_finding(T0 + 20 * HOUR, T0 + 23 * HOUR, entity=late))
        yield opened


def named(incident: dict[str, Any]) -> str:
    slot = {"T03:10:00Z": 0, "T05:10:00Z": 2, "T07:10:00Z": 4, "T23:10:00Z": 20}[incident["began"][10:]]
    return f"{T0 + HOUR * slot} {incident['entity']['type']} {incident['entity']['code']}"


LATE = f"{T0 + 20 * HOUR} country ZZ"


def test_the_newest_first_is_the_whole_order_turned_round(store: Store) -> None:
    assert [named(i) for i in store.incidents()] == [*IN_ORDER, LATE]
    assert [named(i) for i in store.incidents(newest_first=True)] == [LATE, *reversed(IN_ORDER)]


@pytest.mark.parametrize(("size", "newest_first"), [*product((1, 2, 3, 4, 10, 100), (False, True))])
def test_pages_together_are_the_list(store: Store, size: int, newest_first: bool) -> None:
    found: list[str] = []
    after = None
    for _page in range(20):
        page = list(store.incidents(newest_first=newest_first, limit=size, after=after))
        assert len(page) <= size
        if not page:
            break
        found += [named(i) for i in page]
        after = cursor_of(page[-1])
    whole = [*IN_ORDER, LATE]
    assert found == (whole[::-1] if newest_first else whole)


def test_a_page_goes_on_behind_a_place_whatever_came_meanwhile(store: Store, make_finding: Make) -> None:
    first = list(store.incidents(newest_first=True, limit=3))
    store.put_incident(*make_finding(T0 + 50 * HOUR, T0 + 51 * HOUR, entity=Entity("asn", "1", "N")))
    then = list(store.incidents(newest_first=True, limit=3, after=cursor_of(first[-1])))
    assert [named(i) for i in first + then] == [LATE, *IN_ORDER[::-1]][:6]


@pytest.mark.parametrize(
    ("narrowed", "wanted"),
    [
        ({"type": "country"}, lambda name: " country " in name),
        ({"type": "asn", "codes": ["KP"]}, lambda name: " asn KP" in name),
        ({"codes": ["KP"]}, lambda name: name.endswith(" KP")),
        ({"codes": ["KP", "9"], "type": "asn"}, lambda name: " asn " in name),
        ({"type": "view"}, lambda name: False),
        ({"status": "ongoing"}, lambda name: name == f"{T0 + 4 * HOUR} asn 9"),
        ({"status": "restored", "type": "asn"}, lambda name: " asn " in name and name != IN_ORDER[6]),
        ({"status": "closed"}, lambda name: False),
    ],
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_the_list_is_narrowed_in_either_order(
    store: Store, narrowed: dict[str, Any], wanted: Callable[[str], bool], newest_first: bool
) -> None:
    expected = [name for name in [*IN_ORDER, LATE] if wanted(name)]
    if newest_first:
        expected.reverse()
    assert [named(i) for i in store.incidents(newest_first=newest_first, **narrowed)] == expected


def test_limits(store: Store) -> None:
    assert list(store.incidents(limit=0)) == []
    assert [named(i) for i in store.incidents(limit=2)] == IN_ORDER[:2]


def test_in_short_nothing_is_other_than_in_the_whole(store: Store) -> None:
    whole, short = list(store.incidents()), list(store.incidents(summaries=True))
    assert len(whole) == len(short) == len(PUT) + 1
    for long, brief in zip(whole, short, strict=True):
        left_out = {"networks", "operators", "settings", "diagnosis", "reports", "acknowledgements"}
        assert set(long) - set(brief) == left_out
        assert set(long["provenance"]) - set(brief["provenance"]) == {"inputs"}
        assert brief["schema"] == "nightside.incident-summary/1"
        for key in set(brief) - {"schema", "provenance"}:
            assert brief[key] == long[key]


@pytest.mark.parametrize(
    "after",
    ["", "x", "W10", "%%%", "é", "\udcff", "WyJhIiwiYiIsImMiLCJkIl0", "bnVsbA", "WzFlOTksIiIsIiIsIiJd"],
)
def test_what_is_no_cursor_is_refused(store: Store, after: str) -> None:
    with pytest.raises(UsageError, match="not a cursor"):
        list(store.incidents(after=after))
