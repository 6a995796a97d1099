"""Which snapshot an input is read with: that of the first day of what is read."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from nightside.engine.world_of_day import world_of_input
from nightside.model.settings import Settings
from nightside.sources.layout import find_inputs
from nightside.world.snapshot import load
from nightside.world.snapshots import keep

MARGIN_S = Settings().table_margin_s


@pytest.fixture(autouse=True)
def worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots of three days."""
    for day in ("2012-01-01", "2014-12-21", "2014-12-22"):
        keep(replace(load(), name=day, date=day), {}, tmp_path / "world")
    monkeypatch.setenv("NIGHTSIDE_WORLD", str(tmp_path / "world"))
    monkeypatch.setenv("NIGHTSIDE_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def chosen(*paths: Path, begin: str | None = None, end: str | None = None) -> str:
    found = find_inputs(list(paths))
    return world_of_input(found, at(begin) if begin else None, at(end) if end else None, MARGIN_S).name


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three days of one collector; only the names count here."""
    folder = tmp_path / "archive" / "rrc00" / "2014.12"
    folder.mkdir(parents=True)
    for name in (
        "bview.20141220.1600",
        "updates.20141220.1600",
        "bview.20141222.0000",
        "updates.20141222.0000",
    ):
        (folder / f"{name}.gz").write_bytes(b"")
    return tmp_path / "archive"


def test_of_a_folder_the_first_file_that_is_read_counts(archive: Path) -> None:
    assert chosen(archive) == "2012-01-01"
    assert chosen(archive, begin="2014-12-21T12:00") == "2012-01-01"
    # The newest table before is that of midnight; of the updates before it, those of the last minute would be read.
    assert chosen(archive, begin="2014-12-22T12:00") == "2014-12-22"
    assert chosen(archive, begin="2014-12-22T12:00", end="2014-12-23") == "2014-12-22"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_names_no_time_has_that_of_its_first_record(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "some.mrt"
    path.write_bytes(pack(at("2014-12-21T23:59:59").to_bytes(4) + bytes(8)))
    assert chosen(path) == "2014-12-21"


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 11, b"BZh9rubbish", gzip.compress(b"x" * 99, mtime=0)[:20]],
    ids=["nothing", "too short", "no bzip2", "cut gzip"],
)
def test_what_tells_no_time_is_read_with_the_shipped_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.mrt"
    path.write_bytes(content)
    assert chosen(path) == load().name


def test_a_pipe_is_not_read_ahead(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert chosen(path) == load().name


def test_the_day_is_that_of_utc(tmp_path: Path) -> None:
    path = tmp_path / "updates.20141221.2355.gz"
    path.write_bytes(b"")
    assert chosen(path) == "2014-12-21"
    assert date.fromisoformat(load().date) > date(2014, 12, 22)
