"""A watch that starts from the archives, and one that catches up after a fall, over a local archive server."""

from __future__ import annotations

import asyncio
import errno
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive
from small_archive import SLOT, T0, Archive, full_table, outage, stamp

from nightside.engine.fetching import Told
from nightside.engine.live.reading import FileReader
from nightside.engine.live.starting import DEFAULT_COLLECTORS, catch_up, start_by_name, start_from
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.model.instants import iso
from nightside.sources.archive_paths import is_ris
from nightside.sources.endpoints import read_endpoints
from nightside.sources.layout import find_inputs
from nightside.sources.polite_http import Manners
from nightside.world.snapshot import load

DOWN, UP = T0 + 907, T0 + 2711
END = T0 + 4200
GAP = T0 + 1500
QUICK = Manners(tries=1, first_pause_s=0.01, connect_s=2.0, silence_s=2.0)


def written(folder: Path) -> Path:
    for name in ("rrc00", "rrc01"):
        archive = Archive(folder, name)
        archive.table(T0, full_table())
        outage(archive, DOWN, UP)
        archive.finish(END)
    return folder


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Watcher, list[Found]]:
    return undisturbed(written(tmp_path_factory.mktemp("whole") / "archive"), END)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    written(tmp_path / "archive")
    with archive_server(tmp_path / "archive") as running:
        use_archive(running, monkeypatch, tmp_path)
        yield running


def watcher() -> Watcher:
    snapshot = load()
    return Watcher(snapshot, country_subjects(snapshot, ["KP"]))


def units(watch: Watcher) -> list[tuple[int, int]]:
    (number,) = watch.subjects.entities
    signal = watch.signal(number)
    return list(zip(signal.times, signal.units, strict=True))


def by_name(watch: Watcher, names: list[str], at: int, warnings: list[str], **more: Any) -> dict[str, int]:
    return start_by_name(
        watch, names, read_endpoints(), warnings.append, now=lambda: float(at), manners=QUICK, **more
    )


def test_by_name_is_what_the_folder_says(server: ArchiveServer) -> None:
    warnings: list[str] = []
    fetched: list[int] = []
    named, folder = watcher(), watcher()
    at = END + 60
    told = Told(warn=warnings.append, started=fetched.append)
    assert by_name(named, ["rrc00", "rrc01"], at, warnings, told=told) == {
        "rrc00": END,
        "rrc01": END,
    }
    assert len(fetched) == 2
    assert all(size > 0 for size in fetched)
    start_from(folder, [server.root], warnings.append)
    for watch in (named, folder):
        watch.until(END - 1)
    # Two of five ASes have a route when the fourth says its last word.
    gone, back = DOWN + 2, UP + 2
    assert units(named) == units(folder)
    assert [(at, n) for at, n in units(named) if at >= DOWN] == [(gone, 0), (back, 4)]
    assert [w for w in warnings if "no updates after" not in w] == []


def test_what_the_archive_gets_while_tables_are_fetched_comes_too(server: ArchiveServer) -> None:
    clock = iter([T0 + 3000.0, END + 60.0, END + 60.0])
    ends = start_by_name(
        watcher(), ["rrc00"], read_endpoints(), lambda _text: None, now=lambda: next(clock), manners=QUICK
    )
    assert ends == {"rrc00": END}


def test_where_the_archive_ends_nobody_is_known_until_the_stream_begins(server: ArchiveServer) -> None:
    watch = watcher()
    ends = by_name(watch, ["rrc00"], END + 60, [])
    end = ends["rrc00"]
    watch.until(end - 1)
    assert not watch.view[-1].unknown
    watch.until(end + 30)
    assert watch.view[-1].second == end
    assert watch.view[-1].unknown


