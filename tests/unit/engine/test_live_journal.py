"""The journal of what a daemon takes: whole entries come back, and nothing behind a damaged one."""

from __future__ import annotations

from pathlib import Path

import pytest

from nightside.engine.live.journal import FIRST_LINE, Ended, Entered, Entry, Journal, Told, entries
from nightside.sources.stream import Status

SOME: list[Entry] = [
    Entered(1000.5, Status("rrc00", True, "subscribed", 1000.25)),
    Entered(1003.0, None),
    Told(1),
    Entered(1004.0, Status("rrc00", False, "silent for a minute", 1004.0)),
    Ended(),
]


def written(path: Path) -> list[int]:
    """A journal of `SOME`; where each entry ends."""
    journal = Journal(path)
    ends = []
    for entry in SOME:
        journal.append(entry)
        ends.append(journal.size_bytes)
    journal.sync()
    journal.close()
    assert path.stat().st_size == ends[-1]
    return ends


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    written(tmp_path / "j")
    assert list(entries(tmp_path / "j")) == SOME


def test_what_was_appended_is_there_before_it_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(SOME[0])
    assert list(entries(tmp_path / "j")) == SOME[:1]
    journal.close()


def test_cut_off_anywhere_the_whole_entries_before_it_are_read(tmp_path: Path) -> None:
    ends = written(tmp_path / "j")
    whole = (tmp_path / "j").read_bytes()
    for size in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:size])
        assert list(entries(tmp_path / "cut")) == SOME[: sum(end <= size for end in ends)], size


def test_a_changed_byte_ends_what_is_believed(tmp_path: Path) -> None:
    ends = written(tmp_path / "j")
    whole = bytearray((tmp_path / "j").read_bytes())
    for place in range(len(whole)):
        broken = whole.copy()
        broken[place] ^= 0x40
        (tmp_path / "broken").write_bytes(broken)
        assert list(entries(tmp_path / "broken")) == SOME[: sum(end <= place for end in ends)], place


def test_none_is_empty(tmp_path: Path) -> None:
    assert list(entries(tmp_path / "none")) == []


def test_a_full_disk_is_an_error() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    with pytest.raises(OSError, match="No space left"):
        Journal(full)


def test_zeros_at_the_end_are_what_a_power_loss_leaves(tmp_path: Path) -> None:
    ends = written(tmp_path / "j")
    whole = (tmp_path / "j").read_bytes()
    for end in (len(FIRST_LINE), *ends):
        (tmp_path / "zeros").write_bytes(whole[:end] + bytes(4096))
        assert list(entries(tmp_path / "zeros")) == SOME[: sum(e <= end for e in ends)]
