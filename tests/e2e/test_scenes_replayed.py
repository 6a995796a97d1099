"""Small worlds of chance, written as archives and replayed, against what the room of scenes knows of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from nightside.engine.replay import Replay, replay
from nightside.scenes.build import read_scene, write_archive
from nightside.scenes.scene import (
    Basis,
    Churn,
    Collector,
    Happening,
    Loss,
    MissingFile,
    Network,
    Reset,
    Scene,
    Session,
    Stuck,
)
from nightside.scenes.truth import truth

DECEMBER = read_scene("december-2014")
BASIS = Basis(None, "a test")
BEGIN, HOURS = DECEMBER.begin, 8
WIDEST_SPREAD_S = 60
Told = list[tuple[str, int, int | None]]


def collector(name: str, number: int, asns: list[int]) -> Collector:
    sessions = tuple(Session(f"198.51.{number}.{i}", asn) for i, asn in enumerate(asns, 1))
    return Collector(name, f"192.0.2.{number}", f"2001:db8:{number}::1", sessions)


def world(seed: int) -> Scene:
    """Four countries, three of which lose networks; an AS may keep stuck routes; there is churn."""
    rng = Random(seed)
    of_country: dict[str, list[Network]] = {}
    for network in DECEMBER.networks:
        if network.family == 4:
            of_country.setdefault(network.country, []).append(network)
    countries = rng.sample(sorted(of_country), 4)
    networks = tuple(n for country in countries for n in of_country[country][:8])
    asns = sorted(rng.sample(DECEMBER.voters(4), 9))
    end = BEGIN + HOURS * 3600
    losses: list[Loss] = []
    for country in countries[:3]:
        mine = [n.prefix for n in networks if n.country == country]
        at = BEGIN + 1800 + rng.randrange(1800)
        for _ in range(rng.randint(1, 3)):
            lost = tuple(rng.sample(mine, rng.randint(1, len(mine))))
            lasts = rng.choice([150, 300, 700, 3000])
            spread = rng.choice([5, 20, WIDEST_SPREAD_S])
            losses.append(Loss(lost, at, at + lasts, spread, 0, rng.choice([0.0, 0.3]), BASIS))
            at += lasts + 2 * WIDEST_SPREAD_S + 100 + rng.choice([0, 400, 700, 4000])
    happenings: list[Happening] = [*losses, Churn(BEGIN, end, 60, BASIS)]
    if rng.random() < 0.5:
        loss = rng.choice(losses)
        happenings.append(Stuck(asns[2], loss.networks, loss.begin - 500, loss.begin + 1000, BASIS))
    return replace(
        DECEMBER,
        name=f"chance-{seed}",
        note="Made up for a test.",
        seed=seed,
        begin=BEGIN,
        end=end,
        table_every_s=7200,
        collectors=(collector("rrc00", 10, asns[:5]), collector("rrc01", 11, asns[4:])),
        networks=networks,
        happenings=tuple(happenings),
        expected=(),
        claims=(),
    )


def disturbed(scene: Scene, seed: int) -> Scene:
    """The same world, seen worse: two sessions are reset, and a file is missing."""
    rng = Random(seed)
    at = BEGIN + 3600 + rng.randrange(5 * 3600)
    addresses = tuple(s.address for s in scene.collectors[0].sessions[:2])
    reset = Reset("rrc00", addresses, at, at + rng.choice([20, 200]), 10, rng.random() < 0.5, BASIS)
    missing = MissingFile("rrc01", BEGIN + 300 * rng.randint(3, 80), BASIS)
    return replace(scene, happenings=(*scene.happenings, reset, missing))


def true(scene: Scene) -> dict[str, Told]:
    return {
        country: [(e.severity, e.onset, e.end) for e in episodes]
        for country, episodes in truth(scene).items()
    }


def seen(found: Replay) -> dict[str, Told]:
    episodes: dict[str, Told] = {}
    for incident, _series in found.incidents:
        assert incident.provenance.reconstruction
        for e in incident.episodes:
            assert (e.onset_range, e.end_range) == (None, None)
            episodes.setdefault(incident.entity.code, []).append((e.severity, e.onset, e.end))
    return episodes


@pytest.mark.parametrize("seed", range(8))
def test_a_world_seen_well_is_seen_to_the_second(seed: int, tmp_path: Path) -> None:
    scene = world(seed)
    write_archive(scene, tmp_path / "archive")
    warnings: list[str] = []
    found = replay([tmp_path / "archive"], warn=warnings.append)
    assert true(scene)
    assert seen(found) == true(scene)
    assert found.observation.unknown == []
    assert warnings == []


@pytest.mark.parametrize("seed", range(8))
def test_resets_and_missing_files_are_no_outages_and_hide_none(seed: int, tmp_path: Path) -> None:
    scene = disturbed(world(seed), seed)
    write_archive(scene, tmp_path / "archive")
    warnings: list[str] = []
    found = seen(replay([tmp_path / "archive"], warn=warnings.append))
    wanted = true(scene)
    assert found.keys() == wanted.keys()
    for country, episodes in wanted.items():
        assert [e[0] for e in found[country]] == [e[0] for e in episodes]
        for (_, onset, end), (_, true_onset, true_end) in zip(found[country], episodes, strict=True):
            # With fewer ASes to ask, half of them lose it a little earlier or later.
            assert abs(onset - true_onset) <= WIDEST_SPREAD_S
            assert end is not None
            assert true_end is not None
            assert abs(end - true_end) <= WIDEST_SPREAD_S
    assert len(warnings) == 1
    assert "rrc01: no updates from" in warnings[0]


def test_networks_lost_in_one_second_of_which_one_stays_away(tmp_path: Path) -> None:
    scene = world(0)
    country = next(n.country for n in scene.networks)
    first, second, *_ = [n.prefix for n in scene.networks if n.country == country]
    at = BEGIN + 7200
    losses = (
        Loss((first,), at, at + 1200, 0, 0, 0.0, BASIS),
        Loss((second,), at, None, 0, 0, 0.0, BASIS),
    )
    scene = replace(scene, happenings=losses)
    write_archive(scene, tmp_path / "archive")
    assert seen(replay([tmp_path / "archive"])) == true(scene) != {}