def test_an_archive_that_gives_nothing_costs_its_collector_alone(server: ArchiveServer) -> None:
    server.always["/rrc01"] = Fault(status=500)
    warnings: list[str] = []
    watch = watcher()
    found = by_name(watch, ["rrc01", "rrc00", "rrc99"], END + 60, warnings)
    assert found == {"rrc00": END}
    without = sorted(w.split(": ")[0] for w in warnings if "without a table" in w)
    assert without == ["rrc01", "rrc99"]
    watch.until(END - 1)
    assert units(watch)[-1][1] == 4
    server.always["/rrc00"] = Fault(status=500)
    nothing = watcher()
    # What is in the cache already needs no archive but for its lists.
    assert by_name(nothing, ["rrc01"], END + 60, warnings) == {}
    assert nothing.until(END) == []


def test_a_file_that_is_no_mrt_is_a_gap_and_no_end(server: ArchiveServer) -> None:
    bad = server.root / "rrc00" / "2014.12" / f"updates.{stamp(GAP)}.gz"
    bad.write_bytes(gzip.compress(b"not routing data at all" * 9))
    warnings: list[str] = []
    watch = watcher()
    by_name(watch, ["rrc00"], END, warnings)
    watch.until(END - 1)
    assert [w for w in warnings if "nothing of it is used" in w or "cut off" in w]
    unknown = [(u.begin, u.end) for u in watch.sight.unknown(0, watch.until_s)]
    assert unknown == [(GAP, GAP + SLOT)]


def undisturbed(root: Path, until: int) -> tuple[Watcher, list[Found]]:
    watch, found = watcher(), []
    files = sorted(find_inputs([root]).files, key=lambda f: (f.nominal, f.kind != "table", f.collector))
    readers = {name: FileReader(watch, name, pytest.fail) for name in ("rrc00", "rrc01")}
    at = 0
    for file in files:
        assert file.nominal is not None
        if file.nominal >= until:
            break
        if at and file.nominal > at:
            for second in range(at, file.nominal):
                found += watch.until(second)
        at = file.nominal
        readers[file.collector].read(file)
    for second in range(at, until):
        found += watch.until(second)
    return watch, found


def said(found: list[Found]) -> list[dict[str, Any]]:
    return [message.to_json() for one in found for message in one.new]


@pytest.mark.parametrize("fell_at", [T0 + 850, T0 + 1199, T0 + 1200, T0 + 2712])
def test_catching_up_tells_what_an_undisturbed_run_tells(
    server: ArchiveServer, whole_run: tuple[Watcher, list[Found]], fell_at: int
) -> None:
    whole, expected = whole_run
    assert [m["kind"] for m in said(expected)] == ["opened", "recovering", "restored"]
    watch = watcher()
    # As a stream brings it: to the second, and no further.
    before = _stream(watch, server.root, fell_at)
    later: list[Found] = []

    async def tell(found: Found) -> None:
        later.append(found)

    warnings: list[str] = []
    since = {"rrc00": fell_at, "rrc01": fell_at}
    reached = asyncio.run(
        catch_up(watch, since, read_endpoints(), warnings.append, tell, now=lambda: END + 60.0, manners=QUICK)
    )
    assert reached == {"rrc00": END, "rrc01": END}
    assert watch.until_s == END - 1
    assert said(before) + said(later) == said(expected)
    assert units(watch) == units(whole)
    assert [w for w in warnings if "after" not in w] == []
    assert not [p for p in server.files_asked() if "bview" in p], "no table is needed"
    # Until the stream is back.
    watch.until(END)
    assert watch.view[-1].unknown


def _stream(watch: Watcher, root: Path, until: int) -> list[Found]:
    """Everything up to and with this second."""
    found: list[Found] = []
    files = sorted(find_inputs([root]).files, key=lambda f: (f.nominal, f.kind != "table", f.collector))

    class UpTo(FileReader):
        def _apply(self, columns: Any, earliest: int, latest: int) -> int:
            return super()._apply(columns, earliest, min(latest, until))

    readers = {name: UpTo(watch, name, pytest.fail) for name in ("rrc00", "rrc01")}
    for file in files:
        assert file.nominal is not None
        if file.nominal > until:
            break
        if file.nominal > T0:
            for second in range(max(watch.until_s + 1, T0), file.nominal):
                found += watch.until(second)
        readers[file.collector].read(file)
    for second in range(watch.until_s + 1, until + 1):
        found += watch.until(second)
    return found


