"""What a store on PostgreSQL has of its own: how it begins, who waits for whom, and what it says against something."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nightside.model.entity import Entity
from nightside.model.errors import NightsideError, UsageError
from nightside.model.signal import Signal
from nightside.store import merging, postgres_catalogue, postgres_connection, postgres_tables, tables
from nightside.store.location import location_of, open_store
from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress
from nightside.store.postgres_errors import explained

if TYPE_CHECKING:
    from postgres_server import PostgresServer


@pytest.fixture
def address(postgres_server: PostgresServer) -> PostgresAddress:
    """Of an empty database."""
    return PostgresAddress(postgres_server.url(postgres_server.new_database()))


@pytest.fixture
def store(address: PostgresAddress, tmp_path: Path) -> Iterator[PostgresStore]:
    with PostgresStore(address, str(tmp_path / "files")) as store:
        yield store


def asked(server: PostgresServer, address: PostgresAddress, statement: str) -> list[tuple[object, ...]]:
    return server.run(statement, address.url.rpartition("/")[2])


def refusal(
    address: PostgresAddress, segments: str | None = None, *, read_only: bool = False
) -> NightsideError:
    with pytest.raises(NightsideError) as caught:
        PostgresStore(address, segments, read_only=read_only).close()
    assert caught.value.where == str(address)
    assert caught.value.advice
    assert "sesame" not in str(caught.value)
    return caught.value


def test_a_server_s_host_that_is_gone_is_noticed(address: PostgresAddress) -> None:
    connection = postgres_connection.connect(address, read_only=False)
    try:
        with socket.socket(fileno=os.dup(connection._real.fileno())) as ours:
            said = {
                name: ours.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            }
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    finally:
        connection.close()
    # In less than a minute, whether it is asked something or we wait for its answer.
    assert said["TCP_KEEPIDLE"] + said["TCP_KEEPINTVL"] * said["TCP_KEEPCNT"] < 60
    assert 0 < said["TCP_USER_TIMEOUT"] < 60_000


def test_where_its_files_lie_is_said_once(
    address: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "NIGHTSIDE_SEGMENTS" in refusal(address).advice
    monkeypatch.setenv("NIGHTSIDE_SEGMENTS", str(tmp_path / "files"))
    with open_store(address) as store:
        store.put_samples([Signal(Entity("country", "KP", "North Korea"), [0], [4], 60)], {})
    assert [path.name for path in tmp_path.iterdir()] == ["files"]
    monkeypatch.setenv("NIGHTSIDE_SEGMENTS", str(tmp_path / "others"))
    assert f"lie in {tmp_path / 'files'}, and NIGHTSIDE_SEGMENTS says {tmp_path / 'others'}" in str(
        refusal(address, str(tmp_path / "others"))
    )
    monkeypatch.delenv("NIGHTSIDE_SEGMENTS")
    with open_store(address, read_only=True) as store:
        assert store.samples("country", "KP", 0, 60).num_rows == 1


def test_a_folder_that_is_not_mounted_is_not_written_into(address: PostgresAddress, tmp_path: Path) -> None:
    files = tmp_path / "files"
    with PostgresStore(address, str(files)) as store:
        store.put_samples([Signal(Entity("country", "KP", "North Korea"), [0], [4], 60)], {})
    files.rename(tmp_path / "elsewhere")
    files.mkdir()
    with pytest.raises(NightsideError, match="folder of samples is not there, and 1 file should"):
        PostgresStore(address)
    assert list(files.iterdir()) == []
    # Incidents can be read without it.
    with PostgresStore(address, read_only=True) as store:
        assert list(store.incidents()) == []


def test_a_folder_is_told_by_its_whole_name(
    address: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    PostgresStore(address, "files").close()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with PostgresStore(address, str(tmp_path / "files")) as store:
        assert store.files.place == str(tmp_path / "files")


def test_they_may_lie_in_a_bucket(
    address: PostgresAddress, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two programs at once, while small segments become few."""
    kp = Entity("country", "KP", "North Korea")
    PostgresStore(address, f"{s3_bucket}/night").close()
    monkeypatch.setattr(merging, "MOST_SMALL", 6)

    def write(first: int) -> None:
        with PostgresStore(address) as store:
            for i in range(first, 24, 2):
                store.put_samples([Signal(kp, [10 * i], [i], 10 * i + 10)])

    with ThreadPoolExecutor(2) as several:
        list(several.map(write, range(2)))
    with PostgresStore(address, read_only=True) as store:
        units = [row["units"] for row in store.samples("country", "KP", 0, 240).to_pylist()]
        assert units == list(range(24))
        assert store.files.place == f"{s3_bucket}/night"
        assert len(store.files.child("segments").names()) < 20


def test_to_be_read_only_there_must_be_one(postgres_server: PostgresServer, address: PostgresAddress) -> None:
    assert "no store here" in refusal(address, read_only=True).what
    assert (
        asked(postgres_server, address, "SELECT nspname FROM pg_namespace WHERE nspname = 'nightside'") == []
    )


