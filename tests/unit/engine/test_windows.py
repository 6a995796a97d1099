"""Observers, window by window, of archives whose every word is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import several_collectors
from small_archive import KP, PEERS, T0, Archive, full_table, outage

import nightside
from nightside.scenes.mrt_writer import State

A, B, C, D, E = PEERS
ELSEWHERE = "8.8.8.0/24"


class Kept:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, Any]] = []

    def window(self, begin: datetime, end: datetime, view: Any) -> None:
        assert begin.tzinfo is UTC
        assert end.tzinfo is UTC
        self.told.append((int(begin.timestamp()) - T0, int(end.timestamp()) - T0, view))


def watched(folder: Path, **words: Any) -> list[tuple[int, int, Any]]:
    kept = Kept()
    nightside.observe([folder], [kept], **({"countries": ["KP"]} | words))
    return kept.told


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All five peers lose all four networks, a second apart from 00:20:00 on, and have them again from 00:30:00 on."""
    folder = tmp_path_factory.mktemp("lost")
    archive = Archive(folder)
    archive.table(T0, full_table())
    archive.announce(T0 + 700, B, KP[0], path=(200, 3356, 131279))
    outage(archive, T0 + 1200, T0 + 1800)
    archive.finish(T0 + 2700)
    return folder


def test_windows_are_whole_and_in_order(lost: Path) -> None:
    spans = [(begin, end) for begin, end, _view in watched(lost)]
    assert spans == [(begin, begin + 300) for begin in range(0, 2700, 300)]
    some = watched(lost, every_s=600, begin="2014-12-22T00:05Z", end=datetime(2014, 12, 22, 0, 29))
    assert [(begin, end) for begin, end, _view in some] == [(600, 1200)]
    assert watched(lost, every_s=86400) == []


def test_everything_before_the_end_and_nothing_after(lost: Path) -> None:
    """The third of five to lose or gain it decides: two seconds after the first."""
    by_second = {
        end: view.units("KP") for _begin, end, view in watched(lost, every_s=1, end="2014-12-22T00:31Z")
    }
    # At the end of a window the second before it is over.
    assert [by_second[1200 + s] for s in range(5)] == [4, 4, 4, 0, 0]
    assert [by_second[1800 + s] for s in range(5)] == [0, 0, 0, 4, 4]
    assert {by_second[s] for s in range(100, 1203)} == {4}


def test_what_is_visible_and_what_changed(lost: Path) -> None:
    views = {end: view for _begin, end, view in watched(lost)}
    assert views[1200].visible_prefixes() == list(KP)
    assert views[1500].visible_prefixes() == []
    assert (views[1200].is_visible(KP[0]), views[1500].is_visible(KP[0])) == (True, False)
    assert views[1500].is_visible("1.2.3.0/24") is False
    changed = [(row["prefix"], row["visible"], row["since"]) for row in views[1500].changes.to_pylist()]
    assert sorted(changed) == [(prefix, False, None) for prefix in KP]
    (at,) = set(views[1500].changes["time"].to_pylist())
    assert at == datetime.fromtimestamp(T0 + 1202, UTC)
    assert views[2100].changes["visible"].to_pylist() == [True] * 4
    assert sum(view.changes.num_rows for view in views.values()) == 8


def test_flips_are_told_peer_by_peer(lost: Path) -> None:
    views = {end: view for _begin, end, view in watched(lost)}
    assert [view.flips.num_rows for view in views.values()] == [0, 0, 1, 0, 20, 0, 20, 0, 0]
    (turn,) = views[900].flips.to_pylist()
    assert (turn["peer_address"], turn["prefix"], turn["kind"]) == (B, KP[0], "rerouted")
    assert (turn["origin"], turn["upstream"], turn["source"]) == (131279, 3356, "update")
    rows = views[1500].flips.to_pylist()
    assert {row["kind"] for row in rows} == {"lost"}
    second = {row["peer_address"]: row["time"].timestamp() - T0 for row in rows}
    assert second == {peer: 1200 + i for i, peer in enumerate(PEERS)}
    way = {(row["peer_address"], row["prefix"]): row["upstream"] for row in rows}
    assert way[B, KP[0]] == 3356
    assert set(way.values()) == {3356, 4837}


def test_routes_of_a_prefix(lost: Path) -> None:
    views = {end: view for _begin, end, view in watched(lost)}
    ways = {
        row["peer_address"]: (row["origin"], row["upstream"]) for row in views[900].routes(KP[0]).to_pylist()
    }
    assert ways == dict.fromkeys(PEERS, (131279, 4837)) | {B: (131279, 3356)}
    gone = views[1500].routes(KP[0]).to_pylist()
    assert [(row["peer_asn"], row["origin"], row["upstream"]) for row in gone] == [
        (asn, None, None) for asn in PEERS.values()
    ]
    assert views[900].routes("1.2.3.0/24")["origin"].null_count == 5


