"""Every command with a store on PostgreSQL does what it does with one in a folder."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from served_process import nightside_serve
from small_archive import T0, Archive, full_table, outage
from watch_scene import GOES_ON, Scene, gone, scene

from nightside.store.location import location_of, state_folder
from nightside.store.postgres_address import PostgresAddress

if TYPE_CHECKING:
    from postgres_server import PostgresServer

OUTAGE = (T0 + 1200, T0 + 4200)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour and a half of a collector, 50 minutes of which North Korea is gone."""
    folder = tmp_path_factory.mktemp("archive")
    written = Archive(folder)
    written.table(T0, full_table())
    outage(written, *OUTAGE)
    written.finish(T0 + 6000)
    return folder


@pytest.fixture
def database(postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty one; the files of its store are to lie in the folder `files`."""
    monkeypatch.setenv("NIGHTSIDE_SEGMENTS", str(tmp_path / "files"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return postgres_server.url(postgres_server.new_database())


@asynccontextmanager
async def scene_on(database: str, folder: Path) -> AsyncIterator[Scene]:
    """The scene of a watch whose store is this database, with what it keeps for itself in its own home."""
    async with scene(folder) as here:
        here.store, here.settings["NIGHTSIDE_SEGMENTS"] = database, str(folder / "files")
        here.kept = folder / "home" / "nightside" / "stores" / state_folder(location_of(database)).name
        yield here


def test_what_is_replayed_listed_and_shown_is_the_same(
    quick: Any, archive: Path, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(store: str | Path) -> list[str]:
        ran = quick("replay", archive, "--country", "KP", "--json", "--store", store, store=False)
        assert ran.code == 0, ran.err
        (incident,) = ran.incidents
        assert incident["episodes"][0]["duration_s"] > 2900
        calls: list[tuple[object, ...]] = [
            ("incidents", "KP", "--json"),
            ("show", incident["id"], "--json"),
            ("show", incident["id"], "--flips", "--json"),
            ("incidents",),
            ("channels", "--json"),
        ]
        outs = [ran.out]
        for call in calls:
            ran = quick(*call, "--store", store, store=False)
            assert ran.code == 0, ran.err
            outs.append(ran.out)
        return outs

    in_folder = told(tmp_path / "folder")
    monkeypatch.setenv("NIGHTSIDE_STORE", database)
    assert told(database) == in_folder
    # Said once; and the variable does as well as the option.
    monkeypatch.delenv("NIGHTSIDE_SEGMENTS")
    assert quick("incidents", "KP", "--json", store=False).out == in_folder[1]
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == ["flips", "segments"]
    assert not (tmp_path / "home").exists()


def test_it_is_served(quick: Any, archive: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert quick("replay", archive, "--country", "KP", "--store", database, store=False).code == 0
    monkeypatch.delenv("NIGHTSIDE_SEGMENTS")
    allowed = quick("tokens", "--allow", "tokyo-1", "--scope", "checks", "--store", database, store=False)
    assert allowed.code == 0, allowed.err
    listed = quick("tokens", "--json", "--store", database, store=False)
    assert [json.loads(line)["name"] for line in listed.out.splitlines()] == ["tokyo-1"]
    with nightside_serve(database) as address, httpx2.Client(base_url=address, trust_env=False) as client:
        found = client.get("api/1/incidents").json()
        (one,) = found["incidents"] if "incidents" in found else found["items"]
        assert one["entity"]["code"] == "KP"
        assert client.get(f"incidents/{one['id']}").status_code == 200


def test_a_watch_keeps_what_it_knows_on_its_machine_and_what_it_finds_in_the_database(
    database: str, tmp_path: Path
) -> None:
    async def test() -> None:
        async with scene_on(database, tmp_path) as here:
            async with here.watch() as watch:
                await here.ready(watch)
                await watch.end(signal.SIGKILL)
            assert list((here.kept / "live").glob("journal-*"))
            async with here.watch() as watch:
                await here.ready(watch)
                assert watch.said(GOES_ON), watch.err
                await here.say(gone)
                await here.told(watch, "opened")
                assert await watch.end() == 0
            (incident,) = here.stored()
            assert incident["severity"] == "total"
            here.nothing_twice()

    asyncio.run(test())


def test_a_watch_outlives_the_database(
    postgres_server: PostgresServer, database: str, tmp_path: Path
) -> None:
    async def test() -> None:
        async with scene_on(database, tmp_path) as here:
            async with here.watch() as watch:
                await here.ready(watch)
                postgres_server.kill()
                await here.say(gone)
                await watch.until(lambda: watch.said("no PostgreSQL answers there"))
                postgres_server.start()
                await here.told(watch, "opened", within_s=60)
                await watch.until(lambda: len(here.stored()) == 1)
                assert await watch.end() == 0
            (incident,) = here.stored()
            assert incident["severity"] == "total"
            here.nothing_twice()

    asyncio.run(test())


def test_a_replay_that_loses_the_database_is_told_and_can_be_done_again(
    quick: Any, postgres_server: PostgresServer, archive: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nightside.store.postgres import PostgresStore

    call = ("replay", archive, "--country", "KP", "--json", "--store", database)
    put = PostgresStore.put_messages

    def killed_before(self: PostgresStore, *words: Any) -> None:
        postgres_server.kill()
        put(self, *words)

    with monkeypatch.context() as patched:
        patched.setattr(PostgresStore, "put_messages", killed_before)
        ran = quick(*call, store=False)
    assert (ran.code, ran.out) == (1, "")
    assert database in ran.err
    postgres_server.start()
    ran = quick(*call, store=False)
    assert ran.code == 0, ran.err
    (incident,) = ran.incidents
    assert incident["revision"] == 1
    with PostgresStore(PostgresAddress(database)) as store:
        assert next(message["kind"] for message in store.messages(incident["id"])) == "opened"


def test_a_server_that_is_not_there_is_told_in_two_lines(quick: Any) -> None:
    from free_port import free_port

    url = f"postgresql://me:secret@127.0.0.1:{free_port()}/night"
    for call in (("incidents",), ("show", "KP-20141221T0310Z"), ("serve",), ("tokens",)):
        ran = quick(*call, "--store", url, store=False)
        assert (ran.code, ran.out) == (1, "")
        assert len(ran.messages) == 2, ran.err
        assert "no PostgreSQL answers there" in ran.messages[0]
        assert "secret" not in ran.err
