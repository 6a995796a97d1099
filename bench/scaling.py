"""A year of all 85 collectors on one worker and on many: how long, where the time goes, and what is in the way.

    python -m bench.scaling [--days N] [--seeds N] [--workers N]... [--out FILE]

Unit costs are measured first (`bench.scaling_costs`, a minute or two); the year is made of them (`bench.scaling_year`)
and run in simulated time (`bench.scaling_run`), for several ways of going about it. Raw results go to FILE
(bench/results/scaling.json), the picture to docs/images/scaling.png; `python -m bench.tell` makes docs/scaling.md of
the first.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.peers import CACHE, ROOT
from bench.scaling_costs import Costs, measure
from bench.scaling_model import Cluster, Day, Outcome, bounds
from bench.scaling_run import simulate
from bench.scaling_year import RIS, ROUTE_VIEWS, Assumed, year

OUT = ROOT / "bench" / "results" / "scaling.json"
EXECUTORS = ROOT / "bench" / "results" / "executors.json"
PICTURE = ROOT / "docs" / "images" / "scaling.png"
WORKERS = (1, 4, 16, 64, 256, 1024)
HOUR_S = 3600
MBIT = 125_000
CLUSTER = Cluster(
    workers=1,
    line_bytes_s=200 * MBIT,
    archive_bytes_s={RIS: 1000 * MBIT, ROUTE_VIEWS: 1000 * MBIT},
    storage_bytes_s=10_000 * MBIT,
    storage_line_bytes_s=1000 * MBIT,
    schedule_s=0.002,
    client_s=0.001,
    slow_share=0.02,
    slow_alpha=1.5,
    slow_most=20.0,
    fails_every_s=72 * HOUR_S,
    noticed_after_s=30,
    back_after_s=600,
    error_share=0.002,
    tries=3,
)
CONNECTIONS = 4
"""Of one job to one archive."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of going about it."""

    words: str
    assumed: Assumed
    archive_connections: int = 16
    archive_times: float = 1.0
    """How many times as fast the archives' lines are."""

    def cluster(self, workers: int) -> Cluster:
        """With so many workers; as `nightside backfill` goes about it (`engine.backfill.readings`)."""
        connections = max(1, min(CONNECTIONS, self.archive_connections // (2 * workers)))
        return replace(
            CLUSTER,
            workers=workers,
            days_in_flight=2 * workers,
            fetching_at_once=max(1, self.archive_connections // connections),
            archive_bytes_s={n: r * self.archive_times for n, r in CLUSTER.archive_bytes_s.items()},
        )


def ways() -> list[Way]:
    """Each goes on from the one before it."""
    here = replace(Assumed(), flips_where_read=True)
    once = replace(here, read_days=1.0)
    first = replace(once, middle_tables=False)
    return [
        Way("as it is: 16 connections", Assumed()),
        Way("and 1,024 connections", Assumed(), 1024),
        Way("and flips read where the files are", here, 1024),
        Way("and no lead read twice", once, 1024),
        Way("and of a day only its first tables", first, 1024),
        Way("and ten times the archives' lines", first, 1024, 10.0),
    ]


def core_hours_of(days: Sequence[Day]) -> dict[str, float]:
    """By what it is spent on: reading each archive's collectors, shards, flips."""
    found: Counter[str] = Counter()
    for day in days:
        units, shards, flips = day.stages
        for job in units:
            found[f"reading {job.name.partition(' ')[0]}"] += job.cpu_s / HOUR_S
        found["judging"] += sum(job.cpu_s for job in shards) / HOUR_S
        found["flips"] += sum(job.cpu_s for job in flips) / HOUR_S
    return dict(found)


def told(outcome: Outcome, limits: dict[str, float], workers: int) -> dict[str, Any]:
    """What is kept of one run."""
    first = max(limits, key=lambda name: limits[name])
    shares = ("cpu_s", "slow_s", "lost_s", "fetch_s", "storage_s", "down_s")
    return {
        "hours": outcome.duration_s / HOUR_S,
        "shares": {name[:-2]: outcome.share(getattr(outcome, name), workers) for name in shares},
        "limit": first,
        "limit_hours": limits[first] / HOUR_S,
        "limits_hours": {name: seconds / HOUR_S for name, seconds in limits.items()},
        "jobs": len(outcome.jobs_done),
        "failed": len(outcome.jobs_failed),
        "failures": outcome.failures,
    }


def runs(way: Way, costs: Costs, workers: Sequence[int], days: int, seeds: int) -> dict[str, Any]:
    """One way with each number of workers: the medians, and the spread of the hours."""
    found: dict[str, Any] = {}
    for count in workers:
        years = [year(costs, way.assumed, days, seed, count) for seed in range(seeds)]
        cluster = way.cluster(count)
        some = [
            told(simulate(one, cluster, seed), bounds(one, cluster), count) for seed, one in enumerate(years)
        ]
        hours = [one["hours"] for one in some]
        middle = min(some, key=lambda one: abs(one["hours"] - median(hours)))
        found[str(count)] = middle | {"least": min(hours), "most": max(hours)}
        print(f"{way.words}: {count} workers, {middle['hours']:.1f} h, {middle['limit']}", file=sys.stderr)
        jobs = [job for day in years[0] for job in day.jobs]
        found[str(count)]["terabytes"] = sum(size for job in jobs for _name, size in job.fetches) / 1e12
    return {
        "words": way.words,
        "core_hours": sum(job.cpu_s for job in jobs) / HOUR_S,
        "core_hours_of": core_hours_of(years[0]),
        "jobs": len(jobs),
        "longest_job_s": max(job.cpu_s for job in jobs),
        "workers": found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, action="append")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument("--costs", type=Path, help="take the unit costs of an earlier FILE")
    asked = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    costs = Costs.of(json.loads(asked.costs.read_text())["costs"]) if asked.costs else measure(CACHE)
    results = {
        "python": platform.python_version(),
        "days": asked.days,
        "seeds": asked.seeds,
        "costs": costs.told(),
        "ways": [runs(way, costs, asked.workers or WORKERS, asked.days, asked.seeds) for way in ways()],
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(results, indent=1) + "\n")
    from bench.scaling_picture import draw

    draw(results, asked.picture)


if __name__ == "__main__":
    main()
