"""Results of checks as JSON: the schema and the reader take the same, and refuse the same."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any, get_args

import jsonschema
import pytest

from nightside.model.check import CheckResult, Outcome, Phase
from nightside.model.check_reading import read_result
from nightside.model.errors import InputError
from nightside.model.ndjson import dumps

SCHEMA = json.loads((files("nightside.model") / "schemas" / "check-1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

FILLED = CheckResult(
    at=1_763_812_800.25,
    place="here",
    country="KP",
    target="kcna",
    group="state media",
    kind="http",
    part="",
    family=4,
    address="192.0.2.1",
    outcome="certificate",
    failed_in="tls",
    detail="expired 2000-01-01",
    resolve_ms=1.5,
    connect_ms=20.0,
    total_ms=21.5,
    facts={"redirects": ["http://kcna.kp/"]},
)
UNKNOWN = CheckResult(1_763_812_800.0, "a", "", "root k", "", "dns", "", 6, None, "ok", None, None)


def changed(**keys: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FILLED.to_json()), **keys}


def test_the_schema_knows_every_outcome_and_phase() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["outcome"]["enum"]) == set(get_args(Outcome))
    assert set(SCHEMA["properties"]["failed_in"]["enum"]) == {*get_args(Phase), None}


@pytest.mark.parametrize("result", [FILLED, UNKNOWN])
def test_a_result_comes_back_as_it_was(result: CheckResult) -> None:
    line = json.loads(dumps(result.to_json()))
    VALIDATOR.validate(line)
    assert read_result(line) == result


@pytest.mark.parametrize("key", sorted(FILLED.to_json()))
def test_no_key_may_be_missing(key: str) -> None:
    cut = changed()
    del cut[key]
    assert not VALIDATOR.is_valid(cut)
    with pytest.raises(InputError, match="no result of a check"):
        read_result(cut)


@pytest.mark.parametrize(
    "keys",
    [
        {"invented": 1},
        {"schema": "nightside.check/2"},
        {"at": "2026-11-22T12:00:00Z"},
        {"at": 1_763_812_800},
        {"place": ""},
        {"place": "x" * 101},
        {"country": "kp"},
        {"country": "PRK"},
        {"country": "A1"},
        {"country": "A/"},
        {"country": "A\n"},
        {"target": 7},
        {"kind": "ftp"},
        {"kind": ["http"]},
        {"family": 5},
        {"family": "4"},
        {"address": ""},
        {"outcome": "bad"},
        {"outcome": None},
        {"failed_in": "sleep"},
        {"detail": "x" * 201},
        {"phases": None},
        {"phases": {}},
        {"phases": {**FILLED.to_json()["phases"], "total_ms": -1}},
        {"phases": {**FILLED.to_json()["phases"], "total_ms": "1"}},
        {"facts": []},
        {"reconstruction": "no"},
    ],
    ids=str,
)
def test_what_is_no_result(keys: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(changed(**keys))
    with pytest.raises(InputError, match="no result of a check"):
        read_result(changed(**keys))


@pytest.mark.parametrize(
    "keys",
    [
        {"at": "2026-13-22T12:00:00.000Z"},
        {"facts": {"long": "x" * 5000}},
        {"facts": {"nan": float("nan")}},
        {"phases": {**FILLED.to_json()["phases"], "total_ms": float("inf")}},
        {"target": "\ud800"},
        {"family": True},
        {"family": 4.0},
        {"phases": {**FILLED.to_json()["phases"], "total_ms": 10**400}},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_what_only_the_reader_can_refuse(keys: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no result of a check"):
        read_result(changed(**keys))


@pytest.mark.parametrize("item", [None, [], "x", 1])
def test_what_is_no_object(item: Any) -> None:
    with pytest.raises(InputError, match="not an object"):
        read_result(item)
