"""Places for files: there whole or not at all, whoever writes and whoever is killed."""

from __future__ import annotations

import errno
import os
import pickle
import time
from pathlib import Path

import pyarrow as pa
import pytest

from nightside.model.errors import NightsideError, UsageError
from nightside.store.files import LEFT_S, Files, files_at
from nightside.store.folder_errors import written

TABLE = pa.table({"a": [1, 2, 3]})


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=pytest.mark.xdist_group("s3"))])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """A place that is not there yet."""
    if request.param == "folder":
        return files_at(tmp_path / "store" / "segments")
    if request.param == "s3":
        return files_at(f"{request.getfixturevalue('s3_bucket')}/store/segments")
    return files_at(f"memory://{tmp_path.name}/store/segments")


def test_what_is_written_is_read(files: Files) -> None:
    files.write("b.parquet", TABLE, compression="zstd")
    files.write_bytes("a.json", b"{}")
    files.child("below").write_bytes("c", b"12345")
    assert files.names() == ["a.json", "b.parquet"]
    assert files.names("b") == ["b.parquet"]
    assert files.children() == ["below"]
    assert files.read_bytes("a.json") == b"{}"
    assert files.child("below").size("c") == 5
    with files.parquet("b.parquet") as file:
        assert file.read().equals(TABLE)
    with files.open("a.json") as opened:
        opened.seek(1)
        assert opened.read(1) == b"}"


def test_what_is_not_there_is_missing(files: Files) -> None:
    assert files.listing() == []
    assert files.children() == []
    assert not files.exists("a")
    for ask in (files.open, files.snapshot, files.size, files.read_bytes):
        with pytest.raises(FileNotFoundError):
            ask("a")
    with pytest.raises(FileNotFoundError), files.parquet("a"):
        pass
    files.delete("a")
    files.delete_all()
    files.write_bytes("b", b"")
    with pytest.raises(FileNotFoundError):
        files.open("a")


def test_one_takes_the_place_of_another_and_is_deleted(files: Files) -> None:
    files.write_bytes("a", b"first")
    files.write_bytes("a", b"second")
    files.child("below").write_bytes("b", b"")
    assert files.read_bytes("a") == b"second"
    files.delete("a")
    assert files.names() == []
    files.delete_all()
    assert files.children() == []


def test_a_snapshot_stays_what_it_is(files: Files) -> None:
    files.write_bytes("a", b"first")
    with files.snapshot("a") as kept:
        files.write_bytes("a", b"second")
        assert kept.read() == b"first"
    with files.snapshot("a") as kept:
        files.delete("a")
        assert kept.read() == b"second"


def test_it_is_sent_to_other_processes(files: Files) -> None:
    files.write_bytes("a", b"1")
    sent: Files = pickle.loads(pickle.dumps(files))
    assert sent == files
    assert sent.read_bytes("a") == b"1"
    assert files_at(files.place).read_bytes("a") == b"1"


@pytest.mark.parametrize("name", ["", "a/b", "..", ".a", "a.part"])
def test_a_name_leads_nowhere_else(files: Files, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        files.write_bytes(name, b"")
    with pytest.raises(ValueError, match="no name"):
        files.child(name)


def test_who_fails_leaves_nothing(tmp_path: Path) -> None:
    files = files_at(tmp_path)
    with pytest.raises(pa.ArrowException):
        files.write("a", TABLE, compression="no such thing")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_at(tmp_path / "segments")
    files.write_bytes("a", b"before")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("nightside.store.folder_sync.os.fsync", full)
    with (
        pytest.raises(NightsideError, match=r"samples cannot be written \(No space left") as told,
        written(files),
    ):
        files.write_bytes("a", b"after")
    assert told.value.where == str(tmp_path / "segments")
    assert [path.name for path in (tmp_path / "segments").iterdir()] == ["a"]
    assert files.read_bytes("a") == b"before"


def test_what_a_killed_writer_left_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    files = files_at(tmp_path)
    for name, age_s in (("a.1.part", LEFT_S + 60), ("a.2.part", LEFT_S - 60), ("old", LEFT_S + 60)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, times=(time.time() - age_s,) * 2)
    assert files.names() == ["old"]
    assert files.delete_left() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.2.part", "old"]


@pytest.mark.parametrize(
    "place", ["s3://key:secret@bucket/x", "s3://bucket/x?region=eu", "s3://", "nothing-of-the-kind://x/y"]
)
def test_an_address_that_cannot_be_one_is_refused(place: str) -> None:
    with pytest.raises(UsageError) as refused:
        files_at(place).listing()
    assert "secret" not in str(refused.value)
    assert "s3://BUCKET/PREFIX" in refused.value.advice


def test_a_file_by_its_address_is_a_folder(tmp_path: Path) -> None:
    assert files_at(tmp_path.as_uri()) == files_at(tmp_path) == files_at(str(tmp_path))
