"""The Parquet files of the embedded store: one per content, whole or absent, never changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal, UnknownStretch
from nightside.store.embedded import EmbeddedStore
from nightside.store.files import LEFT_S
from nightside.store.merging import MOST_SMALL
from nightside.store.samples import Held, visible
from nightside.store.segments import contents_of

KP = Signal(Entity("country", "KP", "North Korea"), [0, 10], [4, 0], 20, [UnknownStretch(12, 15, "gap")])
SY = Signal(Entity("country", "SY", "Syria"), [0], [84], 20)


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "segments").iterdir())


def test_the_same_input_twice_is_one_file_that_is_not_touched(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([KP, SY])
        (first,) = segments(tmp_path)
        made = first.stat()
        store.put_samples([SY, KP])
        assert segments(tmp_path) == [first]
        assert (first.stat().st_ino, first.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
        store.put_samples([KP])
        assert len(segments(tmp_path)) == 2


def test_a_segment_says_by_itself_what_it_holds(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([SY, KP])
    (file,) = segments(tmp_path)
    rows = [tuple(row.values()) for row in pq.read_table(file).to_pylist()]
    assert rows == [
        ("country", "KP", 0, 0, 10, 4, "known", None),
        ("country", "KP", 0, 10, 12, 0, "known", None),
        ("country", "KP", 0, 12, 15, None, "unknown", None),
        ("country", "KP", 0, 15, 20, 0, "known", None),
        ("country", "SY", 1, 0, 20, 84, "known", None),
    ]


def test_different_signals_have_different_names() -> None:
    other = [
        Signal(Entity("asn", "KP", ""), KP.times, KP.units, KP.end, KP.unknown),
        Signal(KP.entity, KP.times, [4, 1], KP.end, KP.unknown),
        Signal(KP.entity, [0, 11], KP.units, KP.end, KP.unknown),
        Signal(KP.entity, KP.times, KP.units, 21, KP.unknown),
        Signal(KP.entity, KP.times, KP.units, KP.end, []),
    ]
    names = {found.name for signal in [KP, *other] if (found := contents_of([signal], {}))}
    assert len(names) == 6


def test_what_a_killed_writer_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    long_ago = time.time() - LEFT_S - 60
    for name in ("0123.parquet.45.part", "6789.parquet"):
        (tmp_path / "segments" / name).write_bytes(b"half")
        os.utime(tmp_path / "segments" / name, times=(long_ago, long_ago))
    (tmp_path / "segments" / "0123.parquet.67.part").write_bytes(b"being written")
    with EmbeddedStore(tmp_path) as store:
        for i in range(MOST_SMALL + 1):
            store.put_samples([Signal(KP.entity, [60 * i], [i], 60 * i + 60)])
    left = [path.name for path in segments(tmp_path)]
    assert "0123.parquet.67.part" in left
    assert "6789.parquet" not in left
    assert not any(".45." in name for name in left)


def test_a_segment_whose_commit_was_lost_is_taken_up_again(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "whole") as store:
        store.put_samples([KP])
    (file,) = segments(tmp_path / "whole")
    (tmp_path / "cut" / "segments").mkdir(parents=True)
    (tmp_path / "cut" / "segments" / file.name).write_bytes(file.read_bytes())
    with EmbeddedStore(tmp_path / "cut") as store:
        assert store.samples("country", "KP", 0, 20).num_rows == 0
        store.put_samples([KP])
        assert store.samples("country", "KP", 0, 20).num_rows == 4


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more")])
def test_a_segment_that_is_gone_or_damaged_is_named(tmp_path: Path, damage: object) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([KP])
        damage(segments(tmp_path)[0])  # type: ignore[operator]
        with pytest.raises(NightsideError, match="samples cannot be read") as caught:
            store.samples("country", "KP", 0, 20)
    assert len(str(caught.value).splitlines()) == 2


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([SY])
        (tmp_path / "segments").rename(tmp_path / "aside")
        (tmp_path / "segments").write_text("in the way")
        with pytest.raises(NightsideError, match="samples cannot be written"):
            store.put_samples([KP])
        (tmp_path / "segments").unlink()
        (tmp_path / "aside").rename(tmp_path / "segments")
        assert store.samples("country", "KP", 0, 20).num_rows == 0
        assert store.samples("country", "SY", 0, 20).num_rows == 1


def test_pieces_are_cut_so_that_the_later_counts() -> None:
    held = [Held(0, 10, "a", 0, 0, 5), Held(4, 6, "b", 3, 1, 2), Held(9, 15, "c", 1, 0, 9)]
    assert visible(held, 1, 14) == [
        Held(1, 4, "a", 0, 0, 5),
        Held(4, 6, "b", 3, 1, 2),
        Held(6, 9, "a", 0, 0, 5),
        Held(9, 14, "c", 1, 0, 9),
    ]
    assert visible(held, 20, 30) == []
