"""The doctor, in front of a good world and of every bad one; all on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import bgp_bytes as bgp
import jsonschema
import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive
from free_port import free_port
from postgres_server import PostgresServer
from ris_live_server import RisLiveServer, RisStreamServer, message_frame

from nightside.engine.doctor import archives, check, machine, streams
from nightside.engine.doctor.check import Check, Look, bounded
from nightside.engine.doctor.examine import examine
from nightside.engine.live.health import serving
from nightside.engine.live.starting import DEFAULT_COLLECTORS
from nightside.engine.live.vitals import Vitals
from nightside.store.location import open_store
from nightside.store.postgres_address import PostgresAddress
from nightside.store.tables import VERSION

COLLECTORS = ("rrc00", "route-views2")
BEACON = "84.205.65.0/24"
ORDER = [
    "configuration",
    "clock",
    "store's disk",
    "store",
    "cache",
    "watch",
    "BMP",
    "channels",
    "RIS Live",
    "filter",
    "archive",
    "archive",
    "broker",
    "collector",
    "collector",
]


def before(now_s: float, cadence_s: int, back: int = 0) -> datetime:
    """The last instant but so many of a timetable."""
    return datetime.fromtimestamp(now_s - now_s % cadence_s - back * cadence_s, UTC)


def put(root: Path, folder: str, name: str) -> None:
    path = root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 2000)


def build(root: Path, now_s: float, tables_back: int = 0, updates_back: int = 1) -> None:
    """Both archives' folders: two tables and two update files of each collector, the newest so many slots ago."""
    for back in range(2):
        at = before(now_s, 28800, back + tables_back)
        put(root, f"rrc00/{at:%Y.%m}", f"bview.{at:%Y%m%d.%H%M}.gz")
        at = before(now_s, 7200, back + tables_back)
        put(root, f"bgpdata/{at:%Y.%m}/RIBS", f"rib.{at:%Y%m%d.%H%M}.bz2")
        at = before(now_s, 300, back + updates_back)
        put(root, f"rrc00/{at:%Y.%m}", f"updates.{at:%Y%m%d.%H%M}.gz")
        at = before(now_s, 900, back + updates_back)
        put(root, f"bgpdata/{at:%Y.%m}/UPDATES", f"updates.{at:%Y%m%d.%H%M}.bz2")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    """Everything as it should be: the archives, and settings that lead to them; RIS Live leads nowhere yet."""
    root = tmp_path / "archive"
    build(root, time.time())
    for name in [n for n in os.environ if n.startswith("NIGHTSIDE")]:
        monkeypatch.delenv(name)
    with archive_server(root) as server:
        use_archive(server, monkeypatch, tmp_path)
        monkeypatch.setenv("NIGHTSIDE_BMP_LISTEN", "127.0.0.1:0")
        monkeypatch.setenv("NIGHTSIDE_RIS_LIVE_URL", f"ws://127.0.0.1:{free_port()}/")
        monkeypatch.setattr(streams, "FIRST_WITHIN_S", 3.0)
        monkeypatch.setattr(streams, "LISTEN_S", 0.3)
        yield server


async def all_of(store: Path, **more: Any) -> list[Check]:
    return [one async for one in examine(store, COLLECTORS, **more)]


def named(checks: list[Check], name: str, subject: str = "") -> Check:
    (found,) = [c for c in checks if c.name == name and subject in (c.subject or "")]
    return found


async def speak(server: RisLiveServer, frame: Callable[[], bytes]) -> None:
    while True:
        await server.say(frame())
        await asyncio.sleep(0.02)


def ordinary(**more: Any) -> bytes:
    return message_frame(bgp.update(("10.0.0.0/24",), (65001, 3356, 7)), **{"time_s": time.time(), **more})


def with_ris_live(
    monkeypatch: pytest.MonkeyPatch, frame: Callable[[], bytes], filters: bool, look: Callable[[str], Any]
) -> Any:
    async def main() -> Any:
        async with RisLiveServer(filters=filters) as server:
            monkeypatch.setenv("NIGHTSIDE_RIS_LIVE_URL", server.url)
            speaking = asyncio.create_task(speak(server, frame))
            try:
                return await look(server.url)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    return asyncio.run(main())


# -- all of it ----------------------------------------------------------------------------------------


