"""The JSON Schemas say what the program prints: all unknown that may be, and all of it filled."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from nightside.model.entity import Entity
from nightside.model.incident import (
    Episode,
    Incident,
    InstabilityStretch,
    LocalTime,
    NetworkLoss,
    OperatorLoss,
    Provenance,
    UpstreamShare,
    View,
)
from nightside.model.ndjson import dumps
from nightside.model.settings import Settings

T = 1_419_264_900
"""2014-12-22T16:15:00Z."""


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((files("nightside.model") / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def filled() -> dict[str, Any]:
    episode = Episode("total", T, T + 34_260, 0.0, 0, (T, T + 60), (T + 34_200, T + 34_260))
    incident = Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="closed",
        closed_as="new_level",
        severity="total",
        headline=episode,
        began=T - 86_400,
        ended=T + 40_000,
        baseline_units=4,
        lowest_units=0,
        lowest=0.0,
        episodes=[Episode("partial", T, T + 40_000, 0.0, 0), episode],
        instability=[InstabilityStretch(T - 86_400, T - 3600, 12, 4)],
        networks=[NetworkLoss("175.45.176.0/24", [131279], T, T + 34_260)],
        operators=[OperatorLoss(131279, "Star Joint Venture", 4, 0, T, T + 34_260)],
        upstreams=[UpstreamShare(4837, "China Unicom", 1.0, 0.0, 1 / 3)],
        view=View(20, 18, [(T - 7200, T - 7000, "a missing file")]),
        local_time=LocalTime("Asia/Pyongyang", "2014-12-23T01:15:00+09:00", "2014-12-23T10:46:00+09:00"),
        provenance=Provenance(
            [("rrc00/a.gz", "ab" * 32)], "delegations 2014-12-21", "0.1.0", True, "made up"
        ),
        settings=Settings().to_json(),
    )
    return incident.to_json(
        id="KP-20141221T1615Z", revision=2, corrections=[{"revision": 2, "changed": ["end", "ended"]}]
    )


def unknown() -> dict[str, Any]:
    episode = Episode("severe", T, None, 0.25, 1)
    incident = Incident(
        entity=Entity("asn", "131279", "Star Joint Venture"),
        status="ongoing",
        closed_as=None,
        severity="severe",
        headline=episode,
        began=T,
        ended=None,
        baseline_units=4,
        lowest_units=1,
        lowest=0.25,
        episodes=[episode],
        instability=[InstabilityStretch(T, None, 3, 1)],
        networks=[NetworkLoss("175.45.176.0/24", [], None, None)],
        operators=[OperatorLoss(131279, None, 4, 1, None, None)],
        upstreams=[UpstreamShare(4837, None, None, None, None)],
        view=View(None, None),
        local_time=None,
        provenance=Provenance([], None, "0.1.0", False, None),
        settings={},
    )
    return incident.to_json(id="AS131279-20141222T1615Z", revision=1, corrections=[])


def alone() -> dict[str, Any]:
    incident = Incident(
        entity=Entity("country", "KP", "North Korea"),
        status="restored",
        closed_as=None,
        severity="instability",
        headline=None,
        began=T,
        ended=T + 3600,
        baseline_units=4,
        lowest_units=3,
        lowest=0.75,
        episodes=[],
        instability=[InstabilityStretch(T, T + 3600, 3, 1)],
        networks=[],
        operators=[],
        upstreams=[],
        view=View(1, 1),
        local_time=LocalTime("Asia/Pyongyang", None, None),
        provenance=Provenance([], None, "0.1.0", False, None),
        settings={},
    )
    return incident.to_json(id="KP-20141222T1615Z", revision=1, corrections=[])


@pytest.mark.parametrize("incident", [filled(), unknown(), alone()])
def test_what_the_program_makes_is_an_incident(incident: dict[str, Any]) -> None:
    validator("incident-1").validate(json.loads(dumps(incident)))


def places(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key of every object in `item`."""
    if isinstance(item, list):
        return [p for i, each in enumerate(item) for p in places(each, (*path, i))]
    if not isinstance(item, dict):
        return []
    return [p for key, each in item.items() for p in ((*path, key), *places(each, (*path, key)))]


