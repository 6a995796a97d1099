"""`nightside.services/1`: what is written is what is read, and as the schema says."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema

from nightside.model.check_settings import CheckSettings
from nightside.model.services import (
    FINDING_KINDS,
    Finding,
    Latency,
    PartCourse,
    PlaceCourse,
    Return,
    ServiceCourse,
    Services,
)

SCHEMA = json.loads((files("nightside.model") / "schemas" / "services-1.json").read_text())

FULL = Services(
    country="KP",
    begin=0,
    end=600,
    places=[PlaceCourse("berlin", 60, [(0, "healthy"), (60, "lost")]), PlaceCourse("here", 60, [])],
    parts=[
        PartCourse(
            *("zone", "dns", "ns1 udp", 4, "name service", "names", "175.45.176.15", "KP"),
            [(0, "up"), (60, "down"), (90, "unknown")],
            [(60, 2)],
        ),
        PartCourse("news", "http", "", 6, "state media", "sites", None, None, [(0, "down")], [(0, None)]),
    ],
    services=[ServiceCourse("country", "KP", [(0, 2, 0, 0), (60, 1, 1, 0)])],
    groups=[ServiceCourse("group", "<b>", [(0, 0, 0, 1)])],
    targets=[],
    latencies=[Latency("service", "names", 60, [(0, 12.5), (60, None)])],
    returns=[Return("country", "KP", 60, 2, 0, 90, 120, None, None)],
    findings=[Finding(kind, 60, None, ["berlin"], {"services": ["names"]}) for kind in FINDING_KINDS],
    settings=CheckSettings().to_json(),
)


def test_there_and_back() -> None:
    text = json.dumps(FULL.to_json())
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))
    assert Services.from_json(json.loads(text)) == FULL


def test_unwatched_is_where_no_place_has_canaries() -> None:
    def of(*steps: list[tuple[int, str]]) -> bool:
        places = [PlaceCourse(str(i), 60, s) for i, s in enumerate(steps)]  # type: ignore[arg-type]
        return Services("KP", 0, 1, places, [], [], [], [], [], [], []).unwatched

    assert of([(0, "unwatched"), (9, "unheard")])
    assert not of([(0, "unwatched")], [(0, "healthy")])
    assert not of([(0, "lost")])
    assert not of()
