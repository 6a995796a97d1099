"""What was promised of the shapes is kept: against the records in tests/released, which a tool writes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tools.record_shapes import (
    NEXT,
    RELEASED,
    SCHEMAS,
    breaks,
    recorded,
    shape_of,
    shapes_of,
    told_of,
    written,
)

Schema = dict[str, Any]


def schema(name: str) -> Schema:
    loaded: Schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("record", sorted(RELEASED.glob("*.json")), ids=lambda p: p.stem)
def test_no_shape_breaks_what_was_recorded(record: Path) -> None:
    assert breaks(recorded(record), shapes_of()) == {}, "see docs/releases.md"


def test_the_record_of_the_next_release_is_whole() -> None:
    # Else a key could come and go unnoticed.
    assert NEXT.read_text(encoding="utf-8") == written(shapes_of()), "python -m tools.record_shapes"


def test_what_a_record_says_is_what_is_known_of_the_shapes() -> None:
    record = recorded(NEXT)
    assert set(record) == {path.stem for path in SCHEMAS.glob("*.json")}
    said = {place: str(key) for place, key in record["incident-1"].items()}
    # By docs/commands.md, by hand.
    assert said["severity"] == "string: instability partial severe total"
    assert said["end"] == said["closed_as"] == "null|string"
    assert said["episodes[].lowest"] == "number"
    assert said["networks[].origin_asns[]"] == "integer"
    assert said["reports[]"] == "attached-report-1"


def _drop(s: Schema) -> None:
    del s["properties"]["onset"]
    s["required"].remove("onset")


def _number(s: Schema) -> None:
    s["properties"]["revision"] = {"type": "string"}


def _deep(s: Schema) -> None:
    s["properties"]["share"]["properties"]["lowest"] = {"type": ["number", "null"]}


def _definition(s: Schema) -> None:
    s["$defs"]["asn"] = {"type": "string"}


def _optional(s: Schema) -> None:
    s["required"].remove("networks")


def _word(s: Schema) -> None:
    s["properties"]["status"]["enum"].remove("recovering")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_drop, "onset: gone"),
        (_number, "revision: was integer, is string"),
        (_deep, "share.lowest: was number, is null|number"),
        (_definition, "networks[].origin_asns[]: was integer, is string"),
        (_optional, "networks: was always there, is optional"),
        (_word, "status: no longer says recovering"),
    ],
)
def test_a_break_is_told(change: Callable[[Schema], None], told: str) -> None:
    before = schema("incident-1")
    after = copy.deepcopy(before)
    change(after)
    found = breaks({"incident-1": shape_of(before)}, {"incident-1": shape_of(after)})
    assert told in found["incident-1"]


def test_a_shape_that_is_gone_is_told() -> None:
    assert breaks({"map-1": shape_of(schema("map-1"))}, {}) == {"map-1": ["the shape is gone"]}


@pytest.mark.parametrize("name", ["incident-1", "report-1"])
def test_what_may_come_in_a_minor_version_is_no_break(name: str) -> None:
    before, after = schema(name), schema(name)
    after["properties"]["since_then"] = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }
    if name == "incident-1":
        after["required"].append("since_then")
        after["properties"]["severity"]["enum"].append("slight")
    assert breaks({name: shape_of(before)}, {name: shape_of(after)}) == {}


def test_what_others_write_may_not_have_to_say_more() -> None:
    before, after = schema("report-1"), schema("report-1")
    after["properties"]["editor"] = {"type": "string"}
    after["required"].append("editor")
    found = breaks({"report-1": shape_of(before)}, {"report-1": shape_of(after)})
    assert found == {"report-1": ["editor: new, and must be given"]}


def test_the_changelog_must_name_what_breaks_before_it_is_released() -> None:
    changelog = (
        "## [Unreleased]\n\n- nightside.flips/1 says more.\n\n## [0.1.0]\n\n- nightside.map/1 is new.\n"
    )
    assert told_of(changelog, "flips-1")
    assert not told_of(changelog, "flip-1")
    assert not told_of(changelog, "map-1")
    assert not told_of("## [0.1.0]\n", "map-1")