def test_a_good_world_is_well_in_every_respect(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(tmp_path / "store").close()
    checks = with_ris_live(monkeypatch, ordinary, True, lambda _url: all_of(tmp_path / "store"))
    assert [c.name for c in checks] == ORDER
    free = {"store's disk", "cache"}
    assert [c for c in checks if c.state != "ok" and c.name not in free] == []
    assert all(c.advice is None for c in checks if c.state == "ok")
    schema = json.loads((files("nightside.model") / "schemas" / "doctor-1.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for one in checks:
        jsonschema.validate(one.to_json(), schema)


def test_nothing_reached_fails_line_by_line_and_says_what_to_do(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RIS_ARCHIVE", "ROUTEVIEWS_ARCHIVE", "BROKER"):
        monkeypatch.setenv(f"NIGHTSIDE_{name}_URL", f"http://127.0.0.1:{free_port()}")
    checks = asyncio.run(all_of(tmp_path))
    assert [c.name for c in checks] == ORDER
    failed = {c.name for c in checks if c.state == "failed"}
    assert failed == {"RIS Live", "filter", "archive", "collector"}
    assert all(c.advice for c in checks if c.state != "ok")
    assert named(checks, "broker").state == "warning"
    assert (named(checks, "clock").state, named(checks, "clock").subject) == ("warning", None)


def test_what_hangs_has_failed_after_its_time() -> None:
    async def main() -> tuple[Check, float]:
        begun = asyncio.get_running_loop().time()

        async def hang() -> Check:
            # As a dead disk does it: in a thread that cannot be ended.
            return await check.beside(lambda: time.sleep(2))

        found = await bounded(Look("disk", "/mnt", hang), within_s=0.2)
        return found, asyncio.get_running_loop().time() - begun

    found, took_s = asyncio.run(main())
    assert (found.name, found.subject, found.state, found.said) == (
        "disk",
        "/mnt",
        "failed",
        "no answer within 0.2 s",
    )
    assert took_s < 1


def test_the_looks_are_taken_at_once(archive: ArchiveServer, tmp_path: Path) -> None:
    # Every request takes half a second; one after the other there are more than ten.
    archive.always["/"] = Fault(bytes_per_s=4000)
    begun = time.monotonic()
    checks = asyncio.run(all_of(tmp_path))
    assert len(archive.asked) >= 8
    assert time.monotonic() - begun < 10
    assert len(checks) == len(ORDER)


# -- configuration ------------------------------------------------------------------------------------


def test_a_broken_configuration_fails_and_the_store_is_looked_at_all_the_same(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("broker = 'https://x'\n")
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(config))
    checks = asyncio.run(all_of(tmp_path))
    assert [c.name for c in checks] == ["configuration", "store's disk", "store"]
    assert (checks[0].state, checks[0].said) == ("failed", "there is no such setting")
    assert str(config) in str(checks[0].subject)
    assert "broker_url" in str(checks[0].advice)
    assert archive.asked == []


def test_which_file_and_which_variables_were_read(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("cache_gib = 1\n")
    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(config))
    found = machine.configuration()
    assert (found.state, found.subject) == ("ok", str(config))
    assert found.said.startswith("read")
    assert "NIGHTSIDE_CACHE" in found.said


# -- clock --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off_s", "state", "word"),
    [(0, "ok", "within 2 s"), (10, "warning", "ahead"), (-10, "warning", "behind")],
)
def test_a_clock_that_is_off_is_told(
    archive: ArchiveServer, tmp_path: Path, off_s: int, state: str, word: str
) -> None:
    checks = asyncio.run(all_of(tmp_path, now=lambda: time.time() + off_s))
    clock = named(checks, "clock", "127.0.0.1")
    assert clock.state == state
    assert word in clock.said


# -- disk and store -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "state"),
    [(machine.LITTLE_BYTES, "ok"), (machine.LITTLE_BYTES - 1, "warning"), (2**28, "failed")],
)
def test_little_room_is_a_warning_and_none_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("Usage", (), {"free": free}))
    found = machine.disk("cache", tmp_path / "not" / "yet", "NIGHTSIDE_CACHE")
    assert found.state == state
    assert "not made yet" in found.said
    assert ("NIGHTSIDE_CACHE" in (found.advice or "")) is (state != "ok")
    assert not (tmp_path / "not").exists()


def test_a_full_disk_is_a_failure(tmp_path: Path) -> None:
    found = machine.disk("store's disk", Path("/dev/full/store"), "NIGHTSIDE_STORE")
    assert found.state == "failed"


def test_a_file_in_the_place_of_a_folder_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    found = machine.disk("store's disk", tmp_path / "store", "NIGHTSIDE_STORE")
    assert found.state == "failed"
    assert found.said.startswith("cannot be written")


def test_no_store_is_well_and_none_is_made(tmp_path: Path) -> None:
    assert machine.store(tmp_path / "store", time.time()).state == "ok"
    assert not (tmp_path / "store").exists()


def test_an_empty_database_is_well_and_stays_empty(postgres_server: PostgresServer) -> None:
    name = postgres_server.new_database()
    found = machine.store(PostgresAddress(postgres_server.url(name)), time.time())
    assert (found.state, found.said) == ("ok", machine.store(Path("nowhere"), 0).said)
    assert postgres_server.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(0,)]


