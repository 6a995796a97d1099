"""Flips of incidents, from archives written record by record: paths, offsets, tables, transfers, gaps."""

from __future__ import annotations

import gzip
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from mrt_record import record_at
from small_archive import ALL, KP, SLOT, T0, A, Archive, B, C, D, full_table, outage, stamp

from nightside.engine.flips import incident_flips
from nightside.engine.replay import replay
from nightside.model.settings import Settings
from nightside.scenes.bgp_writer import (
    address_bytes,
    attribute,
    end_of_rib,
    nlri,
    update_ipv4,
)
from nightside.scenes.mrt_writer import (
    State,
)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def flips_of(archive: Archive, warnings: list[str] | None = None) -> list[dict[str, Any]]:
    said: list[str] = [] if warnings is None else warnings
    found = replay([archive.folder.parent.parent], countries=["KP"], warn=lambda text: None)
    assert len(found.incidents) == 1
    (table,) = incident_flips(found, Settings(), said.append)
    if warnings is None:
        assert said == []
    rows = table.to_pylist()
    times = [row["time"] for row in rows]
    assert times == sorted(times)
    for row in rows:
        row["at"] = int(row.pop("time").timestamp()) - T0
    return rows


def of(rows: list[dict[str, Any]], peer: str, prefix: str = KP[0]) -> list[tuple[Any, ...]]:
    mine = [r for r in rows if r["peer_address"] == peer and r["prefix"] == prefix]
    return [(r["at"], r["kind"], r["source"], r["path"]) for r in mine]


def stands_in(archive: Archive, row: dict[str, Any]) -> Any:
    content = gzip.decompress((archive.folder.parent.parent / row["file"]).read_bytes())
    return record_at(content, row["offset"])


def test_each_flip_is_the_record_at_its_offset(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000)
    archive.finish(T0 + 7200)
    rows = flips_of(archive)
    assert len(rows) == ALL
    assert {r["prefix"] for r in rows} == set(KP)
    for row in rows:
        record = stands_in(archive, row)
        assert record.kind == "update"
        assert (record.time - T0, record.peer_asn, record.peer_address) == (
            row["at"],
            row["peer_asn"],
            row["peer_address"],
        )
        said = record.withdrawn if row["kind"] == "lost" else record.announced
        assert row["prefix"] in said
        assert row["path"] == f"{row['peer_asn']} 4837 131279"
        assert row["origin"] == 131279


def test_the_path_lost_is_the_last_one_told_though_it_was_no_flip(archive: Archive) -> None:
    archive.table(T0, full_table({A: (100, 7, 4837, 131279)}))
    # Another AS in the middle: the same origin, upstream and border, so no flip.
    archive.announce(T0 + 400, A, KP[0], path=(100, 8, 4837, 131279))
    outage(archive, T0 + 1000, T0 + 3000)
    archive.finish(T0 + 7200)
    rows = flips_of(archive)
    assert of(rows, A)[0] == (1000, "lost", "update", "100 8 4837 131279")
    assert of(rows, A, KP[1])[0] == (1000, "lost", "update", "100 7 4837 131279")


def test_a_path_told_and_lost_in_one_second_of_one_file(archive: Archive) -> None:
    archive.table(T0, full_table())
    archive.announce(T0 + 1000, A, KP[0], path=(100, 9, 4837, 131279))
    outage(archive, T0 + 1000, T0 + 3000)
    archive.finish(T0 + 7200)
    assert of(flips_of(archive), A)[0] == (1000, "lost", "update", "100 9 4837 131279")


def test_another_upstream_is_a_reroute(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000)
    archive.announce(T0 + 3100, B, KP[0], path=(200, 20485, 131279))
    archive.finish(T0 + 7200)
    rows = flips_of(archive)
    assert of(rows, B)[-1] == (3100, "rerouted", "update", "200 20485 131279")


def test_what_the_collector_itself_sends_is_no_path_of_the_peer(archive: Archive) -> None:
    archive.table(T0, full_table())
    archive.announce(T0 + 400, A, KP[0], path=(100, 9, 4837, 131279), local=True)
    outage(archive, T0 + 1000, T0 + 3000)
    archive.finish(T0 + 7200)
    assert of(flips_of(archive), A)[0] == (1000, "lost", "update", "100 4837 131279")


