"""`nightside replay COLLECTOR...`: the same as replaying the folder, from archives that are not always well."""

from __future__ import annotations

import bz2
import gzip
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive
from as_stored import as_stored

from nightside.model.instants import iso, parse
from nightside.sources.archive_names import take_apart

ALL = ("rrc00", "rrc01", "rrc03")
SHORT = ("--from", "2014-12-22T16:05Z", "--to", "2014-12-22T17:30Z", "--country", "KP")
"""The beginning of the great loss, at 16:15; the newest table before is that of 16:00."""
LONG = ("--from", "2014-12-22T15:00Z", "--to", "2014-12-22T18:00Z", "--country", "KP")
"""The same with a table within; the newest before is that of 08:00."""
Replay = Callable[..., Any]


@pytest.fixture
def server(december: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ArchiveServer]:
    """The demo's archive behind the program's own settings."""
    with archive_server(december) as archive:
        use_archive(archive, monkeypatch, tmp_path)
        yield archive


@pytest.fixture
def replay(quick: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """`nightside replay WORD... --json` with a new store for each call, in a folder without files."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    runs = iter(range(100))

    def run(*words: object) -> Any:
        return quick("replay", *words, "--json", "--store", tmp_path / f"store{next(runs)}", store=False)

    return run


@pytest.fixture(scope="module")
def short(december: Path, nightside: Any, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the replay of the folder finds in the short window."""
    ran = nightside("replay", december, *SHORT, "--json", "--store", tmp_path_factory.mktemp("short"))
    assert ran.code == 0, ran.err
    assert [i["severity"] for i in ran.incidents] == ["total"]
    return as_stored(ran.incidents)


def warnings(ran: Any) -> list[str]:
    return [line for line in ran.messages if line.startswith("nightside: warning: ")]


def named(path: str) -> tuple[str, str]:
    """The collector and the file of a request."""
    return path.split("/")[1], path.rpartition("/")[2]


def test_by_name_is_found_what_is_found_in_the_folder(
    replay: Replay, december: Path, server: ArchiveServer
) -> None:
    whole = ("--from", "2014-12-21", "--to", "2014-12-24")
    folder = replay(december, *whole)
    by_name = replay(*ALL, *whole)
    assert by_name.code == 0, by_name.err
    assert len(by_name.incidents) >= 1
    assert as_stored(by_name.incidents) == as_stored(folder.incidents)
    assert by_name.incidents[0]["provenance"]["reconstruction"] is True
    assert server.most_under_way <= 4
    files = {p.relative_to(december) for p in december.rglob("*.gz")}
    assert len(server.files_asked()) == len(files)
    assert f"fetching {len(files)} files" in by_name.err
    # Both say the same of the two files that are missing in the archive.
    assert len(warnings(by_name)) == 2
    assert warnings(by_name) == warnings(folder)


def test_of_a_window_only_what_it_needs_is_fetched_and_only_once(
    replay: Replay, december: Path, server: ArchiveServer
) -> None:
    folder = as_stored(replay(december, *LONG).incidents)
    assert [i["severity"] for i in folder] == ["total"]
    ran = replay(*ALL, *LONG)
    assert as_stored(ran.incidents) == folder
    asked = [named(path) for path in server.files_asked()]
    for collector in ALL:
        files = [take_apart(name) for c, name in asked if c == collector]
        tables = sorted(iso(f.nominal) for f in files if f and f.kind == "table")
        updates = sorted(iso(f.nominal) for f in files if f and f.kind == "updates")
        assert tables == ["2014-12-22T08:00:00Z", "2014-12-22T16:00:00Z"]
        assert (updates[0], updates[-1]) == ("2014-12-22T07:55:00Z", "2014-12-22T17:55:00Z")
        assert len(updates) == 1 + 10 * 12
    server.asked.clear()
    again = replay(*ALL, *LONG)
    assert as_stored(again.incidents) == folder
    assert server.files_asked() == []


def test_names_and_paths_together(
    replay: Replay, december: Path, server: ArchiveServer, short: list[dict[str, Any]]
) -> None:
    ran = replay("rrc01", december / "rrc00", "rrc03", *SHORT)
    # The names of files begin below what was given.
    found = as_stored(ran.incidents)
    assert [i | {"provenance": None} for i in found] == [i | {"provenance": None} for i in short]
    assert {named(path)[0] for path in server.files_asked()} == {"rrc01", "rrc03"}


def test_a_folder_of_that_name_is_a_folder(
    replay: Replay, december: Path, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(december)
    assert replay("rrc00", *SHORT).code == 0
    assert server.asked == []


def test_routeviews_has_its_own_layout(
    replay: Replay, december: Path, server: ArchiveServer, tmp_path: Path
) -> None:
    root = tmp_path / "routeviews"
    for source, collector in (("rrc00", "bgpdata"), ("rrc01", "route-views.sydney/bgpdata")):
        merge(december / source, root / collector)
    server.root = root
    by_name = replay("route-views2", "route-views.sydney", *SHORT)
    folder = replay(root, *SHORT)
    assert by_name.code == 0, by_name.err
    assert [i["severity"] for i in by_name.incidents] == ["total"]
    assert as_stored(by_name.incidents) == as_stored(folder.incidents)
    names = [i["name"] for i in by_name.incidents[0]["provenance"]["inputs"]]
    assert "bgpdata/2014.12/RIBS/rib.20141222.1600.bz2" in names
    assert "route-views.sydney/bgpdata/2014.12/UPDATES/updates.20141222.1600.bz2" in names


def merge(source: Path, target: Path) -> None:
    """Files of RIS of the 22nd as RouteViews packs them: a quarter of an hour in one, with bzip2."""
    quarters: dict[str, bytes] = {}
    for path in sorted(source.rglob("*.20141222.*.gz")):
        name = take_apart(path.name)
        assert name is not None
        moment = path.name.split(".", 1)[1].removesuffix(".gz")
        if name.kind == "table":
            quarters[f"RIBS/rib.{moment}.bz2"] = gzip.decompress(path.read_bytes())
        else:
            begin = f"{moment[:-2]}{int(moment[-2:]) // 15 * 15:02}"
            key = f"UPDATES/updates.{begin}.bz2"
            quarters[key] = quarters.get(key, b"") + gzip.decompress(path.read_bytes())
    for key, content in quarters.items():
        path = target / "2014.12" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bz2.compress(content))


def test_an_archive_that_is_slow_breaks_off_and_asks_for_patience(
    replay: Replay, server: ArchiveServer, short: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightside.sources import polite_http

    # Our own pauses are short; what the archive asks for is kept to.
    quick = polite_http.Manners(first_pause_s=0.05, longest_pause_s=0.2, jitter_s=0.05)
    monkeypatch.setattr("nightside.engine.fetching.Manners", lambda: quick)
    folder = "/rrc00/2014.12/"
    server.faults = {
        f"{folder}bview.20141222.1600.gz": [Fault(cut_after=3000), Fault(status=503, retry_after="1")],
        f"{folder}updates.20141222.1610.gz": [Fault(refuse=True)],
        f"{folder}updates.20141222.1615.gz": [Fault(status=429, retry_after="1"), Fault(cut_after=100)],
        "/broker/search": [Fault(status=502)],
    }
    server.always["/rrc01/2014.12/bview"] = Fault(bytes_per_s=300_000)
    begun = time.monotonic()
    ran = replay(*ALL, *SHORT)
    assert ran.code == 0, ran.err
    assert as_stored(ran.incidents) == short
    assert time.monotonic() - begun > 1


@pytest.mark.parametrize("how", ["broker down", "broker stale", "no broker"])
def test_the_folders_stand_in_for_the_broker(
    replay: Replay,
    server: ArchiveServer,
    short: list[dict[str, Any]],
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if how == "broker down":
        server.always["/broker"] = Fault(status=500)
    elif how == "broker stale":
        server.broker_until = parse("2014-12-22T09:00Z")
    else:
        monkeypatch.delenv("NIGHTSIDE_BROKER_URL")
    ran = replay(*ALL, *SHORT)
    assert as_stored(ran.incidents) == short
    assert [w for w in warnings(ran) if "broker" in w] == [
        f"nightside: warning: {server.url}/broker/search: answers 500 Internal Server Error (tried 2 times): "
        "the archives' own lists are used"
    ] * (how == "broker down")


def test_a_missing_file_is_a_gap_and_a_stale_list_too(
    replay: Replay, december: Path, server: ArchiveServer, tmp_path: Path
) -> None:
    lost = ("updates.20141222.1605.gz", "updates.20141222.1720.gz")
    server.gone = {f"/rrc00/2014.12/{name}" for name in lost}
    shutil.copytree(december, tmp_path / "copy", copy_function=os.link)
    for name in lost:
        (tmp_path / "copy" / "rrc00" / "2014.12" / name).unlink()
    folder = replay(tmp_path / "copy", *SHORT)
    by_name = replay(*ALL, *SHORT)
    assert by_name.code == 0, by_name.err
    assert as_stored(by_name.incidents) == as_stored(folder.incidents)
    for name, begin in zip(lost, ("16:05", "17:20"), strict=True):
        assert f"/rrc00/2014.12/{name}: listed, but not there" in by_name.err
        assert f"rrc00: no updates from 2014-12-22T{begin}:00Z" in by_name.err


def test_a_gap_right_behind_the_table_is_seen(
    replay: Replay, december: Path, server: ArchiveServer, tmp_path: Path
) -> None:
    shutil.copytree(december, tmp_path / "copy", copy_function=os.link)
    for collector in ALL:
        for minute in ("1555", "1600", "1605"):
            name = f"updates.20141222.{minute}.gz"
            (tmp_path / "copy" / collector / "2014.12" / name).unlink()
    server.root = tmp_path / "copy"
    folder = replay(tmp_path / "copy", *SHORT)
    by_name = replay(*ALL, *SHORT)
    assert as_stored(by_name.incidents) == as_stored(folder.incidents)
    assert warnings(by_name) == warnings(folder)
    assert any("no updates from 2014-12-22T15:55:00Z to 2014-12-22T16:10:00Z" in w for w in warnings(by_name))


def test_a_table_that_is_not_there_is_replaced_by_the_one_before(
    replay: Replay, december: Path, server: ArchiveServer, tmp_path: Path
) -> None:
    shutil.copytree(december, tmp_path / "copy", copy_function=os.link)
    (tmp_path / "copy" / "rrc00" / "2014.12" / "bview.20141222.1600.gz").unlink()
    server.gone = {"/rrc00/2014.12/bview.20141222.1600.gz"}
    folder = replay(tmp_path / "copy", *SHORT)
    by_name = replay(*ALL, *SHORT)
    assert as_stored(by_name.incidents) == as_stored(folder.incidents)
    assert "bview.20141222.1600.gz: listed, but not there" in by_name.err
    assert "/rrc00/2014.12/bview.20141222.0800.gz" in server.files_asked()


def test_a_file_that_is_damaged_in_the_archive_is_what_it_is(
    replay: Replay, december: Path, server: ArchiveServer, tmp_path: Path
) -> None:
    shutil.copytree(december, tmp_path / "copy", copy_function=os.link)
    damaged = tmp_path / "copy" / "rrc00" / "2014.12" / "updates.20141222.1610.gz"
    whole = damaged.read_bytes()
    damaged.unlink()
    damaged.write_bytes(whole[:-20])
    server.root = tmp_path / "copy"
    folder = replay(tmp_path / "copy", *SHORT)
    by_name = replay(*ALL, *SHORT)
    assert as_stored(by_name.incidents) == as_stored(folder.incidents)
    assert "updates.20141222.1610.gz: the gzip stream is cut off" in by_name.err
    assert "so it lies in the archive" in by_name.err
    # It is not kept: it may be mended.
    server.asked.clear()
    replay(*ALL, *SHORT)
    assert [named(path)[1] for path in server.files_asked()] == [damaged.name] * 2


def test_a_failed_download_is_an_error_and_the_rest_is_kept(
    replay: Replay, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightside.sources import polite_http

    quick = polite_http.Manners(tries=3, first_pause_s=0.01, longest_pause_s=0.02, jitter_s=0.01)
    monkeypatch.setattr("nightside.engine.fetching.Manners", lambda: quick)
    bad = "/rrc00/2014.12/updates.20141222.1725.gz"
    server.always[bad] = Fault(status=500)
    ran = replay("rrc00", *SHORT)
    assert (ran.code, ran.out) == (3, "")
    assert ran.messages[-2:] == [
        f"nightside: {server.url}{bad}: answers 500 Internal Server Error (tried 3 times)",
        "What is here already is kept: the same command goes on from there. Try again later.",
    ]
    before = set(server.files_asked())
    server.always.clear()
    server.asked.clear()
    assert replay("rrc00", *SHORT).code == 0
    again = set(server.files_asked())
    assert bad in again
    assert len(again) < 10 < len(before)


def test_the_cache_keeps_to_its_size(
    replay: Replay, server: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> int:
        return sum(p.stat().st_size for p in (tmp_path / "cache").glob("ris@*/**/*.gz"))

    assert replay("rrc00", *SHORT).code == 0
    size = kept()
    monkeypatch.setenv("NIGHTSIDE_CACHE_GIB", str(1.1 * size / 1024**3))
    assert replay("rrc01", *SHORT).code == 0
    assert kept() <= 1.1 * size
    # What does not fit at all is refused before anything is fetched.
    monkeypatch.setenv("NIGHTSIDE_CACHE_GIB", str(0.1 * size / 1024**3))
    server.asked.clear()
    ran = replay("rrc03", *SHORT)
    assert ran.code == 3
    assert re.search(r"about \d+ KiB are needed, \d+ KiB more than the cache may hold now", ran.err)
    assert server.files_asked() == []


def test_without_from_a_name_is_wrong_usage(replay: Replay, server: ArchiveServer) -> None:
    ran = replay("rrc00")
    assert (ran.code, ran.out) == (2, "")
    assert "rrc00 is a collector" in ran.messages[0]
    assert "--from" in ran.messages[1]
    assert server.asked == []


def test_an_unknown_collector_and_a_time_without_files(replay: Replay, server: ArchiveServer) -> None:
    ran = replay("rrc77", *SHORT)
    assert ran.code == 3
    assert "rrc77: " in ran.messages[-2]
    assert "has no collector of this name" in ran.messages[-2]
    ran = replay("rrc00", "--from", "2012-01-01", "--to", "2012-01-02")
    assert ran.code == 3
    assert "the archives have nothing from 2012-01-01T00:00:00Z to 2012-01-02T00:00:00Z" in ran.messages[-2]


def test_an_archive_out_of_reach_says_where_and_what_to_do(
    replay: Replay, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightside.sources import polite_http

    quick = polite_http.Manners(tries=2, first_pause_s=0.01, longest_pause_s=0.02, jitter_s=0.01)
    monkeypatch.setattr("nightside.engine.fetching.Manners", lambda: quick)
    monkeypatch.setenv("NIGHTSIDE_RIS_ARCHIVE_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("NIGHTSIDE_BROKER_URL")
    ran = replay("rrc00", *SHORT)
    assert (ran.code, len(ran.messages)) == (3, 2)
    assert ran.messages[0].startswith("nightside: http://127.0.0.1:9/rrc00/2014.12/: cannot be reached")


def test_a_file_that_does_not_exist_asks_nobody(replay: Replay, server: ArchiveServer) -> None:
    ran = replay("dump.mrt", *SHORT)
    assert ran.code == 3
    assert "dump.mrt: cannot be read: No such file" in ran.messages[0]
    assert server.asked == []
