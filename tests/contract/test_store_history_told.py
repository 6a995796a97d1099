"""History over every store: what is usual, ranks, series and what others documented, in years counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from nightside.engine.history import Histories, history_of
from nightside.engine.shown import entity_history, shown
from nightside.model.entity import Entity
from nightside.model.incident import LocalTime
from nightside.model.instants import iso
from nightside.model.ndjson import dumps
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.protocol import Store

KP = Entity("country", "KP", "North Korea")
STAR = Entity("asn", "131279", "Star Joint Venture")
DAY = 86_400
OpenStore = Callable[[], AbstractContextManager[Store]]
Make = Callable[..., Any]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


BEGIN, END = at("2015-01-01T00:00:00Z"), at("2016-04-12T00:00:00Z")
# Three hours, then five minutes on each of four nights (as documented of April 2016), and a day in February.
LOSSES = [
    (at("2016-02-10T00:00:00Z"), DAY),
    (at("2016-04-06T15:10:00Z"), 10_200),
    *((at(f"2016-04-{day:02}T15:15:10Z"), 300) for day in (7, 8, 9, 10)),
]
APRIL_6 = "KP-20160406T1510Z"


def fill(store: Store, make: Make, *, unknown: tuple[tuple[int, int], ...] = (), begin: int = BEGIN) -> None:
    times, units = [begin], [4]
    for onset, length in LOSSES:
        times += [onset, onset + length]
        units += [0, 4]
    blind = [UnknownStretch(a, b, "no peers") for a, b in unknown]
    for entity in (KP, STAR):
        store.put_samples([Signal(entity, times, units, END, blind)], {entity: [(begin, 4)]})
        for onset, length in LOSSES:
            incident, series = make(onset, onset + length, entity=entity)
            zone = LocalTime("Asia/Pyongyang", None, None)
            store.put_incident(replace(incident, local_time=zone), series)


def told(store: Store, id: str) -> dict[str, Any]:
    incident = store.incident(id)
    assert incident is not None
    return history_of(store, incident)


@pytest.fixture
def schema() -> Callable[[str, Any], None]:
    def check(name: str, item: Any) -> None:
        text = (files("nightside.model") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
        jsonschema.Draft202012Validator(json.loads(text)).validate(item)

    return check


def test_usual_before_an_incident(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding)
        usual = {u["days"]: u for u in told(store, APRIL_6)["history"]["usual"]}
    # Until 15:00 on 6 April: nothing in 30 days, the day of February in 90 and in 365.
    assert usual[30]["to"] == "2016-04-06T15:00:00Z"
    assert usual[30]["from"] == "2016-03-07T15:00:00Z"
    assert usual[30]["availability"] == 1
    assert usual[30]["crossings"] == {"partial": 0, "severe": 0, "total": 0}
    assert usual[90]["availability"] == round(89 / 90, 6)
    assert usual[90]["crossings"]["total"] == 1
    assert usual[90]["longest_s"]["total"] == DAY
    assert usual[365]["availability"] == round(364 / 365, 6)
    assert usual[365]["from"] == "2015-04-07T15:00:00Z"


def test_usual_at_the_end_of_the_samples(open_store: OpenStore, make_finding: Make, schema: Any) -> None:
    with open_store() as store:
        fill(store, make_finding)
        found = entity_history(store, KP, BEGIN, END)
    schema("history-1", found)
    month = found["usual"][0]
    # 10,200 s and four times 300 s of thirty days.
    assert month["availability"] == round(1 - 11_400 / (30 * DAY), 6)
    assert month["crossings"]["total"] == 5
    assert month["longest_s"]["total"] == 10_200


def test_unknown_time_counts_for_nothing(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        # Ten days of March without sight: forty days hold thirty.
        fill(store, make_finding, unknown=((at("2016-03-10T00:00:00Z"), at("2016-03-20T00:00:00Z")),))
        month = told(store, APRIL_6)["history"]["usual"][0]
    assert month["from"] == "2016-02-26T15:00:00Z"
    assert month["coverage"] == 0.75
    assert month["availability"] == 1


def test_ranks_name_their_set(open_store: OpenStore, make_finding: Make, schema: Any) -> None:
    with open_store() as store:
        fill(store, make_finding)
        incident = told(store, APRIL_6)
        last = told(store, "KP-20160410T1515Z")
    history = incident["history"]
    # In 2016 those of February and April; in the 365 days before its end that of 9 August 2015 too, which is documented
    # alone, and lasted four and a half hours.
    assert [(r["period"], r["known"], r["documented"], r["place"]) for r in history["ranks"]] == [
        ("2016", 2, 0, [2, 2]),
        ("365 days", 3, 1, [3, 3]),
    ]
    assert history["rank_text"].startswith("2nd longest of the 2 total losses known here for 2016 so far")
    assert last["history"]["ranks"][0]["known"] == 6
    assert last["history"]["ranks"][0]["as_long"] == 3
    assert last["history"]["ranks"][0]["place"] == [3, 3]
    assert [d["id"] for d in history["documented"]] == ["kp-2016-04-06"]
    schema("incident-1", incident | {"diagnosis": None, "reports": []})


def test_what_is_documented_alone_is_named_so(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding)
        year = told(store, APRIL_6)["history"]["ranks"][1]
    # 9 August 2015: 4.5 h by Dyn, no incident here.
    assert (year["known"], year["documented"], year["place"]) == (3, 1, [3, 3])


def test_too_little_observed_ranks_nothing(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding, begin=at("2016-02-01T00:00:00Z"))
        history = told(store, APRIL_6)["history"]
    # 31 of the 97 days of the year are not there.
    assert history["rank_text"] is None
    assert [r["place"] for r in history["ranks"]] == [None, None]
    assert history["ranks"][0]["coverage"] < 0.7


def test_an_as_has_no_catalogue_and_no_whole_country(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding)
        history = told(store, "AS131279-20160406T1510Z")["history"]
    assert history["documented"] == []
    assert history["comparison"] is None
    assert [r["documented"] for r in history["ranks"]] == [0, 0]


def test_a_whole_country_is_compared_and_never_with_itself(open_store: OpenStore, make_finding: Make) -> None:
    egypt = Entity("country", "EG", "Egypt")
    with open_store() as store:
        fill(store, make_finding)
        korea = told(store, APRIL_6)["history"]["comparison"]
        onset = at("2011-01-27T22:34:00Z")
        store.put_incident(*make_finding(onset, onset + 5 * DAY, entity=egypt))
        same = told(store, "EG-20110127T2234Z")["history"]["comparison"]
        partial = at("2016-06-01T00:00:00Z")
        store.put_incident(*make_finding(partial, partial + 60, severity="partial", lowest_units=3))
        none = told(store, "KP-20160601T0000Z")["history"]["comparison"]
    assert [o["country"] for o in korea["outages"]] == ["EG", "SY"]
    assert "Dyn Research" in korea["text"]
    assert [o["country"] for o in same["outages"]] == ["SY"]
    assert none is None


def test_the_nights_are_a_series_and_stand_in_related(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding)
        incident = told(store, APRIL_6)
        february = told(store, "KP-20160210T0000Z")
    series = incident["history"]["series"]
    nights = [f"KP-201604{day:02}T1515Z" for day in (7, 8, 9, 10)]
    assert series["ids"] == [APRIL_6, *nights]
    assert (series["first_clock"], series["last_clock"], series["zone"]) == (
        "23:40:00",
        "23:45:10",
        "Asia/Pyongyang",
    )
    assert "between 23:40:00 and 23:45:10 in Pyongyang" in series["text"]
    assert [(r["id"], r["relation"]) for r in incident["related"]] == [
        (n, "same_time_of_day") for n in nights
    ]
    assert february["history"]["series"] is None
    assert february["related"] == []


def test_one_that_goes_on_says_until_now(open_store: OpenStore, make_finding: Make) -> None:
    onset = at("2016-04-11T12:00:00Z")
    with open_store() as store:
        fill(store, make_finding)
        store.put_incident(*make_finding(onset, None, seen_until=END))
        history = told(store, "KP-20160411T1200Z")["history"]
    # Twelve hours until now: only the day of February is longer, if that stays so.
    year = history["ranks"][0]
    assert year["ongoing"]
    assert year["place"] == [1, 2]
    assert history["rank_text"].startswith(
        "by its length until now between the longest and the 2nd longest of the 7 total losses known here for 2016"
    )


def test_merged_and_withdrawn_ones_have_no_place(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding)
        store.close_incident(APRIL_6, "withdrawn")
        gone = told(store, APRIL_6)["history"]
        night = told(store, "KP-20160407T1515Z")["history"]
    assert gone["ranks"] == []
    assert gone["series"] is None
    assert APRIL_6 not in night["series"]["ids"]


def test_documented_ones_are_found_not_found_or_not_stored(open_store: OpenStore, make_finding: Make) -> None:
    with open_store() as store:
        fill(store, make_finding)
        found = entity_history(store, KP, BEGIN, END)
    here = {row["id"]: row["here"] for row in found["documented"]}
    assert here["kp-2014-12-22"] == "not_stored"
    assert here["kp-2014-12-25"] == "not_by_routes"
    assert here["kp-2015-08-09"] == "not_found"
    assert here["kp-2016-04-06"] == "found"
    assert here["kp-2025-06-07"] == "not_stored"


def test_asked_together_or_alone_the_answer_is_the_same_and_nothing_is_stored(
    open_store: OpenStore, make_finding: Make
) -> None:
    with open_store() as store:
        fill(store, make_finding)
        before = [dumps(i) for i in store.incidents()]
        alone = [dumps(history_of(store, json.loads(text))) for text in before]
        together = [dumps(i) for i in shown(store, (json.loads(text) for text in before))]
        backwards = [dumps(i) for i in shown(store, (json.loads(text) for text in reversed(before)))]
        assert [dumps(i) for i in store.incidents()] == before
    assert together == alone
    assert backwards[::-1] == alone


def test_nothing_stored_but_the_incident(open_store: OpenStore, make_finding: Make, schema: Any) -> None:
    with open_store() as store:
        onset = at("2016-04-06T15:10:00Z")
        stored = store.put_incident(*make_finding(onset, onset + 60))
        incident = Histories(store).told(stored)
    assert incident["history"]["usual"] is None
    assert incident["history"]["rank_text"] is None
    assert incident["related"] == []
    schema("incident-1", incident | {"diagnosis": None, "reports": []})
    assert iso(onset) == incident["onset"]
