"""How a cluster is asked to read days: connections in all, maps of the days on which reading may begin, the pace."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nightside.engine.backfill import readings
from nightside.engine.backfill.jobs import read_day
from nightside.engine.backfill.pace import Pace
from nightside.engine.backfill.plan import Asked, windows
from nightside.engine.backfill.readings import OnCluster, asks_archives
from nightside.engine.executors.protocol import Job
from nightside.engine.fetching import Told
from nightside.engine.shards.shard_job import tell_shard
from nightside.model.instants import parse
from nightside.sources.polite_http import Manners
from nightside.store.files import files_at
from nightside.store.location import location_of
from nightside.world.snapshot import load

DAY_S = 86400


class Workers:
    """An executor that only says how many there are."""

    def __init__(self, workers: int) -> None:
        self.workers = workers


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("NIGHTSIDE_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def reading(
        workers: int = 2, *, day_bytes: int = 1, store: str = "", listing: str = "as it is"
    ) -> OnCluster:
        executor: Any = Workers(workers)
        assert isinstance(executor.workers, int)
        where = location_of(store) if store else tmp_path
        asked = Asked(["rrc00"], parse("2014-12-21"), parse("2014-12-24"), ["KP"], [], where)
        listings = dict.fromkeys(windows(asked.begin, asked.end), listing)
        work = files_at(tmp_path / "work")
        return OnCluster(asked, Pace(3), Told(), Manners(), executor, work, day_bytes, listings)

    return reading


@pytest.mark.parametrize("limit", [1, 3, 16, 64])
def test_connections_are_bounded_whatever_the_workers(
    reading: Any, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSIDE_ARCHIVE_CONNECTIONS", str(limit))
    for workers in (0, 1, 2, 7, 16, 256):
        on = reading(workers)
        (job,) = next(on.read((parse("2014-12-22"), parse("2014-12-23")), parse("2014-12-21")))
        (work,) = job.given
        each = work.source.manners.parallel
        assert 1 <= each <= Manners().parallel
        assert each * on.most_fetching <= limit
        # And few workers have the use of all of them.
        if workers == 1:
            assert each == min(Manners().parallel, max(1, limit // 2))


def test_what_judges_asks_no_archive() -> None:
    assert asks_archives(Job("a day", read_day))
    assert not asks_archives(Job("a shard", tell_shard))


def test_each_day_has_the_map_that_this_program_would_take(
    reading: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[date] = []

    def world(day: date) -> Any:
        asked_for.append(day)
        return load()

    monkeypatch.setattr(readings, "world_of_day", world)
    begin = parse("2014-12-22")
    on = reading()
    (job,) = next(on.read((begin, begin + DAY_S), begin - DAY_S))
    (work,) = job.given
    # The table before the lead may be seven days old, the updates before it another one, and the file before those.
    days = [date.fromordinal(date(2014, 12, 12).toordinal() + n) for n in range(12)]
    assert asked_for == days
    assert {name for _day, name in work.source.maps} == {work.source.map_of("2014-12-21")}
    assert on.work.child("maps").exists(work.source.map_of("2014-12-23"))
    # What is known is not asked again.
    next(on.read((begin + DAY_S, begin + 2 * DAY_S), begin))
    assert asked_for == [*days, date(2014, 12, 24)]


def test_no_worker_is_told_where_the_store_is(reading: Any) -> None:
    on = reading(store="postgresql://me:sesame@127.0.0.1/nightside")
    (job,) = next(on.read((parse("2014-12-22"), parse("2014-12-23")), parse("2014-12-21")))
    assert "sesame" not in repr(job)


def test_the_key_of_a_day_follows_from_what_it_depends_on(reading: Any) -> None:
    day = parse("2014-12-22"), parse("2014-12-23")

    def key(on: OnCluster, lead: str) -> str:
        (job,) = next(on.read(day, parse(lead)))  # type: ignore[misc]
        return str(job.given[0].key)

    assert key(reading(2), "2014-12-21") == key(reading(9), "2014-12-21")
    assert key(reading(2), "2014-12-21") != key(reading(2), "2014-12-20")
    assert key(reading(2), "2014-12-21") != key(reading(2, listing="one file more"), "2014-12-21")


def test_large_days_are_read_in_pieces(reading: Any) -> None:
    on = reading(day_bytes=readings.ONE_JOB_BYTES + 1)
    (job,) = next(on.read((parse("2014-12-22"), parse("2014-12-23")), parse("2014-12-21")))
    assert job.name == "rrc00 2014-12-22"


def test_the_pace_is_that_of_days_stored() -> None:
    seconds = iter([100.0, 160.0, 220.0])
    pace = Pace(8, lambda: next(seconds))
    for n in range(4):
        pace.read((n, n + 1), 30 * 1024**2)
    # 120 MiB and two days in a minute: six days in three more, though four days are read.
    assert pace.in_words(2) == (
        "2 of 8 days stored, 2 more read, 2.0 MiB/s, 2.0 days a minute; about 3 minutes left"
    )
    # One day was read again.
    pace.read((3, 4), 0)
    assert pace.in_words(4) == "4 of 8 days stored, 1.0 MiB/s, 2.0 days a minute; about 2 minutes left"
