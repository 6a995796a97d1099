"""Where the messages of a loss are placed, counted by hand from who has a route."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.model.instants import parse
from nightside.scenes.losses import all_losses, lay_out
from nightside.scenes.scene import Scene
from nightside.scenes.script import parse_scene
from nightside.scenes.timeline import timeline

BEGIN, END = parse("2014-12-22T02:15:00Z"), parse("2014-12-22T03:46:00Z")


def scene_of(script: dict[str, Any]) -> Scene:
    return parse_scene(script, name="small", where="small.json")


def votes_at(scene: Scene, prefix: str, second: int) -> int:
    """Full-feed ASes that have a route to the prefix at the end of the second."""
    number = scene.index[prefix]
    having = set()
    for (_, session), turns in zip(scene.sessions, lay_out(scene, all_losses(scene)), strict=True):
        present = session.full and session.family == scene.networks[number].family
        for turn in turns:
            if turn.network == number and turn.at <= second and session.full:
                present = turn.present
        if present:
            having.add(session.asn)
    return len(having)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("leave_out", [0, 1])
def test_the_majority_is_crossed_in_the_documented_seconds(
    script: dict[str, Any], seed: int, leave_out: int
) -> None:
    script["seed"] = seed
    del script["collectors"][1]["sessions"][2 : 2 + leave_out]
    scene = scene_of(script)
    ases = 5 - leave_out
    assert len(scene.voters(4)) == ases
    kp = [f"175.45.{176 + i}.0/24" for i in range(4)]
    # The last network goes at `from`, the first comes back at `to`; the others 5 s (stagger) apart.
    for i, prefix in enumerate(kp):
        gone, back = BEGIN - 5 * (3 - i), END + 5 * i
        assert votes_at(scene, prefix, gone - 1) * 2 >= ases
        assert votes_at(scene, prefix, gone) * 2 < ases
        assert votes_at(scene, prefix, back - 1) * 2 < ases
        assert votes_at(scene, prefix, back) * 2 >= ases
    assert votes_at(scene, kp[0], BEGIN + 60) == 0
    assert votes_at(scene, kp[3], END + 60 + 15) == ases


def test_a_stuck_peer_keeps_its_route_and_the_instants_stay(script: dict[str, Any]) -> None:
    release = parse("2014-12-22T03:00:00Z")
    script["happenings"].append(
        {
            "kind": "stuck",
            "asn": 64502,
            "networks": ["175.45.179.0/24"],
            "from": "2014-12-22T02:00Z",
            "to": "2014-12-22T03:00Z",
            "assumed": True,
            "reason": "a test",
        }
    )
    scene = scene_of(script)
    stuck = "175.45.179.0/24"
    assert votes_at(scene, stuck, BEGIN - 1) >= 3
    assert votes_at(scene, stuck, BEGIN) == 2
    assert votes_at(scene, stuck, release - 1) == 1
    assert votes_at(scene, stuck, release) == 0
    assert votes_at(scene, stuck, END + 15 - 1) < 3
    assert votes_at(scene, stuck, END + 15) == 3
    assert votes_at(scene, stuck, END + 200) == 5


def test_one_peer_withdraws_what_goes_at_once_in_one_second(script: dict[str, Any]) -> None:
    script["happenings"][0]["stagger_s"] = 0
    for turns in lay_out(scene := scene_of(script), all_losses(scene)):
        seconds = {turn.at for turn in turns if not turn.present}
        assert len(seconds) <= 1


def test_churn_leaves_the_losses_alone(script: dict[str, Any]) -> None:
    script["happenings"][1]["events_per_hour"] = 2000
    scene = scene_of(script)
    lines = timeline(scene)
    kp = {scene.index[f"175.45.{176 + i}.0/24"] for i in range(4)}
    seen = 0
    for changes in lines.changes:
        during = [path for at, network, path in changes if network in kp and BEGIN + 60 < at < END - 60]
        assert during == []
        seen += len(changes)
        assert [c[:2] for c in changes] == sorted({c[:2] for c in changes})
    assert seen > 10_000


def test_the_same_scene_has_the_same_timeline_and_another_seed_another(script: dict[str, Any]) -> None:
    first, second = timeline(scene_of(script)), timeline(scene_of(script))
    assert first == second
    script["seed"] += 1
    assert timeline(scene_of(script)) != first