def test_a_store_says_its_version_and_its_last_change(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert "nothing in it yet" in machine.store(tmp_path, time.time()).said
    with sqlite3.connect(tmp_path / "nightside.sqlite") as connection:
        connection.executescript(
            "INSERT INTO change (kind) VALUES ('samples'); INSERT INTO change (kind) VALUES ('samples')"
        )
    connection.close()
    os.utime(tmp_path / "nightside.sqlite", (1000, 1000))
    for path in tmp_path.glob("nightside.sqlite-*"):
        path.unlink()
    found = machine.store(tmp_path, 1000 + 3 * 3600)
    assert (found.state, found.said) == (
        "ok",
        f"opens; version {VERSION}, change 2, written 3 hours ago",
    )


def test_a_damaged_store_and_one_of_the_future_are_failures(tmp_path: Path) -> None:
    (tmp_path / "nightside.sqlite").write_bytes(b"no store" * 1000)
    assert machine.store(tmp_path, 0).state == "failed"
    (tmp_path / "nightside.sqlite").unlink()
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "nightside.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    found = machine.store(tmp_path, 0)
    assert found.state == "failed"
    assert "newer Nightside" in found.said
    assert found.advice


# -- the watch and BMP --------------------------------------------------------------------------------

WELL = Vitals(1000.0, 997, 2.0, 900, 18, 20, False, 0, 0, 0, 2, {})


def watched(place: str | None, vitals: Vitals = WELL) -> Callable[[Callable[[], Any]], Any]:
    def run(look: Callable[[], Any]) -> Any:
        async def main() -> Any:
            async with serving(place, lambda: vitals):
                return await look()

        return asyncio.run(main())

    return run


def test_a_running_watch_is_asked_and_its_bmp_address_is_no_trouble(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("NIGHTSIDE_HEALTH_LISTEN", place)
    with socket.create_server(("127.0.0.1", 0)) as routers:
        monkeypatch.setenv("NIGHTSIDE_BMP_LISTEN", f"127.0.0.1:{routers.getsockname()[1]}")
        checks = watched(place)(lambda: all_of(tmp_path))
        assert named(checks, "watch").said == "running and ready: 18 of 20 peer ASes known"
        assert (named(checks, "BMP").state, named(checks, "BMP").said) == (
            "ok",
            "a running watch listens there",
        )
        checks = asyncio.run(all_of(tmp_path))
        assert (named(checks, "watch").state, named(checks, "watch").said) == ("ok", "none is running")
        assert named(checks, "BMP").state == "warning"


def test_a_watch_that_is_not_ready_is_a_warning() -> None:
    place = f"127.0.0.1:{free_port()}"
    blind = Vitals(1000.0, 997, 2.0, 900, 3, 20, True, 0, 0, 0, 2, {})
    found, is_watched = watched(place, blind)(lambda: machine.running_watch(place))
    assert found.state == "warning"
    assert "3 of 20" in found.said
    assert is_watched


def test_another_program_at_the_watchs_address_is_a_warning(archive: ArchiveServer) -> None:
    place = archive.url.removeprefix("http://")
    found, is_watched = asyncio.run(machine.running_watch(place))
    assert (found.state, found.said, is_watched) == ("warning", "another program answers there", False)


def test_who_takes_the_question_and_says_nothing_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ASK_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        found, is_watched = asyncio.run(machine.running_watch(f"127.0.0.1:{mute.getsockname()[1]}"))
    assert (found.state, is_watched) == ("warning", False)


@pytest.mark.parametrize("place", ["192.0.2.1:11019", "no-such-host.invalid:11019"])
def test_an_address_that_is_not_ours_is_a_failure(place: str) -> None:
    found = asyncio.run(machine.bmp_address(place, is_watched=False))
    assert found.state == "failed"
    assert "NIGHTSIDE_BMP_LISTEN" in str(found.advice)


# -- RIS Live -----------------------------------------------------------------------------------------


def spoken(monkeypatch: pytest.MonkeyPatch, frame: Callable[[], bytes]) -> Check:
    found: Check = with_ris_live(
        monkeypatch, frame, False, lambda url: streams.speaks(url, ("rrc00",), time.time)
    )
    return found


def test_a_stream_that_speaks_is_well(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    found = spoken(monkeypatch, ordinary)
    assert found.state == "ok"
    assert "first message of rrc00" in found.said


def test_a_stream_that_lags_is_a_warning(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    found = spoken(monkeypatch, lambda: ordinary(time_s=time.time() - 600))
    assert found.state == "warning"
    assert "600 s late" in found.said


def test_a_stream_that_is_silent_or_speaks_nonsense_is_a_failure(
    archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "FIRST_WITHIN_S", 0.7)
    found = spoken(monkeypatch, lambda: b'{"type":"pong"}')
    assert (found.state, found.said) == ("failed", "subscribed, but no message came within 0.7 s")
    found = spoken(monkeypatch, lambda: b"{")
    assert "it sent a frame that is no JSON" in found.said


def test_a_stream_that_takes_no_subscription_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FIRST_WITHIN_S", 0.7)

    async def main() -> Check:
        async with RisLiveServer(acknowledges=False) as server:
            return await streams.speaks(server.url, ("rrc00",), time.time)

    found = asyncio.run(main())
    assert (found.state, found.said) == (
        "failed",
        "does not take our subscription, and no message came within 0.7 s",
    )


def test_the_http_stream_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LISTEN_S", 0.3)

    async def main() -> tuple[Check, Check]:
        async with RisStreamServer() as server:
            speaking = asyncio.create_task(streams.speaks(server.url, ("rrc00",), time.time))
            await server.until(1)
            await server.say(ordinary() + b"\n")
            first = await speaking
            return first, await streams.filters(server.url, "rrc00")

    spoke, filtered = asyncio.run(main())
    assert (spoke.state, filtered.state) == ("ok", "ok")
    assert "acknowledges nothing" in filtered.said


# -- filters ------------------------------------------------------------------------------------------


def filtered(monkeypatch: pytest.MonkeyPatch, frame: Callable[[], bytes], filters: bool = False) -> Check:
    monkeypatch.setattr(streams, "LISTEN_S", 0.3)
    found: Check = with_ris_live(monkeypatch, frame, filters, lambda url: streams.filters(url, "rrc00"))
    return found


def said_of(prefix: str) -> bytes:
    announced = [{"next_hop": "192.0.2.1", "prefixes": [prefix]}]
    return message_frame(bgp.update((prefix,), (65001, 12654)), time_s=time.time(), announcements=announced)


def test_a_filter_that_lets_beacons_through_alone_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [said_of(BEACON), said_of("10.0.0.0/24")]
    found = filtered(monkeypatch, lambda: frames[0] if time.time() % 0.1 < 0.05 else frames[1], filters=True)
    assert (found.state, found.said) == (
        "ok",
        f"acknowledged; a RIS beacon came, {BEACON}, and nothing else",
    )


def test_a_filter_that_is_not_one_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = filtered(monkeypatch, lambda: said_of("10.0.0.0/24"))
    assert (found.state, found.said) == ("failed", "what was not asked for comes through: 10.0.0.0/24")


def test_a_server_that_refuses_the_filter_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = filtered(monkeypatch, lambda: b'{"type":"ris_error","data":{"message":"unknown filter"}}')
    assert (found.state, found.said) == ("failed", "refused: unknown filter")


def test_a_server_that_takes_another_filter_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    other = b'{"type":"ris_subscribe_ok","data":{"subscription":{"host":"rrc00"}}}'
    found = filtered(monkeypatch, lambda: other)
    assert found.state == "failed"
    assert "another filter" in found.said


def test_without_an_answer_nothing_is_known_of_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FIRST_WITHIN_S", 0.5)

    async def main() -> Check:
        async with RisLiveServer(acknowledges=False) as server:
            return await streams.filters(server.url, "rrc00")

    assert asyncio.run(main()).state == "warning"


# -- archives -----------------------------------------------------------------------------------------


def test_an_archive_that_refuses_or_is_another_is_a_failure(archive: ArchiveServer, tmp_path: Path) -> None:
    archive.always["/rrc00/"] = Fault(status=500)
    archive.always["/bgpdata/"] = Fault(status=404)
    checks = asyncio.run(all_of(tmp_path))
    ris, views = named(checks, "archive", "rrc00"), named(checks, "archive", "bgpdata")
    assert (ris.state, views.state) == ("failed", "failed")
    assert "NIGHTSIDE_RIS_ARCHIVE_URL" in str(ris.advice)
    assert "NIGHTSIDE_ROUTEVIEWS_ARCHIVE_URL" in str(views.advice)


def test_a_broker_that_fails_or_knows_nothing_is_a_warning(archive: ArchiveServer, tmp_path: Path) -> None:
    archive.always["/broker/"] = Fault(content=b"{}", status=None)
    archive.broker_until = 0
    assert named(asyncio.run(all_of(tmp_path)), "broker").state == "warning"
    archive.always["/broker/"] = Fault(status=404)
    checks = asyncio.run(all_of(tmp_path))
    assert named(checks, "broker").state == "warning"
    # The archives' own lists stand behind it.
    assert named(checks, "collector", "rrc00").state == "ok"


@pytest.mark.parametrize(
    ("tables_back", "updates_back", "state", "word"),
    [
        (0, 1, "ok", "last table"),
        (3, 1, "warning", "last table"),
        (0, 10, "warning", "last update file"),
        (0, 100, "warning", "no update file"),
        (40, 1, "failed", "no table within the last two days"),
    ],
)
def test_how_old_a_collectors_files_may_be(
    archive: ArchiveServer, tmp_path: Path, tables_back: int, updates_back: int, state: str, word: str
) -> None:
    shutil.rmtree(archive.root)
    build(archive.root, time.time(), tables_back, updates_back)
    for name in COLLECTORS:
        found = named(asyncio.run(all_of(tmp_path)), "collector", name)
        assert (name, found.state) == (name, state)
        assert word in found.said


def test_limits_of_age() -> None:
    # RIS: a table every eight hours, an update file every five minutes.
    assert (archives.LATE * 28800, archives.LATE_UPDATES * 300) == (16 * 3600, 30 * 60)


# -- the command --------------------------------------------------------------------------------------


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nightside", "doctor", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_prints_a_line_each_and_exits_with_1_where_something_has_failed(
    archive: ArchiveServer, tmp_path: Path
) -> None:
    done = run("--store", str(tmp_path / "store"))
    assert done.returncode == 1
    assert done.stderr == ""
    assert "\033" not in done.stdout
    states = [line.split()[0] for line in done.stdout.splitlines()]
    assert set(states) <= {"ok", "warning", "failed"}
    assert [line for line in done.stdout.splitlines() if line.startswith("failed  RIS Live")]
    as_json = [
        json.loads(line) for line in run("--json", "--store", str(tmp_path / "store")).stdout.splitlines()
    ]
    assert [one["state"] for one in as_json] == states
    assert {one["schema"] for one in as_json} == {"nightside.doctor/1"}
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("colour", [True, False])
def test_there_is_colour_on_a_terminal_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colour: bool
) -> None:
    monkeypatch.setenv("NIGHTSIDE_BMP_LISTEN", "x")
    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "nightside", "doctor"], stdout=theirs, timeout=60, check=False
    )
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 1
    assert ("\033[31mfailed" in said) is colour
    assert ("\033" in said) is colour


