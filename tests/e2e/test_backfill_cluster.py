"""`nightside backfill --engine`: days under way at once leave what the day-by-day run leaves, to the byte."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from all_stored import all_stored, apart
from archive_server import ArchiveServer, Fault, archive_server, use_archive
from dask_cluster import DaskCluster, program_of_tests
from days_archive import COLLECTORS, FROM, TO, write_days
from made_once import made_once

from nightside.engine.backfill.plan import Asked
from nightside.engine.backfill.run import backfill, plan_backfill
from nightside.engine.executors.local import LocalExecutor
from nightside.engine.fetching import PORTIONS, Told
from nightside.model.errors import DownloadError, NightsideError
from nightside.model.instants import parse
from nightside.sources import polite_http
from nightside.store.location import location_of, open_store


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive. Nobody may write into it."""
    return made_once(tmp_path_factory, "days", write_days)


@pytest.fixture
def server(days: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ArchiveServer]:
    with served(days, monkeypatch, tmp_path) as archive:
        yield archive


@contextmanager
def served(days: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[ArchiveServer]:
    quick = polite_http.Manners(tries=2, first_pause_s=0.01, longest_pause_s=0.02, jitter_s=0.01)
    for module in ("fetching", "backfill.readings"):
        monkeypatch.setattr(f"nightside.engine.{module}.Manners", lambda: quick)
    with archive_server(days) as archive:
        use_archive(archive, monkeypatch, folder)
        yield archive


@pytest.fixture(scope="session")
def undisturbed(days: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All that the day-by-day run leaves."""

    def run(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patched, served(days, patched, folder):
            plan = plan_backfill(asked(folder / "store"), Told())
            backfill(plan, Told(), processes=1)

    with open_store(made_once(tmp_path_factory, "undisturbed", run) / "store") as store:
        stored = all_stored(store)
    # What it is for: an outage over midnight, one of two days, one of minutes.
    assert len(stored["order"]) >= 3
    return stored


if TYPE_CHECKING:
    from postgres_server import PostgresServer

Nightside = Callable[..., Any]


def asked(store: Path) -> Asked:
    return Asked(list(COLLECTORS), parse(FROM), parse(TO), ["KP"], [], store)


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a cluster."""

    def two(_word: str | None, _processes: int | None, **_told: object) -> LocalExecutor:
        return LocalExecutor(2)

    monkeypatch.setattr("nightside.engine.backfill.readings.open_executor", two)


def fill(store: Path, said: list[str] | None = None, engine: str = "dask") -> dict[str, Any]:
    """Run a backfill; all that it leaves."""
    told = Told() if said is None else Told(warn=said.append, say=said.append)
    return fill_with(asked(store), told, engine)


def fill_with(words: Asked, told: Told, engine: str) -> dict[str, Any]:
    backfill(plan_backfill(words, told, engine=engine), told, engine=engine, processes=1)
    with open_store(words.store) as opened:
        return all_stored(opened)


@pytest.mark.usefixtures("server", "two_processes")
@pytest.mark.parametrize("in_pieces", [False, True])
def test_days_at_once_leave_what_one_after_the_other_leaves(
    undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_pieces: bool
) -> None:
    if in_pieces:
        monkeypatch.setattr("nightside.engine.backfill.readings.ONE_JOB_BYTES", 0)
    said: list[str] = []
    assert fill(tmp_path / "store", said) == undisturbed
    assert [line[:10] for line in said if " days stored" in line] == [f"2014-12-{n}" for n in range(23, 26)]
    # Nothing of it is left behind.
    assert not list((tmp_path / "store" / "work").rglob("*.*"))


@pytest.mark.usefixtures("two_processes")
def test_a_day_without_files_and_a_collector_without_any(
    days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "archive"
    (root / "rrc00" / "2014.11").mkdir(parents=True)
    for path in days.iterdir():
        (root / path.name).symlink_to(path)
    begin, end = parse("2014-12-20"), parse("2014-12-23T09:00Z")
    left = {}
    with served(root, monkeypatch, tmp_path):
        monkeypatch.setattr("nightside.engine.backfill.readings.ONE_JOB_BYTES", 0)
        for name in ("local", "pieces"):
            words = Asked(["rrc00", *COLLECTORS], begin, end, ["KP"], [], tmp_path / name)
            said: list[str] = []
            told = Told(warn=said.append, say=said.append)
            left[name] = fill_with(words, told, "local" if name == "local" else "dask")
            assert any("2014-12-20: nothing to be had" in line for line in said), said
            assert any("rrc00: its archive has nothing from" in line for line in said), said
    assert left["local"]["order"]
    assert left["pieces"] == left["local"]


# ---- a real cluster --------------------------------------------------------------------------------------


@pytest.fixture
def cluster(server: ArchiveServer, tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler without workers."""
    made = DaskCluster(tmp_path / "dask")
    yield made
    made.stop()


Workers = Callable[..., list[subprocess.Popen[bytes]]]


@pytest.fixture
def workers(cluster: DaskCluster, tmp_path: Path) -> Workers:
    """Starts a worker with a cache of its own, and with more in its environment."""

    def start(name: str, **more: str) -> list[subprocess.Popen[bytes]]:
        own = {"NIGHTSIDE_CACHE": str(tmp_path / name)}
        return cluster.add_workers(environment={**program_of_tests(), **own, **more})

    return start


def test_a_cluster_says_what_the_day_by_day_run_says(
    quick: Nightside,
    cluster: DaskCluster,
    workers: Workers,
    undisturbed: dict[str, Any],
    server: ArchiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NIGHTSIDE_ARCHIVE_CONNECTIONS", "3")
    workers("one")
    workers("two")
    words = ("backfill", *COLLECTORS, "--from", FROM, "--to", TO, "--country", "KP", "--yes", "--json")
    ran = quick(*words, "--engine", cluster.address)
    assert ran.code == 0, ran.err
    with open_store(tmp_path / "store") as store:
        assert all_stored(store) == undisturbed
    assert [i["id"] for i in ran.incidents] == undisturbed["order"]
    # Both fetched, into caches of their own, and never had more connections open than they may have together.
    for name in ("one", "two"):
        assert any((tmp_path / name).rglob("*.bz2"))
    assert server.most_under_way <= 3
    assert "3 of 3 days stored" in ran.err
    again = quick(*words, "--engine", cluster.address)
    assert "is done already" in again.err
    assert again.out == ran.out


def test_workers_that_are_killed_change_nothing(
    cluster: DaskCluster, workers: Workers, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    running = [*workers("one"), *workers("two")]

    def kill() -> None:
        chance = Random(11)
        for n in range(3):
            time.sleep(chance.uniform(0.2, 1.2))
            running.pop(0).kill()
            running.extend(workers(f"more{n}"))

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        assert fill(tmp_path / "store", engine=cluster.address) == undisturbed
    finally:
        killing.join(60)


def test_a_worker_that_reaches_no_archive_and_one_without_room_cost_nothing(
    cluster: DaskCluster, workers: Workers, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    workers("far", http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9", no_proxy="", NO_PROXY="")
    workers("small", NIGHTSIDE_CACHE_GIB="0.000001")
    workers("good")
    assert fill(tmp_path / "store", engine=cluster.address) == undisturbed
    assert not any((tmp_path / "far").rglob("*.bz2"))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for eight small files."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system may not be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_on_one_worker_costs_nothing(
    full_disk: Path, cluster: DaskCluster, workers: Workers, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    workers(full_disk.name)
    workers("good")
    assert fill(tmp_path / "store", engine=cluster.address) == undisturbed


def test_where_the_scheduler_is_killed_the_same_command_goes_on(
    cluster: DaskCluster, workers: Workers, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    workers("one")
    said: list[str] = []

    def kill_in_the_middle(text: str) -> None:
        said.append(text)
        if "1 of 3 days stored" in text:
            cluster.kill_scheduler()

    told = Told(say=kill_in_the_middle)
    with pytest.raises(NightsideError, match="the Dask scheduler is gone") as gone:
        backfill(plan_backfill(asked(tmp_path / "store"), told), told, engine=cluster.address)
    assert "the same command goes on where it was" in str(gone.value)
    said.clear()
    assert fill(tmp_path / "store", said, engine="local") == undisturbed
    assert "1 of 2 days stored" in "\n".join(said)


@pytest.mark.usefixtures("server", "two_processes")
def test_what_one_archive_file_lacks_stops_it_and_the_rest_is_kept(
    undisturbed: dict[str, Any], server: ArchiveServer, tmp_path: Path
) -> None:
    bad = "/bgpdata/2014.12/UPDATES/updates.20141224.1200.bz2"
    server.always[bad] = Fault(status=500)
    said: list[str] = []
    with pytest.raises(DownloadError, match="answers 500"):
        fill(tmp_path / "store", said)
    assert "1 of 3 days stored" in "\n".join(said)
    server.always.clear()
    assert fill(tmp_path / "store", said) == undisturbed


@pytest.mark.usefixtures("two_processes")
def test_a_day_that_was_read_before_its_last_files_were_there_is_read_again(
    days: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    archive, late = tmp_path / "archive", tmp_path / "late"
    shutil.copytree(days, archive)
    to_come = sorted(archive.rglob("updates.20141225.[12]*.bz2"))
    late.mkdir()
    for number, path in enumerate(to_come):
        path.rename(late / str(number))
    there = replace(asked(tmp_path / "there"), begin=parse("2014-12-25"))

    def fails(*_given: object) -> None:
        raise NightsideError("the store cannot be used")

    with served(archive, monkeypatch, tmp_path):
        with monkeypatch.context() as broken:
            broken.setattr("nightside.engine.backfill.run.put", fails)
            with pytest.raises(NightsideError, match="cannot be used"):
                fill_with(there, Told(), "dask")
        assert len(list((tmp_path / "there" / "work").glob("*/days/*"))) == 1
        for number, path in enumerate(to_come):
            (late / str(number)).rename(path)
        assert fill_with(there, Told(), "dask") == fill_with(
            replace(there, store=tmp_path / "here"), Told(), "local"
        )
    with open_store(tmp_path / "here") as store:
        assert len(all_stored(store)["order"]) == 2


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("way", ["local", "cluster"])
def test_a_client_that_is_killed_again_and_again_leaves_what_an_undisturbed_one_leaves(
    way: str, undisturbed: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    engine = "local"
    if way == "cluster":
        request.getfixturevalue("workers")("one")
        engine = request.getfixturevalue("cluster").address
    words = ["backfill", *COLLECTORS, "--from", FROM, "--to", TO, "--country", "KP", "--yes"]
    command = [sys.executable, "-m", "nightside", *words, "--engine", engine, "--store", tmp_path / "store"]
    chance = Random(5)
    for kills in range(4):
        with (tmp_path / "said").open("wb") as said:
            run = subprocess.Popen(command, stdout=said, stderr=said)
            try:
                code = run.wait(chance.uniform(1, 4) if kills < 3 else 120)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait(20)
            else:
                assert code == 0, (tmp_path / "said").read_text()
    assert "is done already" not in (tmp_path / "said").read_text()
    with open_store(tmp_path / "store") as store:
        assert apart(all_stored(store), undisturbed) == {}


@pytest.mark.usefixtures("server")
def test_two_at_once_are_one_and_a_clear_refusal(undisturbed: dict[str, Any], tmp_path: Path) -> None:
    words = ["backfill", *COLLECTORS, "--to", TO, "--country", "KP", "--yes", "--store", tmp_path / "store"]
    command = [sys.executable, "-m", "nightside", *map(str, words), "--from"]
    runs = [
        subprocess.Popen([*command, begin], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for begin in (FROM, FROM, FROM)
    ]
    ended = [(run.communicate(timeout=120), run.returncode) for run in runs]
    assert sorted(code for _said, code in ended) == [0, 1, 1], ended
    for (_out, err), code in ended:
        if code:
            assert re.search(
                r"a backfill from 2014-12-23T00:00:00Z to 2014-12-26T00:00:00Z is under way in this store, "
                r"by \S+, process \d+, since .* until 20\d\d-",
                err,
            ), err
    with open_store(tmp_path / "store") as store:
        assert all_stored(store) == undisturbed


@pytest.mark.usefixtures("server", "two_processes")
def test_the_disk_is_bounded_where_two_workers_share_a_cache(
    undisturbed: dict[str, Any], days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sum(path.stat().st_size for path in days.rglob("*.bz2"))
    # The longest lead fits, and not what both workers would like to have at once.
    limit = int(0.9 * files)
    monkeypatch.setenv("NIGHTSIDE_CACHE_GIB", str(limit / 1024**3))
    # It says nothing of sizes that is true.
    monkeypatch.delenv("NIGHTSIDE_BROKER_URL")
    sizes: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            sizes.append(held(tmp_path / "cache"))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        assert fill(tmp_path / "store") == undisturbed
    finally:
        over.set()
        watching.join(20)
    assert limit / 2 < max(sizes) <= limit * (1 + 1 / PORTIONS)


def held(cache: Path) -> int:
    """The bytes of all archives' files, and of those that are coming."""
    total = 0
    for path in cache.glob("*@*/**/*.bz2*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size if not path.name.endswith(".json") else 0
    return total


@pytest.mark.usefixtures("server")
def test_a_database_that_is_killed_in_the_middle_is_filled_by_the_same_command(
    postgres_server: PostgresServer,
    cluster: DaskCluster,
    workers: Workers,
    undisturbed: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers("one")
    monkeypatch.setenv("NIGHTSIDE_SEGMENTS", str(tmp_path / "segments"))
    store = postgres_server.url(postgres_server.new_database())
    words = [
        "backfill",
        *COLLECTORS,
        "--from",
        FROM,
        "--to",
        TO,
        "--country",
        "KP",
        "--yes",
        "--store",
        store,
    ]
    command = [sys.executable, "-m", "nightside", *words, "--engine", cluster.address]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    for line in run.stderr:
        if "1 of 3 days stored" in line:
            postgres_server.kill()
            break
    try:
        rest = run.communicate(timeout=60)[1]
        assert run.returncode == 1, rest
        assert "Traceback" not in rest
    finally:
        postgres_server.start()
    again = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    with open_store(location_of(store)) as opened:
        assert all_stored(opened) == undisturbed
