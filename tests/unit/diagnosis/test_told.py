"""What is told: in the shape of the schema, followed to signal and minute, the same whenever it happened."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import timedelta
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.diagnosis_cases import END, HOUR, T, checked, stored, unstable

from nightside.diagnosis.rules import RULES, evidence_of
from nightside.diagnosis.scores import diagnosis_of
from nightside.diagnosis.stored import Beside, Other, Stored, Stranger
from nightside.diagnosis.weights import shipped
from nightside.model.diagnosis import Diagnosis
from nightside.model.instants import iso, parse_iso

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FULL = stored(
    {"stretches": [unstable(T - 9 * HOUR, T)], "began_s": T - 9 * HOUR},
    {"services": checked({"sites": T + 300, "mail": T + 310}, {"sites": END + 60, "mail": END + 70})},
    others=[Other("country", f"A{c}", 1.0, T) for c in "ABCDEF"],
    beside=[Beside("XX-1", T + 60, (4837,))],
    strangers=[Stranger(64500, "175.45.176.0/24", T, 20)],
    days=9,
)


def told(case: Stored) -> Diagnosis:
    return diagnosis_of(evidence_of(case), shipped())


def validator(key: str) -> jsonschema.Draft202012Validator:
    whole = json.loads((files("nightside.model") / "schemas" / "incident-1.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({"$defs": whole["$defs"], **whole["properties"][key]})


@pytest.mark.parametrize("case", [FULL, stored(), stored({"severity": "instability"})])
def test_it_is_in_the_shape_of_the_schema(case: Stored) -> None:
    found = told(case)
    validator("diagnosis").validate(json.loads(json.dumps(found.to_json())))
    validator("causes").validate(json.loads(json.dumps([c.to_json() for c in found.causes])))


def test_every_cause_can_be_followed_to_its_evidence_and_from_there_to_signal_and_minute() -> None:
    found = told(FULL)
    rows = {e["id"]: e for e in found.to_json()["evidence"]}
    assert len(rows) == len(RULES)
    followed = 0
    for cause in (c.to_json() for c in found.causes):
        for item in (*cause["for"], *cause["against"]):
            row = rows[item["evidence"]]
            assert row["level"] == item["level"]
            assert row["rests_on"] == item["rests_on"]
            assert row["rests_on"]
            for place in row["rests_on"]:
                assert re.match(r"(routes|network|upstream|services|flips|incident|view):", place["signal"])
                assert INSTANT.fullmatch(place["at"])
                followed += 1
    assert followed > 50


def shifted(item: Any, by: int) -> Any:
    """The same so many seconds later; what clocks on a wall showed stays."""
    if isinstance(item, bool):
        return item
    if isinstance(item, int):
        return item + by if item > 10**9 else item
    if isinstance(item, str):
        return iso(parse_iso(item) + by) if INSTANT.fullmatch(item) else item
    if isinstance(item, list | tuple):
        return type(item)(shifted(i, by) for i in item)
    if isinstance(item, dict):
        return {key: shifted(value, by) for key, value in item.items()}
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        fields = {f.name: shifted(getattr(item, f.name), by) for f in dataclasses.fields(item)}
        return type(item)(**fields)
    return item


@given(st.integers(-(10**8), 10**8))
@settings(max_examples=40, deadline=timedelta(seconds=2))
def test_it_says_the_same_whenever_it_happened(by: int) -> None:
    first, later = evidence_of(FULL), evidence_of(shifted(FULL, by))
    assert [(e.rule, e.level) for e in first] == [(e.rule, e.level) for e in later]
    for one, other in zip(first, later, strict=True):
        assert [(r.signal, r.at + by) for r in one.rests_on] == [(r.signal, r.at) for r in other.rests_on]


def test_the_order_of_lists_that_have_none_of_their_own_changes_nothing() -> None:
    turned = dataclasses.replace(
        FULL,
        incident={
            **FULL.incident,
            "networks": FULL.incident["networks"][::-1],
            "upstreams": FULL.incident["upstreams"][::-1],
        },
        strangers=(FULL.strangers or [])[::-1],
    )
    assert evidence_of(turned) == evidence_of(FULL)


def test_what_others_say_weighs_nothing() -> None:
    said = [
        {"report": {"kind": kind, "says": "an attack"}}
        for kind in ("observation", "claim", "denial", "context")
    ]
    reported = dataclasses.replace(FULL, incident={**FULL.incident, "reports": said})
    assert told(reported) == told(FULL)