def test_who_reads_only_cannot_write(address: PostgresAddress, store: PostgresStore) -> None:
    store.put_note("n", "x")
    with PostgresStore(address, read_only=True) as shut:
        assert shut.note("n") == "x"
        with pytest.raises(NightsideError, match="opened to be read only"):
            shut.put_note("n", "y")


def test_many_programs_may_open_an_empty_database_at_once(address: PostgresAddress, tmp_path: Path) -> None:
    def opened(number: int) -> int:
        with PostgresStore(address, str(tmp_path)) as store:
            store.put_note(f"{number}", "was here")
            return len(store.notes())

    with ThreadPoolExecutor(8) as several:
        assert max(several.map(opened, range(8))) == 8


def test_a_newer_one_is_left_alone(
    postgres_server: PostgresServer, address: PostgresAddress, store: PostgresStore
) -> None:
    asked(postgres_server, address, f"UPDATE nightside.catalogue SET version = {tables.VERSION + 1}")
    for read_only in (False, True):
        error = refusal(address, read_only=read_only)
        assert f"of a newer Nightside (its tables are version {tables.VERSION + 1}," in error.what


def test_an_older_one_is_brought_up_to_date_once(
    postgres_server: PostgresServer,
    address: PostgresAddress,
    store: PostgresStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.put_note("n", "kept")
    monkeypatch.setattr(postgres_catalogue, "VERSION", tables.VERSION + 2)
    made = {
        tables.VERSION + 1: ("CREATE TABLE later (number BIGINT)", "INSERT INTO later VALUES (1)"),
        tables.VERSION + 2: ("ALTER TABLE later ADD COLUMN name TEXT",),
    }
    monkeypatch.setattr(postgres_tables, "UPGRADES", made)
    assert "older" in refusal(address, read_only=True).what

    def note(_number: int) -> str | None:
        with PostgresStore(address) as newer:
            return newer.note("n")

    with ThreadPoolExecutor(4) as several:
        assert set(several.map(note, range(4))) == {"kept"}
    assert asked(postgres_server, address, "SELECT number, name FROM nightside.later") == [(1, None)]


def test_an_upgrade_that_fails_leaves_it_as_it_was(
    postgres_server: PostgresServer,
    address: PostgresAddress,
    store: PostgresStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(postgres_catalogue, "VERSION", tables.VERSION + 1)
        broken = {tables.VERSION + 1: ("CREATE TABLE later (number BIGINT)", "SELECT 1 / 0")}
        patched.setattr(postgres_tables, "UPGRADES", broken)
        with pytest.raises(NightsideError):
            PostgresStore(address)
    assert asked(postgres_server, address, "SELECT to_regclass('nightside.later')") == [(None,)]
    with PostgresStore(address) as again:
        assert again.notes() == {}


def test_it_has_all_tables_of_a_folder(
    postgres_server: PostgresServer, address: PostgresAddress, store: PostgresStore
) -> None:
    """As SQLite itself tells them."""
    import sqlite3

    embedded = sqlite3.connect(":memory:")
    for statement in tables.statements(*tables.ALL):
        embedded.execute(statement)
    names = [name for (name,) in embedded.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert "piece" in names
    for name in names:
        columns = [(row[1], bool(row[3] or row[5])) for row in embedded.execute(f"PRAGMA table_info({name})")]
        found = asked(
            postgres_server,
            address,
            "SELECT column_name, is_nullable = 'NO' FROM information_schema.columns "
            f"WHERE table_schema = 'nightside' AND table_name = '{name}' ORDER BY ordinal_position",
        )
        assert found == columns, name
        mine = len(embedded.execute(f"PRAGMA foreign_key_list({name})").fetchall())
        theirs = asked(
            postgres_server,
            address,
            "SELECT sum(cardinality(conkey)) FROM pg_constraint "
            f"WHERE contype = 'f' AND conparentid = 0 AND conrelid = 'nightside.{name}'::regclass",
        )
        assert (theirs[0][0] or 0) == mine, name
    embedded.close()


def test_who_asks_for_one_entity_looks_into_one_part(
    postgres_server: PostgresServer, address: PostgresAddress, store: PostgresStore
) -> None:
    for table, where in (("piece", "entity = 7"), ("rollup", "entity_day BETWEEN 9 AND 99")):
        plan = asked(postgres_server, address, f"EXPLAIN SELECT * FROM nightside.{table} WHERE {where}")
        assert len({part for row in plan for part in re.findall(rf" {table}_\d+\b", str(row[0]))}) == 1


def test_a_reader_does_not_wait_for_a_writer(address: PostgresAddress, store: PostgresStore) -> None:
    with PostgresStore(address) as reader, store._writing() as writing:
        writing.execute("INSERT INTO note (name, text) VALUES ('n', 'not committed')")
        assert reader.notes() == {}
        assert list(reader.incidents()) == []


def test_who_waits_too_long_is_told(
    address: PostgresAddress, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres_connection._SETTINGS, "lock_timeout", "50ms")
    with PostgresStore(address) as other, store._writing():
        with pytest.raises(NightsideError, match="another program has kept the store"):
            other.put_note("n", "x")
        assert other.note("n") is None
    store.put_note("n", "y")


def test_changes_come_in_the_order_of_their_commits(address: PostgresAddress, store: PostgresStore) -> None:
    """Who has read up to a number never misses one below it, though several write at once."""
    kp = Entity("country", "KP", "North Korea")
    writers, each = 4, 12

    def write(number: int) -> None:
        with PostgresStore(address) as mine:
            for i in range(each):
                mine.put_samples([Signal(kp, [100 * i + number], [i], 100 * i + number + 1)])

    seen: list[int] = []
    with ThreadPoolExecutor(writers) as several:
        done = [several.submit(write, number) for number in range(writers)]
        while not all(one.done() for one in done) or len(seen) < store.last_change():
            seen += [change.number for change in store.changes(seen[-1] if seen else 0, 1000)]
        for one in done:
            one.result()
    assert seen == list(range(1, writers * each + 1))
    rows = store.samples("country", "KP", 0, 100 * each).to_pylist()
    assert sum(row["quality"] == "known" for row in rows) >= each


def test_more_users_than_connections_wait_for_each_other(
    address: PostgresAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_catalogue, "MOST_CONNECTIONS", 2)
    with PostgresStore(address, str(tmp_path)) as store, ThreadPoolExecutor(8) as several:
        store.put_note("n", "x")
        assert list(several.map(lambda _: store.note("n"), range(40))) == ["x"] * 40


def test_what_cannot_be_reached_is_told(postgres_server: PostgresServer, tmp_path: Path) -> None:
    from free_port import free_port

    def told(url: str) -> str:
        return refusal(PostgresAddress(url), str(tmp_path)).what

    assert told(f"postgresql://postgres@127.0.0.1:{free_port()}/postgres") == "no PostgreSQL answers there"
    assert told(f"postgresql://postgres@/postgres?host={tmp_path}") == "no PostgreSQL answers there"
    assert told("postgresql://postgres@nowhere.invalid/postgres") == "there is no such host"
    assert told(postgres_server.url("not_there")) == "there is no such database"
    assert told(postgres_server.url(user="stranger")) == "there is no such user"
    wrong = postgres_server.url(user="locked:wrong")
    assert (
        told(wrong) == told(postgres_server.url(user="locked")) == "the password is wrong, or there is none"
    )
    assert told(f"{wrong}?no_such_word=1") == "this is no address of a database"
    # `sesame` is nowhere in what is said of it.
    told("postgresql://a:sesame/x@127.0.0.1:z/")


def test_who_may_not_write_there_is_told(postgres_server: PostgresServer, tmp_path: Path) -> None:
    name = postgres_server.new_database()
    mine = PostgresAddress(postgres_server.url(name, user="locked:sesame"))
    assert "does not let this user" in refusal(mine, str(tmp_path)).what
    PostgresStore(PostgresAddress(postgres_server.url(name)), str(tmp_path)).close()
    assert "does not let this user" in refusal(mine).what
    postgres_server.run("GRANT USAGE ON SCHEMA nightside TO locked", name)
    postgres_server.run("GRANT SELECT ON ALL TABLES IN SCHEMA nightside TO locked", name)
    with PostgresStore(mine) as store:
        assert store.notes() == {}
        with pytest.raises(NightsideError, match="does not let this user"):
            store.put_note("n", "x")
    postgres_server.run("DROP OWNED BY locked", name)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("53100", "the server's disk is full"),
        ("53300", "no more connections"),
        ("25006", "can be read only"),
        ("57P01", "the connection to the server broke off"),
        ("XX001", "data are damaged"),
        ("54000", "the server refused: as it is"),
    ],
)
def test_what_the_server_says_is_told(state: str, words: str) -> None:
    import psycopg
    from psycopg import errors

    kind = errors.lookup(state)
    assert issubclass(kind, psycopg.Error)
    with pytest.raises(NightsideError, match=words) as caught, explained("postgresql://a@b/c"):
        raise kind("as it is\nLINE 1: …")
    assert caught.value.where == "postgresql://a@b/c"


def test_what_has_no_letters_there_is_refused(postgres_server: PostgresServer, tmp_path: Path) -> None:
    name = "latin"
    with suppress(Exception):
        postgres_server.run(f"DROP DATABASE {name}")
    postgres_server.run(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1 LOCALE_PROVIDER libc LOCALE 'C'"
    )
    with PostgresStore(PostgresAddress(postgres_server.url(name)), str(tmp_path)) as store:
        store.put_note("n", "Österreich")
        with pytest.raises(UsageError, match="cannot keep this"):
            store.put_note("n", "조선")
        assert store.note("n") == "Österreich"


def test_without_psycopg_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(NightsideError, match=r"nightside\[postgres\]"):
        open_store(location_of("postgresql://127.0.0.1/x"))


def test_closed_it_is_of_no_use(store: PostgresStore) -> None:
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.notes()
    threads = [thread for thread in threading.enumerate() if "psycopg" in thread.name]
    assert threads == []
