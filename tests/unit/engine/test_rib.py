"""The table at an instant, of an archive whose every word is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from small_archive import KP, PEERS, T0, Archive, full_table, usual

import nightside
from nightside.scenes.mrt_writer import State

A, B, C, D, E = PEERS
OTHER = (200, 3356, 3356, 131279)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tables, and what was said between and after them."""
    folder = tmp_path_factory.mktemp("archive")
    archive = Archive(folder)
    archive.table(T0, full_table({E: (500,)}))
    archive.withdraw(T0 + 100, A, *KP)
    archive.announce(T0 + 200, B, KP[0], path=OTHER)
    archive.announce(T0 + 300, B, KP[0], path=(200, 9, 4837, 131279))
    archive.state(T0 + 400, C, State.ESTABLISHED, State.IDLE)
    archive.announce(T0 + 500, D, "9.0.0.0/8", path=(400, 7))
    # Said while the second table is dumped: newer than it.
    archive.announce(T0 + 1790, D, KP[3], path=(400, 8, 4837, 131279))
    held = full_table()
    del held[KP[0]][A]
    archive.table(T0 + 1800, held)
    archive.finish(T0 + 2400)
    return folder


def at(folder: Path, second: int, **words: Any) -> Any:
    return nightside.rib([folder], at=datetime.fromtimestamp(T0 + second, UTC), **words)


def paths(rib: Any) -> dict[tuple[str, str], Any]:
    rows = rib.routes.to_pylist()
    found = {(row["peer_address"], row["prefix"]): row["path"] for row in rows}
    assert len(found) == len(rows)
    return found


def standings(rib: Any) -> dict[str, str]:
    return {row["peer_address"]: row["standing"] for row in rib.peers.to_pylist()}


def test_the_table_as_it_was_dumped(folder: Path) -> None:
    rib = at(folder, 60)
    expected = {(a, p): list(usual(asn)) for a, asn in PEERS.items() for p in (*KP, "8.8.8.0/24")}
    expected |= {(E, p): [500] for p in (*KP, "8.8.8.0/24")}
    assert paths(rib) == expected
    first = rib.routes.to_pylist()[0]
    assert first == {
        **{"collector": "rrc00", "peer_address": A, "peer_asn": 100, "full_feed": True, "family": 4},
        **{"prefix": "8.8.8.0/24", "origin": 131279, "upstream": 4837, "path": [100, 4837, 131279]},
    }
    alone = [row for row in rib.routes.to_pylist() if row["peer_address"] == E]
    assert {(row["origin"], row["upstream"]) for row in alone} == {(500, None)}
    assert rib.at == T0 + 60


def test_a_second_holds_what_was_said_in_it(folder: Path) -> None:
    assert (A, KP[0]) in paths(at(folder, 99))
    assert (A, KP[0]) not in paths(at(folder, 100))
    assert paths(at(folder, 199))[B, KP[0]] == [200, 4837, 131279]
    assert paths(at(folder, 200))[B, KP[0]] == list(OTHER)
    # Another path of the same origin and upstream is another path.
    assert paths(at(folder, 300))[B, KP[0]] == [200, 9, 4837, 131279]


def test_who_is_down_is_unknown_and_has_no_rows(folder: Path) -> None:
    before, after = at(folder, 399), at(folder, 400)
    assert standings(before)[C] == "known"
    assert standings(after)[C] == "unknown"
    assert not any(peer == C for peer, _prefix in paths(after))
    (row,) = [row for row in after.peers.to_pylist() if row["peer_address"] == C]
    assert (row["routes"], row["full_feed"]) == (None, None)


def test_full_feed_is_half_of_the_fullest(folder: Path) -> None:
    held = {
        row["peer_address"]: (row["routes"], row["full_feed"]) for row in at(folder, 510).peers.to_pylist()
    }
    assert held == {A: (1, False), B: (5, True), C: (None, None), D: (6, True), E: (5, True)}


def test_a_newer_table_replaces_all_but_what_is_newer_still(folder: Path) -> None:
    found = paths(at(folder, 2000))
    assert (A, KP[0]) not in found
    assert found[A, KP[1]] == [100, 4837, 131279]
    assert found[B, KP[0]] == [200, 4837, 131279]
    assert (D, "9.0.0.0/8") not in found
    assert found[D, KP[3]] == [400, 8, 4837, 131279]


