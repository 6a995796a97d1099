"""Which files of an input matter for a window of time."""

from __future__ import annotations

from pathlib import Path

from nightside.engine.files import bytes_to_read, choose, covers_until
from nightside.model.instants import iso, parse
from nightside.sources.archive_names import FileKind
from nightside.sources.layout import Found, InputFile

MARGIN_S = 60


def file(kind: FileKind, time: str | None, cadence_s: int | None = 300) -> InputFile:
    nominal = None if time is None else parse(f"2014-12-22T{time}Z")
    name = f"{kind}.{time}"
    return InputFile(Path(name), name, "rrc00", kind, nominal, cadence_s)


TABLES = [file("table", t) for t in ("00:00", "08:00", "16:00")]
UPDATES = [file("updates", f"{h:02}:{m:02}") for h in range(24) for m in range(0, 60, 5)]
DAY = sorted([*TABLES, *UPDATES], key=lambda f: (f.nominal or 0, f.kind))


def names(begin: str | None, end: str | None, files: list[InputFile] = DAY) -> list[str]:
    instants = [None if t is None else parse(f"2014-12-22T{t}Z") for t in (begin, end)]
    return [f.name for f in choose(files, *instants, MARGIN_S)]


def test_everything_without_a_window() -> None:
    assert names(None, None) == [f.name for f in DAY]


def test_the_newest_table_before_the_begin_and_what_came_since() -> None:
    chosen = names("10:00", "11:00")
    assert [n for n in chosen if n.startswith("table")] == ["table.08:00"]
    updates = [n for n in chosen if n.startswith("updates")]
    # The file before the table holds the minute that may be newer than it.
    assert (updates[0], updates[-1]) == ("updates.07:55", "updates.10:55")
    assert len(updates) == 1 + 3 * 12


def test_a_table_at_the_begin_itself_is_before() -> None:
    assert "table.08:00" in names("08:00", None)
    assert "table.00:00" not in names("08:00", None)
    assert "table.08:00" not in names("07:59:59", "08:00")


def test_the_end_is_not_part_of_the_window() -> None:
    assert names(None, "00:05") == ["table.00:00", "updates.00:00"]
    assert names(None, "00:05:01")[-1] == "updates.00:05"


def test_without_a_table_before_everything_counts() -> None:
    late = [f for f in DAY if (f.nominal or 0) >= parse("2014-12-22T12:00Z")]
    assert names("13:00", None, late)[0] == "updates.12:00"


def test_a_file_without_a_time_is_always_read() -> None:
    assert "unknown.None" in names("10:00", "11:00", [*DAY, file("unknown", None, None)])


def test_what_time_a_file_tells_of() -> None:
    until = covers_until(file("updates", "10:05"))
    assert until is not None
    assert iso(until) == "2014-12-22T10:10:00Z"
    assert covers_until(file("table", "08:00")) is None
    assert covers_until(file("updates", "10:05", None)) is None
    assert covers_until(file("unknown", None, None)) is None


def test_what_cannot_be_measured_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    files = [InputFile(tmp_path / n, n, "rrc00", "unknown", None, None) for n in ("a", "gone")]
    assert bytes_to_read(Found(files, [], False, None)) == 5