def test_paths_with_identifiers_are_lost_one_by_one(archive: Archive) -> None:
    """Of several the newest announced counts; once it is withdrawn, nobody knows which of the others is used."""
    first, second = (100, 7, 4837, 131279), (100, 8, 4837, 131279)
    other = (100, 20485, 131279)
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000, but=A)
    for i, withdrawn in enumerate(((), (1,), (2,))):
        archive.announce(T0 + 500, A, KP[i], path=first, path_id=1)
        archive.announce(T0 + 501, A, KP[i], path=second, path_id=2)
        for path_id in withdrawn:
            archive.withdraw(T0 + 502, A, KP[i], path_id=path_id)
    for path_id, path in ((1, first), (2, other)):
        archive.announce(T0 + 500, A, KP[3], path=path, path_id=path_id)
    # To the way of the first: a flip by a withdrawal.
    archive.withdraw(T0 + 1000, A, KP[3], path_id=2)
    archive.withdraw(T0 + 1001, A, *KP, path_id=1)
    archive.withdraw(T0 + 1002, A, *KP, path_id=2)
    archive.finish(T0 + 7200)
    rows = [r for r in flips_of(archive) if r["peer_address"] == A and r["at"] >= 1000]
    told = {(r["prefix"], r["at"], r["kind"]): r["path"] for r in rows}
    assert told == {
        (KP[0], 1002, "lost"): "100 8 4837 131279",
        (KP[1], 1002, "lost"): "100 8 4837 131279",
        (KP[2], 1001, "lost"): None,
        (KP[3], 1000, "rerouted"): None,
        (KP[3], 1001, "lost"): None,
    }
    assert all(r["offset"] is not None for r in rows)


def test_flips_shortly_before_and_after_are_told_and_others_are_not(archive: Archive) -> None:
    archive.table(T0, full_table())
    # One of five peers is no outage: the incident begins when others lose their way too.
    archive.withdraw(T0 + 1000, A, *KP)
    archive.withdraw(T0 + 1200, B, *KP)
    archive.withdraw(T0 + 1201, D, *KP)
    archive.announce(T0 + 3000, D, *KP)
    archive.announce(T0 + 3001, B, *KP)
    archive.announce(T0 + 3200, A, *KP)
    archive.withdraw(T0 + 600, C, KP[0])
    archive.announce(T0 + 610, C, KP[0])
    archive.withdraw(T0 + 6000, C, KP[0])
    archive.announce(T0 + 6010, C, KP[0])
    archive.finish(T0 + 7200)
    rows = flips_of(archive)
    assert [r[:2] for r in of(rows, A)] == [(1000, "lost"), (3200, "gained")]
    assert of(rows, C) == []


def test_what_a_table_corrects_stands_in_the_table(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 30_000)
    # A is back in a file that is missing: the table of 08:00 knows it.
    now = full_table()
    now.update({prefix: {A: (100, 5, 4837, 131279)} for prefix in KP})
    archive.table(T0 + 28_800, now)
    archive.finish(T0 + 36_000, missing=[T0 + 27_000])
    rows = flips_of(archive)
    (gained,) = [r for r in rows if r["peer_address"] == A and r["prefix"] == KP[2] and r["kind"] == "gained"]
    assert (gained["source"], gained["path"]) == ("table", "100 5 4837 131279")
    record = stands_in(archive, gained)
    assert (record.kind, record.announced, record.entries) == ("rib", [KP[2]], {0: "100 5 4837 131279"})


def test_what_a_table_holds_no_more_stands_in_no_record(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 28_900, T0 + 31_000, but=A)
    now = full_table()
    for prefix in KP:
        del now[prefix][A]
    archive.table(T0 + 28_800, now)
    archive.finish(T0 + 36_000)
    rows = flips_of(archive)
    (lost,) = [r for r in rows if r["peer_address"] == A and r["prefix"] == KP[1] and r["kind"] == "lost"]
    assert (lost["source"], lost["path"], lost["offset"]) == ("table", "100 4837 131279", None)
    assert lost["file"] == "rrc00/2014.12/bview.20141222.0800.gz"


def test_a_path_from_before_a_gap_is_not_known(archive: Archive) -> None:
    archive.table(T0, full_table())
    archive.announce(T0 + 1210, B, KP[0], path=(200, 6, 4837, 131279))
    outage(archive, T0 + 2000, T0 + 3000)
    archive.finish(T0 + 7200, missing=[T0 + 600])
    rows = flips_of(archive)
    assert of(rows, A)[0] == (2000, "lost", "update", None)
    assert of(rows, B)[0] == (2001, "lost", "update", "200 6 4837 131279")
    assert of(rows, A)[1] == (3000, "gained", "update", "100 4837 131279")


def test_what_does_not_come_back_in_a_transfer(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000, but=C)
    archive.state(T0 + 1100, C, State.ESTABLISHED, State.IDLE)
    archive.state(T0 + 1160, C, State.OPEN_CONFIRM, State.ESTABLISHED)
    archive.announce(T0 + 1161, C, "8.8.8.0/24", *KP[:2])
    archive.say(T0 + 1165, C, end_of_rib(4))
    archive.announce(T0 + 3002, C, *KP[2:])
    archive.finish(T0 + 7200)
    rows = flips_of(archive)
    assert of(rows, C, KP[0]) == []
    # The End-of-RIB is what says that the others are gone.
    assert of(rows, C, KP[3]) == [
        (1165, "lost", "transfer", "300 4837 131279"),
        (3002, "gained", "update", "300 4837 131279"),
    ]
    (lost,) = [r for r in rows if r["peer_address"] == C and r["prefix"] == KP[3] and r["kind"] == "lost"]
    record = stands_in(archive, lost)
    assert (record.time - T0, record.peer_address, record.withdrawn, record.announced) == (1165, C, [], [])