@pytest.mark.parametrize(
    ("words", "keeps"),
    [
        ({"prefixes": ["175.45.176.0/22"], "match": "more"}, lambda peer, prefix: prefix in KP),
        ({"prefixes": [KP[2], "9.9.9.9"]}, lambda peer, prefix: prefix == KP[2]),
        ({"prefixes": ["9.1.1.1"], "match": "less"}, lambda peer, prefix: prefix == "9.0.0.0/8"),
        ({"peer_asns": [200, 300]}, lambda peer, prefix: peer in (B, C)),
        ({"origins": [7, 500]}, lambda peer, prefix: peer == E or prefix == "9.0.0.0/8"),
        ({"collectors": ["rrc00"]}, lambda peer, prefix: True),
    ],
)
def test_narrowed_it_is_a_part_of_the_whole(folder: Path, words: Any, keeps: Any) -> None:
    whole, part = at(folder, 600), at(folder, 600, **words)
    assert paths(part) == {key: path for key, path in paths(whole).items() if keeps(*key)}
    assert part.routes.schema == whole.routes.schema


def test_without_paths(folder: Path) -> None:
    whole, bare = at(folder, 600), at(folder, 600, paths=False)
    assert bare.routes["path"].null_count == bare.routes.num_rows
    assert bare.routes.drop_columns("path") == whole.routes.drop_columns("path")


def test_ipv6_and_ipv4_stand_apart(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.table(T0, full_table())
    archive.finish(T0 + 300)
    rib = at(tmp_path, 10, prefixes=["::/0"], match="more")
    assert rib.routes.num_rows == 0
    assert {row["family"] for row in rib.peers.to_pylist()} == {4}


def test_what_cannot_be_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(nightside.UsageError, match="not a time"):
        nightside.rib([folder], at="noon")
    with pytest.raises(nightside.UsageError, match="no such match"):
        nightside.rib([folder], at="2014-12-22", match="all")  # type: ignore[arg-type]
    with pytest.raises(nightside.InputError, match="can be used up to 2014-12-20"):
        nightside.rib([folder], at="2014-12-20")
    with pytest.raises(nightside.InputError, match="can be used"):
        nightside.rib([folder], at="2014-12-22T00:10Z", collectors=["rrc99"])
    archive = Archive(tmp_path)
    archive.withdraw(T0 + 10, A, KP[0])
    archive.finish(T0 + 300)
    with pytest.raises(nightside.InputError, match="nobody's routes are known"):
        at(tmp_path, 100)


def test_in_a_gap_nobody_is_known(tmp_path: Path) -> None:
    for name, missing in (("rrc00", [T0 + 600]), ("rrc01", [])):
        archive = Archive(tmp_path, name)
        archive.table(T0, full_table())
        archive.announce(T0 + 1300, A, KP[0])
        archive.finish(T0 + 1500, missing=missing)
    heard: list[str] = []
    for second, known in (
        (599, ["rrc00", "rrc01"]),
        (600, ["rrc01"]),
        (899, ["rrc01"]),
        (1350, ["rrc00", "rrc01"]),
    ):
        heard.clear()
        rib = at(tmp_path, second, warn=heard.append)
        assert rib.at == T0 + second
        assert sorted(set(rib.routes["collector"].to_pylist())) == known
        unknown = {row["collector"] for row in rib.peers.to_pylist() if row["standing"] == "unknown"}
        assert unknown == {"rrc00", "rrc01"} - set(known)
        assert any("rrc00: nothing is there from 2014-12-22T00:10:00Z on" in text for text in heard) == bool(
            unknown
        )
    with pytest.raises(nightside.InputError, match="nobody's routes are known"):
        at(tmp_path, 700, collectors=["rrc00"])


def test_behind_the_end_it_is_the_table_of_the_end(folder: Path) -> None:
    heard: list[str] = []
    late, last = at(folder, 99_999, warn=heard.append), at(folder, 2399)
    assert heard == ["the input ends at 2014-12-22T00:40:00Z: the table is of then"]
    assert late.at == last.at == T0 + 2399
    assert late.routes == last.routes


def test_a_lone_table_is_itself(folder: Path) -> None:
    (path, _later) = sorted(folder.rglob("bview.*"))
    assert paths(nightside.rib([path], at="2014-12-22")) == paths(at(folder, 60))
