"""What waits: a journal that outlives programs, full disks, damage, and whoever takes it away."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from told_messages import message

from nightside.engine.channels import spool as spools
from nightside.engine.channels.journal_lines import waiting_in
from nightside.engine.channels.spool import Sealed, Spool
from nightside.model.errors import NightsideError

Json = dict[str, Any]


def record(code: str = "KP", kind: str = "opened") -> Json:
    return {"told": message(code, kind)[0], "text": f"{code} {kind}"}


def waits(spool: Spool, name: str = "a") -> list[str]:
    return [str(spool.record(note.number)["text"]) for note in spool.first(name)]


@contextmanager
def refusing(why: int, after_bytes: int = 0) -> Iterator[None]:
    """A disk that takes so much more, and then nothing."""
    real, left = os.pwrite, [after_bytes]

    def pwrite(descriptor: int, data: bytes, at: int) -> int:
        if not left[0]:
            raise OSError(why, os.strerror(why))
        written = real(descriptor, data[: left[0]], at)
        left[0] -= written
        return written

    disk = pytest.MonkeyPatch()
    disk.setattr(spools.os, "pwrite", pwrite)
    try:
        yield
    finally:
        disk.undo()


def test_it_waits_for_each_channel_until_that_is_done(tmp_path: Path) -> None:
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a", "b"])
        spool.put(record("SY"), ["b"])
        spool.done("b", [1])
    assert waiting_in(tmp_path) == {"a": 1, "b": 1}
    with closing(Spool(tmp_path)) as spool:
        assert (waits(spool, "a"), waits(spool, "b")) == (["KP opened"], ["SY opened"])
        spool.put(record("IQ"), ["a"])
        assert [note.number for note in spool.first("a")] == [1, 3]


def test_the_same_key_waits_once_for_a_channel(tmp_path: Path) -> None:
    with closing(Spool(tmp_path)) as spool:
        spool.put(record(), ["a"])
        spool.put(record(), ["a", "b"])
        assert (spool.count("a"), spool.count("b")) == (1, 1)


def test_what_was_about_to_be_sent_is_known_until_it_is_done(tmp_path: Path) -> None:
    sealed = Sealed("group/opened/0", (1, 2), "{}")
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a"])
        spool.put(record("SY"), ["a"])
        spool.seal("a", sealed)
    with closing(Spool(tmp_path)) as spool:
        assert spool.sealed("a") == [sealed]
        spool.done("a", [1, 2])
    with closing(Spool(tmp_path)) as spool:
        assert (spool.sealed("a"), spool.count("a")) == ([], 0)


@pytest.mark.parametrize("after_bytes", [0, 1, 300])
def test_on_a_full_disk_it_waits_in_memory_and_is_written_when_there_is_room(
    tmp_path: Path, after_bytes: int
) -> None:
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a"])
        with refusing(errno.ENOSPC, after_bytes), pytest.raises(OSError, match="No space"):
            spool.put(record("SY"), ["a"])
        assert waits(spool) == ["KP opened", "SY opened"]
        assert waiting_in(tmp_path) == {"a": 1}
        spool.put(record("IQ"), ["a"])
    with closing(Spool(tmp_path)) as spool:
        assert waits(spool) == ["KP opened", "SY opened", "IQ opened"]


def test_a_line_that_was_being_written_is_none(tmp_path: Path) -> None:
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a"])
        spool.put(record("SY"), ["a"])
    (journal,) = tmp_path.glob("journal-*")
    whole = journal.read_bytes()
    for cut in (1, 100, len(whole) - whole.index(b"\n") - 2):
        journal.write_bytes(whole[:-cut])
        with closing(Spool(tmp_path)) as spool:
            assert waits(spool) == ["KP opened"]
            spool.put(record("IQ"), ["a"])
        with closing(Spool(tmp_path)) as spool:
            assert waits(spool) == ["KP opened", "IQ opened"]


def test_a_damaged_line_costs_that_message_and_is_told(tmp_path: Path) -> None:
    with closing(Spool(tmp_path)) as spool:
        for code in ("KP", "SY", "IQ"):
            spool.put(record(code), ["a"])
    (journal,) = tmp_path.glob("journal-*")
    journal.write_bytes(journal.read_bytes().replace(b"SY opened", b"SY closed"))
    warnings: list[str] = []
    with closing(Spool(tmp_path, warnings.append)) as spool:
        assert waits(spool) == ["KP opened", "IQ opened"]
    assert len(warnings) == 1
    assert "damaged at byte" in warnings[0]


def test_a_damaged_message_of_a_group_that_was_begun_holds_up_nothing(tmp_path: Path) -> None:
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a"])
        spool.put(record("SY"), ["a"])
        spool.seal("a", Sealed("group/opened/0", (1, 2), "{}"))
    (journal,) = tmp_path.glob("journal-*")
    journal.write_bytes(journal.read_bytes().replace(b"SY opened", b"SY closed"))
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("IQ"), ["a"])
        # Number 2 was Syria's: Iraq's message is not taken for what the group tells.
        assert [note.number for note in spool.first("a")] == [1, 3]
        with pytest.raises(ValueError, match="no message 2"):
            spool.record(2)
        spool.done("a", [2, 1], is_refused=True)
        assert (waits(spool), spool.sealed("a")) == (["IQ opened"], [])
    refused = (tmp_path / spools.REFUSED).read_text().splitlines()
    assert ["KP opened" in line for line in refused] == [True]


def test_a_journal_that_is_taken_away_is_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    with closing(Spool(folder)) as spool:
        spool.put(record("KP"), ["a"])
        next(folder.glob("journal-*")).unlink()
        folder.rmdir()
        spool.put(record("SY"), ["a"])
    with closing(Spool(folder)) as spool:
        assert waits(spool) == ["KP opened", "SY opened"]


def test_it_does_not_grow_without_end_and_loses_nothing_when_it_shrinks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "SMALL_BYTES", 20_000)
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a", "b"])
        for number in range(2, 200):
            spool.put(record(f"{number}"), ["b"])
            spool.done("b", [number])
            (journal,) = tmp_path.glob("journal-*")
            assert journal.stat().st_size < 25_000
        assert (waits(spool, "a"), waits(spool, "b")) == (["KP opened"], ["KP opened"])
    assert journal.name != "journal-1"
    with closing(Spool(tmp_path)) as spool:
        assert (waits(spool, "a"), waits(spool, "b")) == (["KP opened"], ["KP opened"])


def test_of_two_journals_the_newer_counts(tmp_path: Path) -> None:
    """It fell when the new one had its name and the old one was still there."""
    with closing(Spool(tmp_path)) as spool:
        spool.put(record("KP"), ["a"])
    (tmp_path / "journal-2").write_bytes((tmp_path / "journal-1").read_bytes())
    (tmp_path / "journal-3.part").write_bytes(b"ha")
    with closing(Spool(tmp_path)) as spool:
        assert waits(spool) == ["KP opened"]
    assert [one.name for one in tmp_path.iterdir()] == ["journal-2"]


def test_files_of_strangers_stay(tmp_path: Path) -> None:
    for name in ("notes.txt", "journal-", "journal-x", "journal-1.bak", "refused.ndjson"):
        (tmp_path / name).write_text("x")
    with closing(Spool(tmp_path)) as spool:
        spool.put(record(), ["a"])
    assert {one.name for one in tmp_path.iterdir()} >= {"notes.txt", "journal-", "journal-x", "journal-1.bak"}


def test_a_folder_that_cannot_be_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(NightsideError, match="messages cannot wait here"):
        Spool(tmp_path / "outbox")