def test_what_quiet_ends_stands_in_no_record(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000, but=C)
    archive.state(T0 + 1100, C, State.ESTABLISHED, State.IDLE)
    archive.state(T0 + 1160, C, State.OPEN_CONFIRM, State.ESTABLISHED)
    archive.announce(T0 + 1161, C, "8.8.8.0/24", *KP[:3])
    archive.finish(T0 + 7200)
    (lost,) = [r for r in flips_of(archive) if r["peer_address"] == C]
    assert (lost["at"], lost["kind"], lost["source"], lost["path"]) == (
        1161 + 30,
        "lost",
        "transfer",
        "300 4837 131279",
    )
    assert (lost["file"], lost["offset"]) == (None, None)


def test_a_set_stands_in_braces(archive: Archive) -> None:
    path = pack(">BB3I", 2, 3, 100, 4837, 131279) + pack(">BB2I", 1, 2, 131279, 65000)
    attributes = attribute(0x40, 1, b"\0") + attribute(0x40, 2, path) + attribute(0x40, 3, address_bytes(A))
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000)
    archive.say(T0 + 3100, A, update_ipv4(attributes=attributes, announced=[nlri(KP[0])]))
    archive.withdraw(T0 + 3110, A, KP[0])
    archive.announce(T0 + 3120, A, KP[0])
    archive.finish(T0 + 7200)
    rows = of(flips_of(archive), A)
    assert rows[-2:] == [
        (3110, "lost", "update", "100 4837 131279 {131279,65000}"),
        (3120, "gained", "update", "100 4837 131279"),
    ]


def test_only_the_files_that_matter_are_read_again(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from nightside.engine import flip_reading

    read: list[str] = []
    pieces = flip_reading.Pieces
    monkeypatch.setattr(flip_reading, "Pieces", lambda path: read.append(path.name) or pieces(path))
    archive.table(T0, full_table())
    archive.table(T0 + 28_800, full_table())
    outage(archive, T0 + 30_000, T0 + 31_000)
    archive.finish(T0 + 40_000)
    assert len(flips_of(archive)) == ALL
    assert read == ["bview.20141222.0800.gz"] + [
        f"updates.{stamp(T0 + second)}.gz" for second in range(28_800, 31_001, SLOT)
    ]


def test_files_that_are_gone_are_told_and_leave_the_rest(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000)
    archive.finish(T0 + 7200)
    found = replay([archive.folder.parent.parent], countries=["KP"])
    (archive.folder / f"updates.{stamp(T0 + 900)}.gz").unlink()
    said: list[str] = []
    (table,) = incident_flips(found, Settings(), said.append)
    rows = table.to_pylist()
    lost = [r for r in rows if r["kind"] == "lost"]
    assert len(rows) == ALL
    assert {(r["file"], r["offset"]) for r in lost} == {(None, None)}
    assert all(r["offset"] is not None for r in rows if r["kind"] == "gained")
    assert "updates.20141222.0015.gz" in said[0]
    assert "cannot be read again" in said[0]


def test_files_that_have_changed_are_told(archive: Archive) -> None:
    archive.table(T0, full_table())
    outage(archive, T0 + 1000, T0 + 3000)
    archive.finish(T0 + 7200)
    found = replay([archive.folder.parent.parent], countries=["KP"])
    archive.slots[T0 + 900].reverse()
    archive.finish(T0 + 7200)
    said: list[str] = []
    (table,) = incident_flips(found, Settings(), said.append)
    lost = [r for r in table.to_pylist() if r["kind"] == "lost" and r["peer_address"] != C]
    # All but the one in the middle have changed places.
    assert {r["offset"] for r in lost} == {None}
    assert "16 flips are not found again" in said[0]


def test_many_elements_in_one_batch(archive: Archive) -> None:
    # Places are counted in 15 bits from marks: more elements than that, twice over, before the flips.
    archive.table(T0, full_table())
    others = [f"{a}.{b}.{c}.0/24" for a in (20, 21) for b in range(2) for c in range(150)]
    for second in range(120):
        for i in range(0, len(others), 150):
            archive.announce(T0 + 900 + second, B, *others[i : i + 150])
    outage(archive, T0 + 1020, T0 + 3000)
    archive.finish(T0 + 7200)
    rows = flips_of(archive)
    assert len(rows) == ALL
    for row in rows:
        record = stands_in(archive, row)
        assert row["prefix"] in (record.withdrawn if row["kind"] == "lost" else record.announced)
        assert record.peer_address == row["peer_address"]