FREE = {"settings", "history"}
"""Objects whose keys the schema leaves open."""


@pytest.mark.parametrize(
    "path",
    [p for p in places(filled()) if p[0] != "settings" or len(p) == 1],
    ids=lambda p: ".".join(map(str, p)),
)
def test_no_key_may_be_missing_and_none_may_be_invented(path: tuple[Any, ...]) -> None:
    *above, key = path
    cut = copy.deepcopy(filled())
    holder = cut
    for step in above:
        holder = holder[step]
    kept = holder.pop(key)
    assert not validator("incident-1").is_valid(cut)
    if not above or above[0] not in FREE:
        holder[key], holder["invented"] = kept, 1
        assert not validator("incident-1").is_valid(cut)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("onset", None),
        ("onset", "2014-12-22 16:15"),
        ("began", "2014-12-22T16:15:00+00:00"),
        ("duration_s", -1),
        ("duration_s", 1.5),
        ("severity", "bad"),
        ("severity", "instability"),
        ("status", "open"),
        ("id", "KP"),
        ("revision", 0),
        ("episodes", []),
        ("onset_range", ["2014-12-22T16:15:00Z"]),
        ("corrections", [{"revision": 2, "changed": []}]),
    ],
)
def test_what_is_no_incident(key: str, value: object) -> None:
    assert not validator("incident-1").is_valid({**filled(), key: value})


NETWORKS = {
    "schema": "nightside.networks/1",
    "country": "KP",
    "at": "2015-10-23T02:01:55Z",
    "snapshot": None,
    "country_by": "both",
    "observed_peers": 1,
    "networks": [
        {
            "prefix": "175.45.176.0/24",
            "units": 1,
            "origin_asns": [131279],
            "upstreams": [{"asn": 4837, "name": None, "share": 1.0}],
        }
    ],
    "upstreams": [
        {"asn": 4837, "name": "China Unicom", "registered_name": None, "share": 1.0, "sole_way_share": None}
    ],
    "units": 1,
    "operators": [
        {
            "asn": 131279,
            "name": "Star Joint Venture",
            "registered_name": None,
            "networks": 1,
            "units": 1,
            "card": {
                "role": "links",
                "owners": ["somebody"],
                "source": "a report",
                "url": "https://example.org/report",
                "date": "2014-12-23",
            },
        }
    ],
    "known_upstreams": [
        {
            "asn": 22351,
            "name": "Intelsat",
            "of_asn": 131279,
            "seen": False,
            "says": "by contract",
            "source": "a report",
            "url": "https://example.org/report",
            "date": "2014-12-23",
        }
    ],
    "registered_units": 4,
    "countries": [
        {
            "code": "KP",
            "name": "North Korea",
            "rank": 1,
            "networks": 1,
            "origin_elsewhere": 0,
            "origin_unknown": 0,
        }
    ],
    "reconstruction": False,
    "note": None,
}


def test_the_networks_of_a_country() -> None:
    validator("networks-1").validate(NETWORKS)
    validator("networks-1").validate({**NETWORKS, "networks": [], "upstreams": [], "snapshot": "x"})


@pytest.mark.parametrize("path", places(NETWORKS), ids=lambda p: ".".join(map(str, p)))
def test_no_key_of_the_networks_may_be_missing(path: tuple[Any, ...]) -> None:
    *above, key = path
    cut = copy.deepcopy(NETWORKS)
    holder: Any = cut
    for step in above:
        holder = holder[step]
    del holder[key]
    assert not validator("networks-1").is_valid(cut)


def test_schemas_are_named_as_their_files() -> None:
    for file in (files("nightside.model") / "schemas").iterdir():
        name, _, version = file.name.removesuffix(".json").rpartition("-")
        schema = json.loads(file.read_text(encoding="utf-8"))
        assert schema["$id"] == f"urn:nightside:schema:{name}:{version}"
        jsonschema.Draft202012Validator.check_schema(schema)