def test_an_as_can_be_asked_about_if_it_was_named(lost: Path) -> None:
    kept = Kept()
    nightside.observe([lost], [kept], asns=[131279])
    assert [view.units(131279) for _begin, _end, view in kept.told[3:7]] == [5, 1, 1, 5]
    with pytest.raises(nightside.UsageError, match="KP was not asked about"):
        kept.told[0][2].units("KP")


def test_two_observers_hear_the_same(lost: Path) -> None:
    one, other = Kept(), Kept()
    nightside.observe([lost], [one, other], countries=["kp"])
    assert one.told == other.told
    assert one.told[0][2].units("kp") == 4


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four of five sessions are down from 00:11 to 00:16: nothing can be told, and nothing is."""
    folder = tmp_path_factory.mktemp("blind")
    archive = Archive(folder)
    archive.table(T0, full_table())
    for peer in (A, B, C, D):
        archive.state(T0 + 660, peer, State.ESTABLISHED, State.IDLE)
        archive.state(T0 + 950, peer, State.OPEN_CONFIRM, State.ESTABLISHED)
        archive.announce(T0 + 960, peer, *KP, ELSEWHERE)
    archive.finish(T0 + 1800)
    return folder


def test_unknown_is_no_zero(blind: Path) -> None:
    views = {end: view for _begin, end, view in watched(blind)}
    dark, light = views[900], views[600]
    assert (light.unknown, light.unknown_s, light.units("KP")) == (False, 0, 4)
    assert (light.peers_known, light.peers_expected) == (5, 5)
    assert (dark.unknown, dark.units("KP"), dark.visible_prefixes(), dark.is_visible(KP[0])) == (
        True,
        None,
        None,
        None,
    )
    assert (dark.peers_known, dark.peers_expected) == (1, 5)
    assert dark.unknown_s == 240
    assert [row["peer_address"] for row in dark.routes(KP[0]).to_pylist()] == [E]
    assert (views[1500].unknown, views[1500].units("KP"), views[1500].unknown_s) == (False, 4, 0)
    assert all(view.changes.num_rows == 0 for view in views.values())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_ends_of_windows_are_those_of_a_replay(seed: int, tmp_path: Path) -> None:
    """Whatever happens: three collectors, sessions that go and come, gaps, an hour without North Korea."""
    several_collectors.write(tmp_path, seed)
    rows = nightside.replay([tmp_path], countries=["KP"]).signals.to_pylist()
    steps = [(row["time"].timestamp() - T0, row["units"]) for row in rows]
    told = watched(tmp_path, every_s=100)
    assert len(told) > 100
    counts = [view.units("KP") for _begin, _end, view in told]
    assert counts == [[units for at, units in steps if at < end][-1] for _begin, end, _view in told]
    assert len(set(counts)) > 1
    for _begin, _end, view in told:
        if not view.unknown:
            assert [view.is_visible(p) for p in KP] == [p in view.visible_prefixes() for p in KP]
    # What became visible and invisible is what leads from one window's end to the next.
    assert not told[0][2].unknown
    seen = set(told[0][2].visible_prefixes())
    for _begin, _end, view in told[1:]:
        for row in view.changes.to_pylist():
            assert (row["prefix"] in seen) != row["visible"]
            (seen.add if row["visible"] else seen.remove)(row["prefix"])
        if not view.unknown:
            assert sorted(seen) == sorted(view.visible_prefixes())


def test_what_cannot_be_asked(lost: Path, tmp_path: Path) -> None:
    with pytest.raises(nightside.UsageError, match="a window of 0 seconds"):
        watched(lost, every_s=0)
    with pytest.raises(nightside.UsageError, match="no country"):
        watched(lost, countries=["XX"])
    with pytest.raises(nightside.InputError, match="before --from"):
        watched(lost, begin="2015-01-01")
    (view, *_rest) = [view for _begin, _end, view in watched(lost)]
    with pytest.raises(nightside.UsageError, match="windows are of IPv4"):
        view.is_visible("2001:db8::/32")
    with pytest.raises(nightside.UsageError, match="not a prefix"):
        view.routes("all")
    archive = Archive(tmp_path)
    archive.withdraw(T0 + 10, A, KP[0])
    archive.finish(T0 + 300)
    with pytest.raises(nightside.InputError, match="nobody's routes are known"):
        watched(tmp_path)