def test_the_command_exits_with_0_where_nothing_has_failed(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(DEFAULT_COLLECTORS) - {"rrc00"}:
        shutil.copytree(archive.root / "rrc00", archive.root / name)
    done: list[subprocess.CompletedProcess[str]] = []

    async def look(_url: str) -> None:
        thread = threading.Thread(target=lambda: done.append(run("--json")))
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.05)

    monkeypatch.setenv("NIGHTSIDE_STORE", str(tmp_path / "store"))
    with suppress(asyncio.CancelledError):
        with_ris_live(monkeypatch, ordinary, True, look)
    states = {
        (one["check"], one["subject"]): one["state"] for one in map(json.loads, done[0].stdout.splitlines())
    }
    assert [key for key, state in states.items() if state == "failed"] == []
    assert done[0].returncode == 0


# -- channels -----------------------------------------------------------------------------------------


def channels_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> list[Check]:
    from nightside.engine.doctor.channels import channels

    monkeypatch.setenv("NIGHTSIDE_CONFIG", str(tmp_path / "nightside.toml"))
    (tmp_path / "channels.toml").write_text(text)

    async def look() -> list[Check]:
        return [await bounded(one) for one in channels(tmp_path)]

    return asyncio.run(look())


def test_a_channel_that_nobody_listens_at_is_a_warning_and_one_that_listens_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = '[{0}]\nkind = "webhook"\nurl = "http://127.0.0.1:{1}/T0KEN"\n'
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = row.format("there", server.getsockname()[1])
        found = channels_of(tmp_path, monkeypatch, there + row.format("gone", free_port()))
    assert [(c.name, c.state) for c in found] == [("channels", "ok"), ("channels", "warning")]
    assert "T0KEN" not in repr(found)
    assert found[1].advice


def test_channels_that_make_no_sense_fail_with_their_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = channels_of(tmp_path, monkeypatch, '[ops]\nkind = "pigeon"\n')
    assert (found.state, found.subject) == ("failed", f"{tmp_path / 'channels.toml'}:2")
