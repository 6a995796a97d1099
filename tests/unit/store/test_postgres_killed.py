"""A server, or a program, killed in the midst of writing: nothing is there half, and the next call works."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from killed_program import killed

from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal
from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress

if TYPE_CHECKING:
    from postgres_server import PostgresServer

KP = Entity("country", "KP", "North Korea")
CONTRACT = Path(__file__).resolve().parents[2] / "contract"
T0 = 1_419_131_400


@pytest.fixture
def address(postgres_server: PostgresServer) -> PostgresAddress:
    """Of an empty database."""
    return PostgresAddress(postgres_server.url(postgres_server.new_database()))


class Writing(threading.Thread):
    """Puts one thing after the other until it is told to end; a refused one is put again."""

    def __init__(self, store: PostgresStore, put: Callable[[PostgresStore, int], None]) -> None:
        super().__init__()
        self._store, self._put = store, put
        self.promised = 0
        """What was put comes before."""
        self.refused: list[BaseException] = []
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            try:
                self._put(self._store, self.promised)
            except BaseException as error:
                self.refused.append(error)
                if not isinstance(error, NightsideError):
                    return
                time.sleep(0.02)
            else:
                self.promised += 1


def put_samples(store: PostgresStore, number: int) -> None:
    store.put_samples([Signal(KP, [10 * number], [number], 10 * number + 10)])


def put_results(store: PostgresStore, number: int) -> None:
    store.put_results(
        [
            CheckResult(number, place, "KP", "news", "state media", "http", "", 4, None, "ok", None, None)
            for place in ("berlin", "tokyo")
        ]
    )


def samples_are_whole(store: PostgresStore, promised: int) -> None:
    last = store.entities()[0].last_s
    assert promised <= last // 10 <= promised + 1
    units = [row["units"] for row in store.samples("country", "KP", 0, last).to_pylist()]
    assert units == list(range(last // 10))
    assert store.last_change() == last // 10


def results_are_whole(store: PostgresStore, promised: int) -> None:
    rows = store.results("KP", 0, promised + 1, columns=("at", "place")).to_pylist()
    assert [row["place"] for row in rows] == ["berlin", "tokyo"] * (len(rows) // 2)
    assert promised <= len(rows) // 2 <= promised + 1


@pytest.mark.parametrize(
    ("put", "is_whole"),
    [
        pytest.param(put_samples, samples_are_whole, id="samples"),
        pytest.param(put_results, results_are_whole, id="results"),
    ],
)
def test_a_killed_server(
    postgres_server: PostgresServer,
    address: PostgresAddress,
    tmp_path: Path,
    put: Callable[[PostgresStore, int], None],
    is_whole: Callable[[PostgresStore, int], None],
) -> None:
    chance = random.Random(7)
    with PostgresStore(address, str(tmp_path / "files")) as store:
        writing = Writing(store, put)
        writing.start()
        for _ in range(4):
            before = writing.promised
            deadline = time.monotonic() + 30
            while writing.promised < before + 3 and writing.is_alive():
                assert time.monotonic() < deadline
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.03))
            postgres_server.kill()
            time.sleep(chance.uniform(0, 0.1))
            postgres_server.start()
        writing.done.set()
        writing.join(60)
        assert writing.refused
        for error in writing.refused:
            assert isinstance(error, NightsideError), repr(error)
            assert error.where == str(address)
        # The same object goes on.
        is_whole(store, writing.promised)
    with PostgresStore(address) as again:
        is_whole(again, writing.promised)


def test_a_restarted_server_is_no_error_of_the_next_call(
    postgres_server: PostgresServer, address: PostgresAddress, tmp_path: Path
) -> None:
    with PostgresStore(address, str(tmp_path)) as store:
        store.put_note("n", "x")
        for end in (postgres_server.stop, postgres_server.kill):
            end()
            with pytest.raises(NightsideError):
                store.note("n")
            postgres_server.start()
            assert store.note("n") == "x"
            postgres_server.restart()
            store.put_note("n", "x")


def test_a_transaction_in_progress_is_an_error_and_wrote_nothing(
    postgres_server: PostgresServer, address: PostgresAddress, tmp_path: Path
) -> None:
    with PostgresStore(address, str(tmp_path)) as store:

        def put_two() -> None:
            with store._writing() as connection:
                connection.execute("INSERT INTO note (name, text) VALUES (?, ?)", ("n", "half"))
                postgres_server.restart()
                connection.execute("INSERT INTO note (name, text) VALUES (?, ?)", ("m", "half"))

        with pytest.raises(NightsideError, match="broke off"):
            put_two()
        assert store.notes() == {}
        store.put_note("n", "whole")
        assert store.notes() == {"n": "whole"}


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from conftest import KP, finding
from nightside.model.signal import Signal
from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress
with PostgresStore(PostgresAddress(sys.argv[2])) as store:
    for number in range(int(sys.argv[3]), 100_000):
        began = 1_419_131_400 + 7200 * number
        for version in ("1", "2"):
            store.put_incident(*finding(began, began + 3600, version=version))
        store.put_samples([Signal(KP, [10 * number], [number], 10 * number + 10)])
        print(number, flush=True)
"""
"""After the line with a number, both revisions of that incident and its samples are there for good."""


def test_a_killed_program(address: PostgresAddress, tmp_path: Path) -> None:
    PostgresStore(address, str(tmp_path / "files")).close()
    number, chance = 0, random.Random(3)
    for _ in range(3):
        words = [sys.executable, "-c", WRITER, str(CONTRACT), address.url, str(number)]
        promised = number + killed(words, chance.uniform(0, 0.2)).count("\n")
        with PostgresStore(address) as store:
            found = list(store.incidents())
            for incident in found:
                assert incident["revision"] == 1 + len(incident["corrections"])
                assert store.revisions(incident["id"]) == list(range(1, incident["revision"] + 1))
            complete = sum(incident["provenance"]["version"] == "2" for incident in found)
            assert promised <= complete <= len(found) <= promised + 1
            # Whoever was killed keeps nobody waiting: its transaction ended with it.
            last = store.entities()[0].last_s // 10
            units = [row["units"] for row in store.samples("country", "KP", 0, 10 * last).to_pylist()]
            assert units == list(range(last))
            assert promised <= last <= promised + 1
        number = last
