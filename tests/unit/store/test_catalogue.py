"""What cannot be used as a store is refused in one clear error; several processes get along."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nightside.model.errors import NightsideError
from nightside.store import sqlite_catalogue as catalogue
from nightside.store import tables
from nightside.store.embedded import EmbeddedStore


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions mean nothing to root, so a test that runs as root does this part as somebody else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def refusal(folder: Path) -> NightsideError:
    with pytest.raises(NightsideError) as caught:
        EmbeddedStore(folder)
    assert caught.value.exit_code == 1
    assert len(str(caught.value).splitlines()) <= 2
    return caught.value


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        error = refusal(folder)
        assert "this is a file" in error.what
        assert error.where.startswith(str(tmp_path / "file"))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    with as_nobody():
        error = refusal(tmp_path / "closed" / "store")
    assert "cannot be made" in error.what
    assert error.where == str(tmp_path / "closed" / "store")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    with as_nobody():
        error = refusal(tmp_path / "closed")
    assert "cannot be" in error.what
    assert error.where.startswith(str(tmp_path / "closed"))


@pytest.mark.parametrize("content", [b"no SQLite file " * 400, b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_damaged_catalogue(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "nightside.sqlite").write_bytes(content)
    error = refusal(tmp_path)
    assert "damaged" in error.what
    assert error.where == str(tmp_path / "nightside.sqlite")
    assert (tmp_path / "nightside.sqlite").read_bytes() == content


def test_damage_that_shows_only_when_it_is_read(tmp_path: Path) -> None:
    EmbeddedStore(tmp_path).close()
    path = tmp_path / "nightside.sqlite"
    connection = sqlite3.connect(path)
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    roots = connection.execute("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'incident'").fetchall()
    connection.close()
    # The list of tables stays whole; the pages of one table and its indices do not.
    damaged = bytearray(path.read_bytes())
    for (page,) in roots:
        damaged[(page - 1) * size : page * size] = b"\xa5" * size
    path.write_bytes(damaged)
    with EmbeddedStore(tmp_path) as store, pytest.raises(NightsideError, match="damaged"):
        list(store.incidents())


def test_a_store_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    EmbeddedStore(tmp_path).close()
    path = tmp_path / "nightside.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {tables.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    assert "newer" in refusal(tmp_path).what
    assert path.read_bytes() == before


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    EmbeddedStore(tmp_path).close()
    monkeypatch.setattr(catalogue, "BUSY_S", 0.05)
    other = sqlite3.connect(tmp_path / "nightside.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with (
            EmbeddedStore(tmp_path) as store,
            pytest.raises(NightsideError, match="another process"),
            store._writing(),
        ):
            pytest.fail("there is another writer")
    finally:
        other.close()


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as writer, EmbeddedStore(tmp_path) as reader, writer._writing():
        assert list(reader.incidents()) == []


def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from nightside.store.embedded import EmbeddedStore\n"
    code += "sys.stdin.read(); EmbeddedStore(Path(sys.argv[1])).close()"
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "store")],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(6)
    ]
    for process in starting:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate(timeout=60)[1] for process in starting]
    assert said == [b""] * 6
    assert [process.returncode for process in starting] == [0] * 6
    with EmbeddedStore(tmp_path / "store") as store:
        assert list(store.incidents()) == []


def test_every_revision_is_kept(tmp_path: Path) -> None:
    connection = catalogue.open_catalogue(tmp_path / "nightside.sqlite")
    with pytest.raises(sqlite3.IntegrityError), catalogue.transaction(connection):
        # A revision without its incident, and the other way round, cannot be committed.
        connection.execute("INSERT INTO revision VALUES ('KP-20141221T0310Z', 1, '{}')")
    assert connection.execute("SELECT count(*) FROM revision").fetchone() == (0,)
    connection.close()
