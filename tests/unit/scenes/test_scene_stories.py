"""The shipped scripts: what each rests on, its truth by the room's own reading, and the registries' word on it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any, get_args

import pytest

from nightside.model.instants import iso, parse
from nightside.scenes.scene import Flaps, Loss, Measure, Scene
from nightside.scenes.script import list_scenes, read_scene
from nightside.scenes.truth import truth
from nightside.world import snapshot

NAMES = list_scenes()
HOUR = 3600


@pytest.fixture(scope="module", params=NAMES)
def scene(request: pytest.FixtureRequest) -> Scene:
    return read_scene(str(request.param))


def test_there_is_one_for_each_incident_of_the_stories() -> None:
    assert NAMES == ["april-2016", "december-2014", "egypt-2011", "june-2025", "syria-2012"]


def test_its_note_tells_the_documented_from_the_assumed(scene: Scene) -> None:
    assert scene.note.startswith("Reconstructed from what is documented")
    assert scene.note.index("Documented:") < scene.note.index("Assumed:")


def test_each_happening_and_each_loss_of_services_says_where_it_comes_from(scene: Scene) -> None:
    bases = [h.basis for h in scene.happenings]
    if scene.checks is not None:
        bases += [loss.basis for loss in scene.checks.losses]
        assert "assumed" in scene.checks.reason
    assert all((basis.source is None) is not (basis.assumed is None) for basis in bases)
    (country,) = {e.country for e in scene.expected}
    for happening in scene.happenings:
        if isinstance(happening, Loss | Flaps):
            ours = {n.prefix for n in scene.networks if n.country == country}.issuperset(happening.networks)
            # What happens to other countries is made up, all of it.
            assert ours or happening.basis.assumed


def test_what_is_expected_is_the_truth_and_nobody_else_is_down(scene: Scene) -> None:
    found = truth(scene)
    assert set(found) == {e.country for e in scene.expected}
    for expected in scene.expected:
        near = [
            e
            for e in found[expected.country]
            if e.severity == expected.severity
            and abs(e.onset - expected.onset) <= expected.tolerance_s
            and e.end is not None
            and abs(e.end - expected.end) <= expected.tolerance_s
        ]
        assert len(near) == 1, iso(expected.onset)


def test_the_registry_puts_each_network_into_its_country(scene: Scene) -> None:
    registry = snapshot.load()
    for network in scene.networks:
        if network.family == 4:
            for unit in network.units():
                a, b, c, _ = (int(part) for part in unit.split("/")[0].split("."))
                assert registry.country_of_ipv4(a << 16 | b << 8 | c) == network.country, unit


def test_the_view_is_wide_enough(scene: Scene) -> None:
    assert len(scene.voters(4)) >= 20
    assert len({n.country for n in scene.networks}) >= 12
    assert any(not s.full for _, s in scene.sessions)


def test_claims_are_said_by_somebody_and_a_wrong_one_has_its_reason(scene: Scene) -> None:
    assert len(scene.claims) >= 10
    for claim in scene.claims:
        assert claim.by.strip()
        if claim.check is not None:
            assert claim.check.what in get_args(Measure)
            assert (claim.check.rule == "about") or claim.check.tolerance == 0
        else:
            assert claim.reason is None


def test_wrong_claims_are_kept(scene: Scene) -> None:
    if scene.name == "december-2014":
        wrong = {claim.says for claim in scene.claims if claim.reason}
        assert {"offline for roughly two days", "'3:41 UTC' on the 23rd"} <= wrong
        assert "at 7:30 AM local time on the 27th" in wrong


def test_syria_s_five_are_registered_there_and_announced_from_abroad() -> None:
    scene = read_scene("syria-2012")
    five = [n for n in scene.networks if n.country == "SY" and n.origin == 6453]
    assert len(five) == 5
    assert len([n for n in scene.networks if n.country == "SY"]) == 84
    losses = {p: h.begin for h in scene.happenings if isinstance(h, Loss) for p in h.networks}
    assert {losses[n.prefix] - scene.expected[0].onset >= 13 * HOUR for n in five} == {True}


def test_egypt_is_one_to_ten() -> None:
    """BGPmon's counts by operator, before and after (of Internet Egypt's 102 and 0 there are none)."""
    scene = read_scene("egypt-2011")
    noor_goes = parse("2011-01-31T00:00:00Z")
    lost = {p for h in scene.happenings if isinstance(h, Loss) and h.begin < noor_goes for p in h.networks}
    counted = {
        8452: (775, 20),
        24863: (774, 0),
        36992: (676, 113),
        24835: (217, 0),
        20928: (83, 85),
        36935: (41, 0),
    }
    egyptian = [n for n in scene.networks if n.country == "EG"]
    for origin, (before, after) in counted.items():
        mine = [n.prefix for n in egyptian if n.origin == origin]
        assert abs(len(mine) - before / 10) <= 0.6
        assert abs(len([p for p in mine if p not in lost]) - after / 10) <= 0.6
    assert (len(egyptian), len([n for n in egyptian if n.prefix not in lost])) == (280, 33)


def test_the_nights_of_2016_begin_within_seconds_after_a_quarter_to_midnight() -> None:
    for night in read_scene("april-2016").expected[1:]:
        minute = parse(iso(night.onset)[:10] + "T23:45:00+08:30")
        assert 0 < night.onset - minute < 15
        assert 240 < night.end - night.onset < 360


def _raw(name: str) -> dict[str, Any]:
    text = (resources.files("nightside.scenes") / "scripts" / f"{name}.json").read_text(encoding="utf-8")
    script: dict[str, Any] = json.loads(text)
    return script


@pytest.mark.parametrize("name", NAMES)
def test_the_clocks_of_a_claim_stand_as_it_was_said(name: str) -> None:
    """An instant in a claim carries its own offset or Z; one without would be read as UTC by accident."""
    for claim in _raw(name)["claims"]:
        value = claim.get("check", {}).get("value")
        if isinstance(value, str) and "T" in value:
            assert value.endswith("Z") or value[-6] in "+-"
