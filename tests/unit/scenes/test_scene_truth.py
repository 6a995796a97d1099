"""The truth of a scene: small ones by hand, December 2014 against what is documented."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from three_days import three_days

from nightside.model.instants import iso, parse
from nightside.model.settings import Settings
from nightside.scenes.scene import Churn, Flaps, Loss, Reset, Scene
from nightside.scenes.script import parse_scene
from nightside.scenes.truth import TrueEpisode, shares, truth
from nightside.world import snapshot

TOLERANCE_S = 30


def losses(*rows: tuple[str, str | None, Any]) -> list[dict[str, Any]]:
    day = "2014-12-22T"
    return [
        {"kind": "loss", "networks": nets, "from": day + a, "to": b and day + b, "spread_s": 20,
         "assumed": True, "reason": "a test"}
        for a, b, nets in rows
    ]  # fmt: skip


def episodes(script: dict[str, Any], country: str) -> list[tuple[str, str, str | None]]:
    found = truth(parse_scene(script, name="small", where="small.json")).get(country, [])
    return [(e.severity, iso(e.onset)[11:19], None if e.end is None else iso(e.end)[11:19]) for e in found]


def test_one_of_four_is_partial_and_two_of_four_are_not_severe(script: dict[str, Any]) -> None:
    script["happenings"] = losses(
        ("01:00:00", "01:30:00", ["175.45.176.0/24"]), ("01:10:00", "01:20:00", ["175.45.177.0/24"])
    )
    assert episodes(script, "KP") == [("partial", "01:00:00", "01:30:00")]


def test_an_end_counts_after_ten_minutes(script: dict[str, Any]) -> None:
    script["happenings"] = losses(
        ("01:00:00", "01:05:00", "KP"), ("01:14:59", "01:20:00", "KP"), ("01:30:00", "01:35:00", "KP")
    )
    # 9 min 59 s above do not end it, ten minutes do.
    assert [e for e in episodes(script, "KP") if e[0] == "total"] == [
        ("total", "01:00:00", "01:20:00"),
        ("total", "01:30:00", "01:35:00"),
    ]


def test_what_never_comes_back_has_no_end(script: dict[str, Any]) -> None:
    script["happenings"] = losses(("05:00:00", None, "KP"))
    assert ("total", "05:00:00", None) in episodes(script, "KP")


def test_a_more_specific_under_a_cover_is_no_loss(script: dict[str, Any]) -> None:
    script["happenings"] = losses(("01:00:00", "02:00:00", ["10.0.4.0/24"]))
    assert episodes(script, "ZZ") == []
    # 10.0.0.0/20 holds 16 units, of which 10.0.4.0/24 stays; 10.1.0.0/22 has 4, the IPv6 /44 has 16.
    script["happenings"] = losses(("01:00:00", "02:00:00", ["10.0.0.0/20"]))
    scene = parse_scene(script, name="small", where="small.json")
    at = parse("2014-12-22T01:00:00Z")
    assert dict(shares(scene, Settings())["ZZ"])[at] == pytest.approx((36 - 15) / 36)


@pytest.fixture(scope="module")
def december() -> Scene:
    return three_days()


@pytest.fixture(scope="module")
def found(december: Scene) -> dict[str, list[TrueEpisode]]:
    return truth(december)


def test_december_has_the_documented_totals(found: dict[str, list[TrueEpisode]]) -> None:
    totals = [e for e in found["KP"] if e.severity == "total" and e.end is not None]
    documented = [
        (parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z")),
        (parse("2014-12-23T15:41Z"), parse("2014-12-23T16:12Z")),
    ]
    for onset, end in documented:
        (one,) = [e for e in totals if abs(e.onset - onset) <= TOLERANCE_S]
        assert one.end is not None
        assert abs(one.end - end) <= TOLERANCE_S
    onsets = {onset for onset, _ in documented}
    others = [e for e in totals if min(abs(e.onset - onset) for onset in onsets) > TOLERANCE_S]
    assert others
    assert all(e.end is not None and e.end - e.onset < 31 * 60 for e in others)
    assert all(e.end is not None for e in found["KP"])


def test_december_expects_what_is_documented(december: Scene) -> None:
    lengths = [(e.country, e.severity, e.end - e.onset) for e in december.expected]
    assert lengths == [("KP", "total", (9 * 60 + 31) * 60), ("KP", "total", 31 * 60)]


def test_december_has_no_other_country_down(found: dict[str, list[TrueEpisode]]) -> None:
    assert set(found) == {"KP"}


def test_december_is_one_incident_from_early_sunday_on(found: dict[str, list[TrueEpisode]]) -> None:
    signs = sorted(e for e in ((e.onset, e.end or 0) for e in found["KP"]))
    assert signs[0][0] == parse("2014-12-21T03:10:30Z")
    last_end = signs[0][1]
    for onset, end in signs[1:]:
        assert onset - last_end < 6 * 3600
        last_end = max(last_end, end)
    before = [s for s in signs if s[0] < parse("2014-12-22T16:10Z")]
    assert before[-1][1] - before[0][0] > 24 * 3600
    assert last_end == pytest.approx(parse("2014-12-23T16:12:30Z"), abs=TOLERANCE_S)


def test_december_is_unstable_enough_without_break(december: Scene) -> None:
    # Three losses of one unit within six hours make it unstable: no six hours of the day hold fewer.
    of_december = [h for h in december.happenings if isinstance(h, Loss)]
    onsets = sorted(loss.begin for loss in of_december if "175.45.177.0/24" in loss.networks)
    day = [at for at in onsets if at <= parse("2014-12-22T16:15Z")]
    assert all(c - a <= 6 * 3600 for a, c in zip(day, day[2:], strict=False))


def test_december_has_the_view_it_needs(december: Scene) -> None:
    assert len(december.collectors) >= 2
    assert len(december.sessions) >= 20
    assert len(december.voters(4)) >= 20
    asns = [s.asn for _, s in december.sessions if s.full and s.family == 4]
    assert len(set(asns)) < len(asns)
    assert any(not s.full for _, s in december.sessions)
    assert len({n.country for n in december.networks}) > 30
    resets = [h for h in december.happenings if isinstance(h, Reset)]
    total = parse("2014-12-22T16:15Z"), parse("2014-12-23T01:46Z")
    assert any(total[0] < r.begin and r.end < total[1] for r in resets)
    assert any(r.end < parse("2014-12-21T03:10Z") and len(r.addresses) > 1 for r in resets)


def test_december_says_of_each_happening_whether_it_is_documented(december: Scene) -> None:
    documented = [h for h in december.happenings if h.basis.source is not None]
    assert [iso(h.begin) for h in documented] == ["2014-12-22T16:15:00Z", "2014-12-23T15:41:00Z"]
    assert all(h.basis.source or h.basis.assumed for h in december.happenings)
    kinds = {type(h) for h in december.happenings}
    assert {Loss, Flaps, Reset, Churn} <= kinds


def test_the_registry_agrees_with_the_countries_of_december(december: Scene) -> None:
    registry = snapshot.load()
    wrong = []
    for network in december.networks:
        if network.family != 4:
            continue
        for unit in network.units():
            a, b, c, _ = (int(part) for part in unit.split("/")[0].split("."))
            if registry.country_of_ipv4(a << 16 | b << 8 | c) != network.country:
                wrong.append((unit, network.country))
    assert wrong == []
    assert np.unique([n.country for n in december.networks if n.family == 6]).size > 10
