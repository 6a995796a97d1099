"""A store opened to be read only: nothing is made or changed, also where nothing could be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore
from nightside.store.location import open_store

KP = Entity("country", "KP", "North Korea")


def units(store: EmbeddedStore) -> list[int | None]:
    found: list[int | None] = store.samples("country", "KP", 0, 100)["units"].to_pylist()
    return found


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([Signal(KP, [0], [4], 100)])
    return tmp_path


@contextmanager
def as_somebody_who_may_only_read(folder: Path) -> Iterator[None]:
    """Permissions mean nothing to root, so a test that runs as root does this part as somebody else."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def open_to_all(filled: Path) -> Iterator[Path]:
    """The store where everybody may look; pytest's own folders are for their owner alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield shutil.copytree(filled, folder / "store")
    shutil.rmtree(folder)


def test_it_reads_what_is_there_and_what_comes(filled: Path) -> None:
    with EmbeddedStore(filled, read_only=True) as reader, EmbeddedStore(filled) as writer:
        assert units(reader) == [4]
        before = reader.last_change()
        writer.put_samples([Signal(KP, [50], [0], 100)])
        assert units(reader) == [4, 0]
        assert reader.last_change() > before
        assert reader.entities()[0].units == 0


def test_it_writes_nothing(filled: Path) -> None:
    with EmbeddedStore(filled, read_only=True) as store:
        with pytest.raises(NightsideError, match="cannot be written"):
            store.put_samples([Signal(KP, [0], [3], 100)])
        with pytest.raises(NightsideError, match="cannot be written"):
            store.put_messages("KP-20141221T0310Z", [])
        assert units(store) == [4]
    assert len(list((filled / "segments").iterdir())) == 1


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_where_no_store_is_none_is_made(tmp_path: Path, make: object) -> None:
    folder = tmp_path / "store"
    make(folder)  # type: ignore[operator]
    with pytest.raises(NightsideError, match="there is no store here") as caught:
        open_store(folder, read_only=True)
    assert len(str(caught.value).splitlines()) == 2
    assert not (folder / "nightside.sqlite").exists()


def test_an_empty_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "nightside.sqlite").touch()
    with pytest.raises(NightsideError, match="older"):
        open_store(tmp_path, read_only=True)


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nightside.sqlite").write_bytes(b"no SQLite file " * 400)
    with pytest.raises(NightsideError, match="damaged"):
        open_store(tmp_path, read_only=True)


def test_a_folder_that_cannot_be_written_can_be_read(open_to_all: Path) -> None:
    before = sorted(path.name for path in open_to_all.rglob("*"))
    with as_somebody_who_may_only_read(open_to_all):
        with pytest.raises(NightsideError):
            open_store(open_to_all)
        with EmbeddedStore(open_to_all, read_only=True) as store:
            assert units(store) == [4]
            assert len(store.entities()) == 1
    assert sorted(path.name for path in open_to_all.rglob("*")) == before


def test_there_too_it_sees_what_its_owner_writes(open_to_all: Path) -> None:
    with as_somebody_who_may_only_read(open_to_all):
        reader = EmbeddedStore(open_to_all, read_only=True)
        assert units(reader) == [4]
    with EmbeddedStore(open_to_all) as writer:
        writer.put_samples([Signal(KP, [50], [0], 100)])
        with as_somebody_who_may_only_read(open_to_all):
            # What was written is still in the log beside the file.
            assert units(reader) == [4, 0]
        writer.put_samples([Signal(KP, [60], [1], 100)])
    with as_somebody_who_may_only_read(open_to_all):
        assert units(reader) == [4, 0, 1]
    reader.close()


def test_a_newer_one_is_refused(filled: Path) -> None:
    with sqlite3.connect(filled / "nightside.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NightsideError, match="newer"):
        open_store(filled, read_only=True)


def test_after_it_is_closed_it_answers_no_more(filled: Path) -> None:
    store = EmbeddedStore(filled, read_only=True)
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.last_change()