def test_what_was_heard_is_not_heard_twice(server: ArchiveServer) -> None:
    """A peer that says its withdrawal and its return within one file: only what is later than the second counts."""
    fell_at = UP - 1
    watch = watcher()
    _stream(watch, server.root, fell_at)
    assert units(watch)[-1][1] == 0
    seen: list[Found] = []

    async def tell(found: Found) -> None:
        seen.append(found)

    asyncio.run(
        catch_up(
            watch,
            {"rrc00": fell_at, "rrc01": fell_at},
            read_endpoints(),
            lambda _text: None,
            tell,
            now=lambda: float(UP + 900),
            manners=QUICK,
        )
    )
    asked = {path.rpartition("/")[2] for path in server.files_asked()}
    assert min(asked) == f"updates.{stamp(UP - UP % SLOT)}.gz"
    assert units(watch)[-1] == (UP + 2, 4)


def test_a_hole_while_catching_up_is_a_gap_and_an_archive_that_is_away_is_told(server: ArchiveServer) -> None:
    server.gone.add(f"/rrc00/2014.12/updates.{stamp(GAP)}.gz")
    server.always["/rrc01"] = Fault(status=503)
    fell_at = T0 + 850
    watch = watcher()
    _stream(watch, server.root, fell_at)
    warnings: list[str] = []

    async def tell(_found: Found) -> None:
        pass

    reached = asyncio.run(
        catch_up(
            watch,
            {"rrc00": fell_at, "rrc01": fell_at},
            read_endpoints(),
            warnings.append,
            tell,
            now=lambda: float(END),
            manners=QUICK,
        )
    )
    assert reached == {"rrc00": END, "rrc01": fell_at + 1}
    assert f"rrc00: no updates from {iso(GAP)} to {iso(GAP + SLOT)}" in warnings
    assert [w for w in warnings if w.startswith("rrc01: cannot catch up: ")]
    assert (GAP, GAP + SLOT) in [(u.begin, u.end) for u in watch.sight.unknown(0, watch.until_s)]
    assert units(watch)[-1][1] == 4


@pytest.fixture(params=["no folder can be made", "the disk is full"])
def sick_cache(
    server: ArchiveServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    """A cache that cannot be used, at once or later; what is said of it."""
    if request.param == "no folder can be made":
        (tmp_path / "file").touch()
        monkeypatch.setenv("NIGHTSIDE_CACHE", str(tmp_path / "file" / "cache"))
        return "Not a directory"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nightside.sources.cache.os.utime", full)
    return "No space left on device"


def test_where_the_cache_cannot_be_used_it_starts_without_tables(sick_cache: str) -> None:
    warnings: list[str] = []
    watch = watcher()
    assert by_name(watch, ["rrc00"], END + 60, warnings) == {}
    assert [w for w in warnings if "without" in w and "table" in w and sick_cache in w]
    assert watch.until(END) == []


def test_where_the_cache_cannot_be_used_it_comes_back_as_if_the_archives_had_nothing(
    server: ArchiveServer, sick_cache: str
) -> None:
    fell_at = T0 + 850
    watch = watcher()
    _stream(watch, server.root, fell_at)
    warnings: list[str] = []

    async def tell(_found: Found) -> None:
        pytest.fail("nothing was heard")

    since = {"rrc00": fell_at, "rrc01": fell_at}
    reached = asyncio.run(
        catch_up(watch, since, read_endpoints(), warnings.append, tell, now=lambda: END + 60.0, manners=QUICK)
    )
    assert reached == {"rrc00": fell_at + 1, "rrc01": fell_at + 1}
    assert [w for w in warnings if "cannot catch up" in w and sick_cache in w]
    watch.until(fell_at + 5)
    assert watch.view[-1].unknown


def test_the_default_collectors_are_of_ris_live() -> None:
    assert len(set(DEFAULT_COLLECTORS)) == len(DEFAULT_COLLECTORS)
    assert all(is_ris(name) for name in DEFAULT_COLLECTORS)
