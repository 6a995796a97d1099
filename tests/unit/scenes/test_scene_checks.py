"""What places would have found of a scene's services: by the losses of the script, and marked as made up."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from nightside.model.check import CheckResult
from nightside.model.check_reading import read_result
from nightside.model.errors import InputError
from nightside.model.instants import parse
from nightside.scenes.build import write_archive
from nightside.scenes.checks import CANARIES, results
from nightside.scenes.script import parse_scene
from nightside.sources.layout import find_inputs

Script = dict[str, Any]
CHECKS: Script = {
    "country": "KP",
    "every_s": 300,
    "places": ["A", "B"],
    "reason": "a test",
    "targets": [
        {
            "name": "site", "kind": "http", "group": "state media", "where": "http://site.kp/",
            "address": "175.45.177.71", "back_after_s": 900,
        },
        {"name": "kp", "kind": "dns", "group": "name service", "where": "kp", "part": "ns", "address": "175.45.176.15"},
        {"name": "abroad", "kind": "http", "group": "state media", "where": "http://abroad.kp/", "address": "8.8.4.4"},
    ],
    "losses": [
        {
            "targets": ["kp"], "from": "2014-12-22T05:00:00Z", "to": "2014-12-22T05:30:00Z",
            "outcome": "server_failure", "assumed": True, "reason": "a test",
        }
    ],
}  # fmt: skip
LOST, BACK = parse("2014-12-22T02:15:00Z"), parse("2014-12-22T03:46:00Z")
"""Of all four networks, in the script."""


@pytest.fixture
def checked(script: Script) -> Script:
    return script | {"checks": copy.deepcopy(CHECKS)}


def failed(found: list[CheckResult], target: str) -> list[float]:
    return [r.at for r in found if r.target == target and r.outcome != "ok"]


def test_services_follow_their_networks_and_return_when_the_script_says(checked: Script) -> None:
    scene = parse_scene(checked, name="small", where="small.json")
    assert scene.checks is not None
    found = list(results(scene, scene.checks))
    rounds = 6 * 3600 // 300
    assert len(found) == rounds * 2 * (3 + len(CANARIES))
    assert all(r.reconstruction and r.place in ("A", "B") for r in found)
    assert {r.outcome for r in found if not r.country} == {"ok"}
    site = failed(found, "site")
    # The first network goes up to 15 s before the last: they are lost 5 s apart.
    assert LOST - 15 <= min(site) < LOST + 300
    assert BACK + 900 - 300 <= max(site) <= BACK + 900 + 15
    names = [r for r in found if r.target == "kp" and r.outcome != "ok"]
    assert {r.outcome for r in names if r.at < parse("2014-12-22T04:00Z")} == {"timed_out"}
    again = [r for r in names if r.at > parse("2014-12-22T04:00Z")]
    assert {r.outcome for r in again} == {"server_failure"}
    assert len(again) == 2 * 1800 // 300
    assert failed(found, "abroad") == []


def test_after_a_short_loss_a_service_is_back_no_later_than_the_loss_was_long(checked: Script) -> None:
    checked["checks"]["targets"][0]["back_after_s"] = 86_400
    scene = parse_scene(checked, name="small", where="small.json")
    assert scene.checks is not None
    lasted = BACK - LOST
    assert (
        BACK + lasted - 300 - 15
        <= max(failed(list(results(scene, scene.checks)), "site"))
        <= BACK + lasted + 30
    )


def test_the_archive_holds_them_and_they_read_back(checked: Script, tmp_path: Path) -> None:
    scene = parse_scene(checked, name="small", where="small.json")
    write_archive(scene, tmp_path)
    (file,) = find_inputs([tmp_path]).checks
    back = [read_result(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    assert scene.checks is not None
    assert back == list(results(scene, scene.checks))


REFUSED = {
    "a kind that is none": (("targets", 0, "kind", "gopher"), "gopher"),
    "a target that is not there": (("losses", 0, "targets", ["nobody"]), "nobody"),
    "a loss outside of the scene": (("losses", 0, "to", "2014-12-23T00:00Z"), "within the scene"),
    "a way to fail that is none": (("losses", 0, "outcome", "ok"), "'ok'"),
    "rounds too close": (("every_s", 1), "60"),
    "an unknown key": (("targets", 0, "colour", "red"), "'colour'"),
    "no address": (("targets", 0, "address", "site.kp"), "not an address"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_checks_are_refused_with_their_place(checked: Script, case: str) -> None:
    (*path, last, value), said = REFUSED[case]
    at: Any = checked["checks"]
    for key in path:
        at = at[key]
    at[last] = value
    with pytest.raises(InputError) as error:
        parse_scene(checked, name="small", where="small.json")
    assert "small.json, checks" in str(error.value)
    assert said in str(error.value)
