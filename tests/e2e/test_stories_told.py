"""The incidents of the stories, as `nightside demo NAME` finds and tells them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from story_demo import story_demo
from tools.incident_pages.measured import episode_of

from nightside.engine.services import services_of
from nightside.model.instants import parse
from nightside.scenes.scene import Scene
from nightside.scenes.script import list_scenes, read_scene
from nightside.scenes.truth import truth
from nightside.store.location import open_store
from nightside.store.protocol import Store

Json = dict[str, Any]
NAMES = list_scenes()
TOLERANCE_S = 60
HOUR = 3600


@dataclass(frozen=True)
class Told:
    """One scene, and what the demo left behind."""

    scene: Scene
    out: str
    store: Store
    incidents: list[Json]


@pytest.fixture(scope="module")
def told(nightside: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Told]]:
    """`nightside demo NAME --no-serve`, a process of its own, each run once. Nobody may write into the store."""
    known: dict[str, Told] = {}
    with ExitStack() as open_stores:

        def tell(name: str) -> Told:
            if name not in known:
                folder, out = story_demo(tmp_path_factory, nightside, name)
                store = open_stores.enter_context(open_store(folder, read_only=True))
                incidents = sorted(store.incidents(), key=lambda incident: incident["began"])
                known[name] = Told(read_scene(name), out, store, incidents)
            return known[name]

        yield tell


@pytest.mark.parametrize("name", NAMES)
def test_what_is_documented_is_found(told: Any, name: str) -> None:
    one = told(name)
    assert one.scene.expected
    for expected in one.scene.expected:
        _, episode = episode_of(one.incidents, expected)
        assert abs(parse(episode["onset"]) - expected.onset) <= expected.tolerance_s
        assert abs(parse(episode["end"]) - expected.end) <= expected.tolerance_s


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_is_true_and_of_one_country(told: Any, name: str) -> None:
    one = told(name)
    (country,) = {expected.country for expected in one.scene.expected}
    assert {incident["entity"]["code"] for incident in one.incidents} == {country}
    true = sorted((e.severity, e.onset, e.end) for e in truth(one.scene)[country] if e.severity != "partial")
    found = sorted(
        (e["severity"], parse(e["onset"]), parse(e["end"]))
        for incident in one.incidents
        for e in incident["episodes"]
        if e["severity"] != "partial"
    )
    assert [s for s, _, _ in found] == [s for s, _, _ in true]
    for (_, onset, end), (_, true_onset, true_end) in zip(found, true, strict=True):
        assert abs(onset - true_onset) <= TOLERANCE_S
        assert true_end is not None
        assert abs(end - true_end) <= TOLERANCE_S


@pytest.mark.parametrize("name", NAMES)
def test_each_ends_with_words_a_chart_and_the_way_to_more(told: Any, name: str) -> None:
    one = told(name)
    assert "(a reconstruction)" in one.out.splitlines()[0]
    (chart,) = [line.removeprefix("Chart: ") for line in one.out.splitlines() if line.startswith("Chart: ")]
    assert Path(chart).read_bytes().startswith(b"\x89PNG")
    gravest = max(one.incidents, key=lambda incident: incident["duration_s"])
    assert Path(chart).stem == gravest["id"]
    for incident in one.incidents:
        assert f"nightside show {incident['id']} --store" in one.out
        assert incident["provenance"]["reconstruction"] is True
        assert "later_than_input" in json.dumps(incident)
    code = gravest["entity"]["code"]
    (hint,) = [line.split() for line in one.out.splitlines() if f"nightside networks {code} " in line]
    assert 600 < parse(gravest["onset"]) - parse(hint[-1]) < 1200


def test_help_names_them_all(quick: Any) -> None:
    ran = quick("demo", "--help", store=False)
    assert ran.code == 0
    words = " ".join(ran.out.replace("│", " ").split())
    assert all(name in words for name in NAMES)


def test_on_the_25th_sites_alone_and_before_the_27th_nothing(told: Any) -> None:
    one = told("december-2014")
    first, last = one.incidents
    assert parse(first["ended"]) < parse("2014-12-24T00:00Z")
    assert (last["instability"], len(last["episodes"])) == ([], 3)
    assert last["duration_s"] == 5 * HOUR
    assert last["local_time"]["onset"] == "2014-12-27T19:30:00+09:00"
    services = services_of(one.store, "KP", parse("2014-12-24T12:00Z"), parse("2014-12-27T10:00Z"))
    assert services is not None
    (alone,) = [f for f in services.findings if f.kind == "services_down_routes_up"]
    # Every ten minutes there is a round, and the second one without an answer decides.
    assert abs(alone.begin - parse("2014-12-25T16:00Z")) <= 900
    assert alone.end is not None
    assert abs(alone.end - parse("2014-12-25T23:00Z")) <= 900
    assert "services_down_routes_down" not in {f.kind for f in services.findings}


def test_in_2016_the_clocks_stand_at_half_past_and_the_nights_follow(told: Any) -> None:
    evening, *nights = told("april-2016").incidents
    assert evening["local_time"]["onset"] == "2016-04-06T23:40:00+08:30"
    assert evening["local_time"]["end"] == "2016-04-07T02:30:00+08:30"
    assert evening["instability"] == []
    assert [n["local_time"]["onset"][:16] for n in nights] == [f"2016-04-{d:02}T23:45" for d in range(7, 11)]
    assert all(n["local_time"]["onset"].endswith("+08:30") for n in nights)
    assert all(240 < n["duration_s"] < 360 for n in nights)


def test_in_2025_both_links_are_lost_and_the_sites_come_slowly(told: Any) -> None:
    one = told("june-2025")
    (incident,) = one.incidents
    assert {u["asn"] for u in incident["upstreams"]} == {4837, 20485}
    for upstream in incident["upstreams"]:
        assert min(upstream["before"], upstream["after"]) > 0.2
        assert upstream["during"] < 0.02
    assert incident["instability"] == []
    services = services_of(one.store, "KP", one.scene.begin, one.scene.end)
    assert services is not None
    down, slow = services.findings
    assert (down.kind, slow.kind) == ("services_down_routes_down", "slow_return")
    assert set(down.facts["services"]) == {"names", "mail", "sites"}
    assert down.facts["lowest"] == 0
    assert slow.end is not None
    assert slow.end - slow.begin > 15 * 60
    assert parse("2025-06-07T02:24Z") < slow.begin < slow.end < parse("2025-06-07T03:30Z")


def test_egypt_goes_operator_by_operator_and_a_tenth_stays(told: Any) -> None:
    (incident,) = told("egypt-2011").incidents
    assert incident["severity"] == "severe"
    order = [o["asn"] for o in incident["operators"]]
    # Renesys' order, and Noor four days later.
    assert [asn for asn in order if asn in (8452, 24835, 24863, 36992, 20928)] == [
        8452, 24835, 24863, 36992, 20928,
    ]  # fmt: skip
    units = {o["asn"]: (o["units_before"], o["units_lowest"]) for o in incident["operators"]}
    assert units[24863][1] == units[24835][1] == units[20928][1] == 0
    assert units[8452][1] > 0
    noor = next(o for o in incident["operators"] if o["asn"] == 20928)
    assert abs(parse(noor["onset"]) - parse("2011-01-31T20:46Z")) <= TOLERANCE_S
    assert 0.05 < incident["share"]["lowest"] < 0.1
    assert incident["local_time"]["onset"].startswith("2011-01-28T00:2")


def test_five_networks_hosted_abroad_are_syria_s_and_outlive_the_others(told: Any) -> None:
    (incident,) = told("syria-2012").incidents
    abroad = [n for n in incident["networks"] if n["origin_asns"] == [6453]]
    others = [n for n in incident["networks"] if n["origin_asns"] != [6453]]
    assert (len(abroad), len(others)) == (5, 79)
    last_of_the_others = max(parse(n["onset"]) for n in others)
    for network in abroad:
        assert 13 * HOUR <= parse(network["onset"]) - last_of_the_others <= 14 * HOUR
    # They are so small a part that the country counts as lost from the first minute on.
    assert (incident["severity"], incident["share"]["lowest_units"]) == ("total", 0)
    assert incident["operators"][-1]["asn"] == 6453
