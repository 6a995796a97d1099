"""The simulation of a cluster says what can be worked out by hand, and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import ceil
from pathlib import Path
from random import Random

import pytest
from bench.inputs import Size
from bench.scaling import Way, runs
from bench.scaling_costs import Costs, measure
from bench.scaling_model import Cluster, Day, Job, bounds
from bench.scaling_run import simulate
from bench.scaling_year import Assumed
from bench.tell_engines import backfill, executors, store_load


def day(units: int, seconds: float, *, shards: int = 0, shard_s: float = 0.0, store_s: float = 0.0) -> Day:
    """Equal units, then equal shards."""
    stages = (
        tuple(Job(f"unit {n}", seconds) for n in range(units)),
        tuple(Job(f"shard {n}", shard_s) for n in range(shards)),
    )
    return Day(stages, store_s=store_s)


def some_days(seed: int) -> list[Day]:
    """A week of anything: few large units and many small ones, with bytes to move."""
    chance = Random(seed)

    def stages() -> tuple[tuple[Job, ...], ...]:
        units = [
            Job(
                f"unit {n}",
                min(chance.paretovariate(1.1), 12.0),
                (("far", chance.uniform(0, 1e6)),),
                written_bytes=chance.uniform(0, 1e5),
            )
            for n in range(20)
        ]
        return tuple(units), tuple(Job(f"shard {n}", chance.uniform(0, 3), read_bytes=1e5) for n in range(4))

    return [Day(stages(), plan_s=0.5, store_s=0.2) for _ in range(7)]


ROUGH = Cluster(
    5,
    line_bytes_s=2e6,
    archive_bytes_s={"far": 3e6},
    storage_bytes_s=4e6,
    storage_line_bytes_s=2e6,
    schedule_s=0.01,
    client_s=0.01,
    days_in_flight=3,
    fetching_at_once=4,
    slow_share=0.1,
    slow_most=2.0,
    fails_every_s=20.0,
    noticed_after_s=1.0,
    back_after_s=5.0,
    error_share=0.1,
    tries=50,
)
"""Where everything goes wrong, often."""


@pytest.mark.parametrize(("units", "workers"), [(10, 1), (10, 3), (12, 4), (3, 8)])
def test_equal_units_take_as_many_rounds_as_arithmetic_says(units: int, workers: int) -> None:
    outcome = simulate([day(units, 7.0)], Cluster(workers))
    assert outcome.duration_s == ceil(units / workers) * 7.0
    assert outcome.share(outcome.cpu_s, workers) == pytest.approx(units * 7 / (outcome.duration_s * workers))


def test_shards_wait_for_all_units_and_days_are_stored_in_order() -> None:
    # Four units on two workers: 20 s; three shards: 2 x 3 s; then a second of the client.
    outcome = simulate([day(4, 10.0, shards=3, shard_s=3.0, store_s=1.0)], Cluster(2))
    assert outcome.duration_s == 20 + 6 + 1
    # The second day is done first, and waits to be stored until the first is.
    days = [day(1, 100.0, store_s=5.0), day(1, 1.0, store_s=5.0)]
    outcome = simulate(days, Cluster(2, days_in_flight=2))
    assert outcome.days_stored == [0, 1]
    assert outcome.duration_s == 100 + 5 + 5


def test_with_one_day_in_flight_days_come_one_after_the_other() -> None:
    days = [day(3, 10.0, store_s=2.0)] * 4
    assert simulate(days, Cluster(8, days_in_flight=1)).duration_s == 4 * 12
    # With room for all of them only the storing is one after the other.
    assert simulate(days, Cluster(12, days_in_flight=4)).duration_s == 10 + 4 * 2


def test_the_scheduler_gives_one_job_after_the_other() -> None:
    # The last of 100 is begun after 100 times 2 ms, and takes no time.
    assert simulate([day(100, 0.0)], Cluster(4, schedule_s=0.002)).duration_s == pytest.approx(0.2)


def test_a_line_is_shared_evenly_and_none_gets_more_than_its_own() -> None:
    def fetched(*sizes: float, total: float, each: float) -> float:
        jobs = tuple(Job(f"{n}", 0.0, (("far", size),)) for n, size in enumerate(sizes))
        cluster = Cluster(len(sizes), line_bytes_s=each, archive_bytes_s={"far": total})
        return simulate([Day((jobs,))], cluster).duration_s

    # 100 and 50 at 10 a second: 5 each for 10 s, then the 50 left alone.
    assert fetched(100, 50, total=10, each=1e9) == pytest.approx(15)
    assert fetched(100, 50, total=1e9, each=10) == pytest.approx(10)
    # 8 at once for 6 s, of which each has 3 at most; the second alone gets no more than 3 either.
    assert fetched(18, 30, total=8, each=3) == pytest.approx(10)


def test_no_more_jobs_fetch_at_once_than_the_archives_are_to_bear() -> None:
    far = tuple(Job(f"unit {n}", 9.0, (("far", 10.0),)) for n in range(6))
    near = tuple(Job(f"shard {n}", 10.0) for n in range(4))
    cluster = Cluster(8, line_bytes_s=10.0, fetching_at_once=2)
    # Six units of 10 s, two at once; then four shards, all at once.
    assert simulate([Day((far, near))], cluster).duration_s == 30 + 10


def test_a_failure_costs_what_was_lost_and_the_time_away() -> None:
    def at(*up_s: float) -> Iterator[float]:
        yield from up_s

    # Alone: 5 s are lost, 7 s nobody is there, then all ten.
    outcome = simulate([day(10, 10.0)], Cluster(1, back_after_s=7.0), failures=lambda _n: at(5.0))
    assert (outcome.duration_s, outcome.lost_s, outcome.failures) == (112.0, 5.0, 1)
    # Of two, the second takes the job over as soon as it is noticed (at 8) and it is free (at 10).
    outcome = simulate(
        [day(2, 10.0)],
        Cluster(2, back_after_s=1000.0, noticed_after_s=3.0),
        failures=lambda n: at(5.0) if n == 0 else at(),
    )
    assert outcome.duration_s == 20.0
    # Twice in the middle of a fetch at 10 a second: 4 s and 2 s are lost, and the line has no ghosts.
    far = Day(((Job("a", 0.0, (("far", 100.0),)),),))
    outcome = simulate(
        [far],
        Cluster(1, archive_bytes_s={"far": 10.0}, back_after_s=1.0),
        failures=lambda _n: at(4.0, 2.0),
    )
    assert outcome.duration_s == 4 + 1 + 2 + 1 + 10


@pytest.mark.parametrize("seed", range(5))
def test_every_job_is_done_once_whatever_fails(seed: int) -> None:
    days = some_days(seed)
    outcome = simulate(days, ROUGH, seed)
    assert outcome.failures > 3
    assert outcome.lost_s > 0
    assert set(outcome.jobs_done.values()) == {1}
    assert set(outcome.jobs_done) == {(n, job.name) for n, one in enumerate(days) for job in one.jobs}
    assert outcome.cpu_s == pytest.approx(sum(job.cpu_s for one in days for job in one.jobs))
    assert outcome.days_stored == list(range(7))
    told = outcome.cpu_s + outcome.slow_s + outcome.fetch_s + outcome.storage_s + outcome.lost_s
    assert told <= outcome.duration_s * ROUGH.workers


def test_a_job_that_nobody_can_do_is_told_and_the_rest_goes_on() -> None:
    outcome = simulate([day(5, 1.0)], Cluster(2, error_share=1.0, tries=3))
    assert sorted(outcome.jobs_failed) == [(0, f"unit {n}") for n in range(5)]
    assert outcome.jobs_done == {}
    assert outcome.lost_s == 15.0
    assert outcome.days_stored == [0]


def test_more_workers_are_never_slower() -> None:
    """Of one stage, in a fixed order, that is proven. With stages and lines who comes first may hold up others."""
    chance = Random(4)
    one = Day((tuple(Job(f"{n}", chance.paretovariate(1.2)) for n in range(50)),))
    sizes = (1, 2, 3, 5, 8, 16, 64)
    took = [simulate([one], Cluster(n)).duration_s for n in sizes]
    assert all(after <= before for before, after in pairwise(took))
    assert took[-1] == max(job.cpu_s for job in one.jobs)
    quiet = replace(ROUGH, slow_share=0.0, fails_every_s=float("inf"), error_share=0.0)
    took = [simulate(some_days(1), replace(quiet, workers=n)).duration_s for n in sizes]
    assert max(took) == took[0]
    assert took[-1] < took[0] / 3


@pytest.mark.parametrize("workers", [1, 3, 9, 100])
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_faster_than_what_each_part_has_to_do(workers: int, seed: int) -> None:
    days, cluster = some_days(seed), replace(ROUGH, workers=workers)
    outcome = simulate(days, cluster, seed)
    assert outcome.duration_s >= max(bounds(days, cluster).values()) * (1 - 1e-9)


def test_the_same_seed_gives_the_same() -> None:
    assert simulate(some_days(3), ROUGH, 5) == simulate(some_days(3), ROUGH, 5)
    assert simulate(some_days(3), ROUGH, 5).duration_s != simulate(some_days(3), ROUGH, 6).duration_s


def test_costs_are_measured_and_a_year_is_told_of_them(tmp_path: Path) -> None:
    """On an archive so small that little can be said of the figures but that they are there."""
    costs = measure(tmp_path, Size("tiny", 0, False, (4, 400, 2_000)), rounds=1)
    assert min(costs.table_entry_gz_s, costs.table_entry_bz2_s, costs.part_route_bytes) > 0
    # Six days of made-up costs that are easy to add up: a microsecond for each entry of a table by bzip2, nothing else.
    plain = Costs(**dict.fromkeys(costs.told(), 0.0) | {"table_entry_bz2_s": 1e-6})
    assumed = Assumed(start_s=0.0)
    found = runs(Way("as it is", assumed), plain, [1, 64], days=6, seeds=2)
    largest, falls = assumed.archives[1].largest_feeds, assumed.falls_off
    feeds = sum(max(largest * n**-falls, 1.0) for n in range(1, 60))
    # 12 tables a day, two days read for each, 1.2 million routes each.
    hours = feeds * 1.2 * 12 * 2 * 6 / 3600
    assert found["core_hours"] == pytest.approx(hours)
    assert found["core_hours_of"]["reading RouteViews"] == pytest.approx(hours)
    assert found["jobs"] == 6 * (85 + 16 + 85)
    assert found["workers"]["1"]["hours"] > hours
    for run in found["workers"].values():
        assert run["least"] <= run["hours"] <= run["most"]
        assert run["limit_hours"] <= run["hours"]
        assert sum(run["shares"].values()) <= 1


def test_what_was_measured_is_told_with_its_goals() -> None:
    each = {"clock_s": 2.0, "alone_s": 2.0, "cpu_s": 2.0, "window_cpu_s": 0.2}
    ratio = {"clock": [1.5], "alone": [1.9], "cpu": [1.0]}
    windows = {"windows": 8, "runs": {"local 1": [each]}}
    for key in (
        "two_against_one_local",
        "two_against_one_dask",
        "dask_against_local_1",
        "dask_against_local_2",
    ):
        windows[key] = ratio
    out = {"executor": "dask", "units": 100, "clock_ms_a_unit": 2.5}
    out |= {f"{who}_cpu_ms_a_unit": 0.5 for who in ("client", "scheduler", "workers")}
    said = "\n".join(
        executors({"machine": "m", "input": "i", "load_before": 1.0, "handed_out": [out], "windows": windows})
    )
    assert "| 2.50 ms | 0.50 ms | 0.50 ms | 0.50 ms | **not met** |" in said
    assert "| two workers to one, `dask` | 1.8 × | 1.50 × | 1.90 × | met |" in said
    assert "| `dask` to `local`, one worker | 1.15 × | 1.50 × | 1.90 × | **not met** |" in said
    took = {"local": 10.0, "one worker": 11.0, "two workers": 5.5}
    told = [
        {"way": way, "took_s": seconds, "cpu_s": {"client": 1.0}, "incidents": 3, "sha256": "x"}
        for way, seconds in took.items()
    ]
    said = "\n".join(backfill({"input": {"days": 8, "records": 9, "bytes": 1e6, "cores": 2}, "runs": told}))
    assert "| two workers to one | at least 1.8 × | **2.00 ×** | met |" in said
    assert "| one worker over no cluster | at most 15 % | **+10 %** | met |" in said
    row = {"what": "all", "times": 9, "p50_ms": 1.0, "p99_ms": 100.4, "worst_ms": 200.0}
    load = {"rows": 10, "writers": 5, "readers": 20, "for_s": 60.0, "reads_per_s": 2.0, "load": 1.0}
    said = "\n".join(store_load(load | {"reads": [row], "writes": [row], "lost": []}))
    assert "| 99 of 100 reads | at most 100 ms | **100 ms** | **not met** |" in said
    assert "| lost | nothing | **nothing** | met |" in said
