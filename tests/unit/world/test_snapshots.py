"""Dated snapshots: which one holds for a day, and that a folder never has half of one."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from nightside.model.errors import NightsideError
from nightside.world.snapshot import Snapshot, label, load
from nightside.world.snapshots import about, choose, keep, snapshot_for, snapshots

SHIPPED = date.fromisoformat(load().date)


def of_day(day: str) -> Snapshot:
    return replace(load(), name=f"of {day}", date=day)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for day in ("2012-06-01", "2014-10-08"):
        keep(of_day(day), {"sources": []}, tmp_path / "world")
    return tmp_path / "world"


@pytest.mark.parametrize(
    ("day", "name", "later"),
    [
        (date(1999, 9, 3), "of 2012-06-01", True),
        (date(2012, 5, 31), "of 2012-06-01", True),
        (date(2012, 6, 1), "of 2012-06-01", False),
        (date(2014, 10, 7), "of 2012-06-01", False),
        (date(2014, 10, 8), "of 2014-10-08", False),
        (SHIPPED - timedelta(days=1), "of 2014-10-08", False),
        (SHIPPED, load().name, False),
        (SHIPPED + timedelta(days=3000), load().name, False),
    ],
)
def test_the_newest_not_after_the_day_else_the_oldest_after_it(
    folder: Path, day: date, name: str, later: bool
) -> None:
    found = snapshot_for(day, folder)
    assert found.name == name
    assert label(found, day).endswith(", later_than_input") is later


@pytest.mark.parametrize("there", ["no/such/folder", "world"])
def test_without_any_of_ones_own_the_shipped_one_holds_for_every_day(tmp_path: Path, there: str) -> None:
    (tmp_path / "world").mkdir()
    assert snapshot_for(date(2011, 1, 27), tmp_path / there) is load()
    assert [dated.path for dated in snapshots(tmp_path / there)] == [None]


def test_one_of_the_shipped_ones_day_takes_its_place(tmp_path: Path) -> None:
    keep(of_day(load().date), {}, tmp_path)
    assert snapshot_for(SHIPPED, tmp_path).name == f"of {load().date}"
    assert len(snapshots(tmp_path)) == 1


def test_other_files_in_the_folder_are_left_alone(folder: Path) -> None:
    for name in ("registry-2013-13-01.npz", "registry-2013-01-01.npz.part", ".registry-x.part", "notes.txt"):
        (folder / name).write_text("no")
    assert [dated.day for dated in snapshots(folder)] == [date(2012, 6, 1), date(2014, 10, 8), SHIPPED]


def test_what_is_kept_is_what_was_given(folder: Path) -> None:
    found = snapshot_for(date(2014, 12, 22), folder)
    for name in Snapshot.__dataclass_fields__:
        ours, theirs = getattr(found, name), getattr(load(), name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype
            assert (ours == theirs).all()
            assert not ours.flags.writeable
    assert about(choose(snapshots(folder), date(2014, 12, 22))) == {
        "sources": [],
        "name": "of 2014-10-08",
        "date": "2014-10-08",
    }


def test_it_is_read_once_and_again_when_it_was_replaced(folder: Path) -> None:
    first = snapshot_for(date(2014, 12, 22), folder)
    assert snapshot_for(date(2014, 12, 23), folder) is first
    keep(replace(of_day("2014-10-08"), name="another"), {}, folder)
    assert snapshot_for(date(2014, 12, 22), folder).name == "another"


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "folder"])
def test_a_damaged_one_is_an_error_and_not_another_day(folder: Path, damage: str) -> None:
    path = folder / "registry-2014-10-08.npz"
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"<html>"}[damage])
    with pytest.raises(NightsideError, match="cannot be read") as caught:
        snapshot_for(date(2014, 12, 22), folder)
    assert str(path) in str(caught.value)
    assert snapshot_for(date(2013, 1, 1), folder).name == "of 2012-06-01"


def test_whatever_bytes_are_damaged_it_is_the_same_snapshot_or_an_error(folder: Path) -> None:
    """Mostly in the heads of the parts, where most depends on each byte; the parts have check sums."""
    path = folder / "registry-2014-10-08.npz"
    whole = path.read_bytes()
    heads = [at for at in range(len(whole)) if whole.startswith(b"PK", at)]
    random = Random(2014)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _byte in range(random.randint(1, 3)):
            near = min(random.choice(heads) + random.randint(0, 120), len(damaged) - 1)
            damaged[near if random.random() < 0.8 else random.randrange(len(damaged))] = random.randrange(256)
        path.write_bytes(damaged)
        try:
            found = snapshot_for(date(2014, 12, 22), folder)
        except NightsideError:
            refused += 1
        else:
            assert found.name == "of 2014-10-08"
            assert (found.ipv4_codes == load().ipv4_codes).all()
            assert (found.asn_numbers == load().asn_numbers).all()
    assert refused > 100


@pytest.mark.parametrize(
    "parts",
    [
        {"ipv4_lengths": load().ipv4_lengths[:-1], "ipv4_codes": load().ipv4_codes[:-1]},
        {"ipv4_codes": load().ipv4_codes[:-1]},
        {"asn_codes": load().asn_codes[:-1]},
        {"asn_numbers": load().asn_numbers[::-1]},
        {"ipv6_last": load().ipv6_last[:-1]},
        {"codes": load().codes[:9]},
    ],
)
def test_parts_that_do_not_fit_are_no_snapshot(tmp_path: Path, parts: dict[str, Any]) -> None:
    keep(replace(of_day("2014-10-08"), **parts), {}, tmp_path)
    with pytest.raises(NightsideError, match="cannot be read"):
        snapshot_for(date(2014, 10, 8), tmp_path)


def test_while_one_is_replaced_readers_see_the_old_or_the_new(folder: Path) -> None:
    names = {"of 2014-10-08", "A", "B"}
    stop = threading.Event()
    failed: list[str] = []

    def read() -> None:
        while not stop.is_set():
            found = snapshot_for(date(2014, 12, 22), folder).name
            if found not in names:
                failed.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for name in ("A", "B") * 3:
            keep(replace(of_day("2014-10-08"), name=name), {}, folder)
    finally:
        stop.set()
        reader.join()
    assert not failed
    assert snapshot_for(date(2014, 12, 22), folder).name == "B"


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NightsideError, match="cannot be written") as caught:
        keep(of_day("2014-10-08"), {}, tmp_path / "file")
    assert "NIGHTSIDE_WORLD" in str(caught.value)
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208
