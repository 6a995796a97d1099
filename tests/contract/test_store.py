"""What every store must do with incidents (`nightside.store.protocol`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nightside.model.entity import Entity
from nightside.model.ndjson import dumps
from nightside.store.protocol import Store

T0 = 1_419_131_400
"""2014-12-21T03:10:00Z."""
HOUR = 3600
DAY = 24 * HOUR

Make = Callable[..., Any]
OpenStore = Callable[[], AbstractContextManager[Store]]


def ids(store: Store, **narrowed: Any) -> list[str]:
    return [incident["id"] for incident in store.incidents(**narrowed)]


def test_what_was_put_is_there_when_the_store_is_opened_again(
    open_store: OpenStore, make_finding: Make
) -> None:
    incident, series = make_finding(T0, T0 + HOUR)
    with open_store() as store:
        stored = store.put_incident(incident, series)
    with open_store() as store:
        assert store.incident("KP-20141221T0310Z") == stored
        assert list(store.incidents()) == [stored]
        assert store.series("KP-20141221T0310Z") == series
    assert stored == json.loads(dumps(incident.to_json(id="KP-20141221T0310Z", revision=1, corrections=[])))


def test_an_empty_store_knows_nothing(open_store: OpenStore) -> None:
    with open_store() as store:
        assert list(store.incidents()) == []
        assert store.incident("KP-20141221T0310Z") is None
        assert store.series("KP-20141221T0310Z") is None


def test_the_id_is_the_entity_and_the_minute(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        country = store.put_incident(*make_finding(T0 + 59, T0 + HOUR))
        network = store.put_incident(*make_finding(T0, T0 + HOUR, entity=Entity("asn", "131279", "Star")))
    assert country["id"] == "KP-20141221T0310Z"
    assert network["id"] == "AS131279-20141221T0310Z"


def test_the_same_again_changes_nothing(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        first = store.put_incident(*make_finding(T0, T0 + HOUR))
        again = store.put_incident(*make_finding(T0, T0 + HOUR))
        assert dumps(again) == dumps(first)
        assert (first["revision"], first["corrections"]) == (1, [])
        assert ids(store) == [first["id"]]


def test_other_content_is_a_revision_that_says_what_changed(
    open_store: OpenStore, make_finding: Make
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + HOUR))
        second = store.put_incident(*make_finding(T0, T0 + 2 * HOUR))
        third = store.put_incident(*make_finding(T0, T0 + 2 * HOUR, version="2"))
        assert store.incident(second["id"]) == third
        assert ids(store) == [second["id"]]
    changed = ["duration_s", "end", "ended", "episodes"]
    assert second["corrections"] == [{"revision": 2, "changed": changed}]
    assert third["revision"] == 3
    assert third["corrections"] == [*second["corrections"], {"revision": 3, "changed": ["provenance"]}]


def test_the_id_survives_a_correction_of_the_beginning(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        first = store.put_incident(*make_finding(T0, T0 + HOUR))
        second = store.put_incident(*make_finding(T0 - HOUR, T0 + HOUR))
        third = store.put_incident(*make_finding(T0 - HOUR, T0 - 1800))
        assert first["id"] == second["id"] == third["id"]
        assert third["began"] == "2014-12-21T02:10:00Z"
        assert ids(store) == [first["id"]]


@pytest.mark.parametrize(("gap", "same"), [(-1, True), (0, True), (1, False)])
def test_touching_is_the_same_incident(
    open_store: OpenStore, make_finding: Make, gap: int, same: bool
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + HOUR))
        store.put_incident(*make_finding(T0 + HOUR + gap, T0 + 2 * HOUR))
        assert len(ids(store)) == (1 if same else 2)


@pytest.mark.parametrize(("gap", "same"), [(0, True), (1, False)])
def test_what_has_not_ended_reaches_as_far_as_it_was_seen(
    open_store: OpenStore, make_finding: Make, gap: int, same: bool
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, None, seen_until=T0 + DAY))
        store.put_incident(*make_finding(T0 + DAY + gap, T0 + 2 * DAY))
        assert len(ids(store)) == (1 if same else 2)


def test_a_shorter_look_does_not_swallow_what_came_later(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + DAY))
        later = store.put_incident(*make_finding(T0 + 4 * DAY, T0 + 5 * DAY))
        store.put_incident(*make_finding(T0, None, seen_until=T0 + HOUR))
        assert store.incident(later["id"]) == later
        assert ids(store) == ["KP-20141221T0310Z", later["id"]]


def test_an_ongoing_incident_that_says_the_same_keeps_its_revision_and_grows_its_series(
    open_store: OpenStore, make_finding: Make
) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0, None, seen_until=T0 + HOUR))
        incident, series = make_finding(T0, None, seen_until=T0 + 2 * HOUR)
        assert store.put_incident(incident, series)["revision"] == 1
        assert store.series("KP-20141221T0310Z") == series


def test_the_same_minute_is_the_same_incident(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        store.put_incident(*make_finding(T0 + 1, T0 + 2))
        store.put_incident(*make_finding(T0 + 40, T0 + 50))
        assert [(i["id"], i["revision"]) for i in store.incidents()] == [("KP-20141221T0310Z", 2)]


def test_incidents_that_grow_together_go_on_under_the_earliest_id(
    open_store: OpenStore, make_finding: Make
) -> None:
    with open_store() as store:
        a = store.put_incident(*make_finding(T0, T0 + HOUR))
        b = store.put_incident(*make_finding(T0 + 2 * HOUR, T0 + 3 * HOUR))
        c = store.put_incident(*make_finding(T0 + 4 * HOUR, T0 + 5 * HOUR))
        whole = store.put_incident(*make_finding(T0 + HOUR, T0 + 4 * HOUR))
        assert whole["id"] == a["id"]
        assert ids(store) == [a["id"]]
        for part in (b, c):
            closed = store.incident(part["id"])
            assert closed is not None
            assert (closed["status"], closed["closed_as"]) == ("closed", "merged")
            assert closed["related"] == [{"id": a["id"], "relation": "merged_into"}]
            assert closed["corrections"] == [{"revision": 2, "changed": ["closed_as", "related", "status"]}]
            assert {k: closed[k] for k in ("began", "ended")} == {k: part[k] for k in ("began", "ended")}
            assert store.series(part["id"]) is not None


def test_what_never_was_is_closed_as_it_stands(open_store: OpenStore, make_finding: Make) -> None:
    archive = {"inputs": [{"name": "rrc00/a.gz", "sha256": "ab" * 32}], "snapshot": None}
    with open_store() as store:
        incident, series = make_finding(T0, None)
        told = store.put_incident(incident, series)
        provenance = told["provenance"] | archive
        before = store.last_change()
        closed = store.close_incident(told["id"], "withdrawn", provenance)
        assert store.last_change() > before
        assert closed == store.incident(told["id"])
        assert (closed["status"], closed["closed_as"], closed["revision"]) == ("closed", "withdrawn", 2)
        assert closed["provenance"] == provenance
        changed = {k for k in closed if closed[k] != told[k]} - {"revision", "corrections"}
        assert changed == {"status", "closed_as", "provenance", "ended"}
        # It is not listed with what comes later.
        looked_until = series.end
        assert ids(store, begin=looked_until + 1) == []
        assert ids(store, status="closed") == [told["id"]]
        assert store.close_incident(told["id"], "withdrawn", provenance)["revision"] == 2
        with pytest.raises(LookupError):
            store.close_incident("KP-20200101T0000Z", None)


def test_incidents_found_apart_again_have_their_ids_back(open_store: OpenStore, make_finding: Make) -> None:
    first, second = make_finding(T0, T0 + HOUR), make_finding(T0 + 2 * HOUR, T0 + 3 * HOUR)
    with open_store() as store:
        a, b = store.put_incident(*first), store.put_incident(*second)
        store.put_incident(*make_finding(T0, T0 + 3 * HOUR))
        assert ids(store) == [a["id"]]
        store.put_incident(*first)
        back = store.put_incident(*second)
        assert ids(store) == [a["id"], b["id"]]
        assert back["revision"] == 3
        assert {k: v for k, v in back.items() if k not in ("revision", "corrections")} == {
            k: v for k, v in b.items() if k not in ("revision", "corrections")
        }


def test_entities_do_not_mix(open_store: OpenStore, make_finding: Make) -> None:
    entities = [
        Entity("country", "KP", "North Korea"),
        Entity("country", "SY", "Syria"),
        Entity("asn", "1", "A"),
    ]
    with open_store() as store:
        for entity in entities:
            store.put_incident(*make_finding(T0, T0 + HOUR, entity=entity))
        assert ids(store) == ["AS1-20141221T0310Z", "KP-20141221T0310Z", "SY-20141221T0310Z"]


def test_the_order_is_began_then_type_then_code(open_store: OpenStore, make_finding: Make) -> None:
    put = [(T0, "country", "SY"), (T0 - 60, "country", "ZW"), (T0, "asn", "9"), (T0, "country", "KP")]
    with open_store() as store:
        for began, type_, code in put:
            store.put_incident(*make_finding(began, T0 + HOUR, entity=Entity(type_, code, code)))
        assert [(i["began"], i["entity"]["type"], i["entity"]["code"]) for i in store.incidents()] == [
            ("2014-12-21T03:09:00Z", "country", "ZW"),
            ("2014-12-21T03:10:00Z", "asn", "9"),
            ("2014-12-21T03:10:00Z", "country", "KP"),
            ("2014-12-21T03:10:00Z", "country", "SY"),
        ]


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, "abcd"),
        ({"codes": ["KP"]}, "ac"),
        ({"codes": ["SY", "IQ"]}, "bd"),
        ({"codes": ["XX"]}, ""),
        ({"begin": T0 + HOUR}, "bcd"),
        ({"begin": T0 + HOUR - 1}, "abcd"),
        ({"begin": T0 + 2 * HOUR}, "bcd"),
        ({"begin": T0 + 2 * HOUR + 1}, "bd"),
        ({"begin": T0 + 9 * DAY}, "d"),
        ({"end": T0}, ""),
        ({"end": T0 + 1}, "a"),
        ({"end": T0 + 2 * HOUR}, "ab"),
        ({"begin": T0 + HOUR, "end": T0 + 2 * HOUR}, "b"),
        ({"severity": "instability"}, "abcd"),
        ({"severity": "partial"}, "abd"),
        ({"severity": "severe"}, "ad"),
        ({"severity": "total"}, "d"),
        ({"severity": "severe", "codes": ["KP"], "end": T0 + DAY}, "a"),
    ],
)
def test_what_the_list_is_narrowed_to(
    open_store: OpenStore, make_finding: Make, narrowed: dict[str, Any], found: str
) -> None:
    kp, sy, iq = Entity("country", "KP", "K"), Entity("country", "SY", "S"), Entity("country", "IQ", "I")
    put = {
        "a": make_finding(T0, T0 + HOUR, entity=kp, severity="severe"),
        "b": make_finding(T0 + HOUR, T0 + 3 * HOUR, entity=sy, severity="partial"),
        # No longer than an instant.
        "c": make_finding(T0 + 2 * HOUR, T0 + 2 * HOUR, entity=kp, severity="instability"),
        "d": make_finding(T0 + 3 * HOUR, None, entity=iq, severity="total"),
    }
    with open_store() as store:
        names = {store.put_incident(*it)["id"]: name for name, it in put.items()}
        assert "".join(names[i] for i in ids(store, **narrowed)) == found


def test_a_list_may_be_read_while_the_store_changes(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        for day in range(3):
            store.put_incident(*make_finding(T0 + day * DAY, T0 + day * DAY + HOUR))
        seen = []
        for incident in store.incidents():
            seen.append(incident["began"][:10])
            store.put_incident(*make_finding(T0 + 10 * DAY, T0 + 11 * DAY + len(seen)))
        assert seen == ["2014-12-21", "2014-12-22", "2014-12-23"]


def test_another_reader_sees_what_was_put(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as writer, open_store() as reader:
        assert ids(reader) == []
        stored = writer.put_incident(*make_finding(T0, T0 + HOUR))
        assert reader.incident(stored["id"]) == stored


def test_what_cannot_be_written_down_leaves_no_trace(open_store: OpenStore, make_finding: Make) -> None:
    incident, series = make_finding(T0, T0 + HOUR)
    with open_store() as store:
        before = store.put_incident(incident, series)
        with pytest.raises(ValueError, match="JSON"):
            store.put_incident(replace(incident, settings={"total_at": float("nan")}), series)
        assert store.incident(before["id"]) == before
        assert store.put_incident(*make_finding(T0, T0 + HOUR)) == before


def test_all_that_is_stored_has_the_shape_of_an_incident(open_store: OpenStore, make_finding: Make) -> None:
    schema = json.loads((files("nightside.model") / "schemas" / "incident-1.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    with open_store() as store:
        store.put_incident(*make_finding(T0, T0 + HOUR))
        merged = store.put_incident(*make_finding(T0 + 2 * HOUR, T0 + 3 * HOUR))["id"]
        store.put_incident(*make_finding(T0, T0 + 3 * HOUR, lowest_units=1, severity="severe"))
        store.put_incident(*make_finding(T0 + DAY, None, severity="instability", lowest_units=4))
        stored = [*store.incidents(), store.incident(merged)]
    assert len(stored) == 3
    for incident in stored:
        validator.validate(incident)


def test_two_stores_print_the_same_bytes(
    store_at: Callable[[Path], AbstractContextManager[Store]], make_finding: Make, tmp_path: Path
) -> None:
    printed = []
    for name in ("one", "two"):
        with store_at(tmp_path / name) as store:
            for began in (T0, T0 + DAY):
                store.put_incident(*make_finding(began, began + HOUR))
                store.put_incident(*make_finding(began, began + 2 * HOUR))
            printed.append([dumps(incident) for incident in store.incidents()])
    assert printed[0] == printed[1]
    assert len(printed[0]) == 2
