"""What a cluster is asked to do, with what, what came of it, and by what it cannot be faster."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does in one go."""

    name: str
    cpu_s: float
    fetches: tuple[tuple[str, float], ...] = ()
    """Bytes, from which archive; one after the other."""
    read_bytes: float = 0.0
    """From the shared storage."""
    written_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """Stages of jobs, one after the other, then storing."""

    stages: tuple[tuple[Job, ...], ...]
    plan_s: float = 0.0
    """Of the client, before any of it."""
    store_s: float = 0.0
    """Of the client, when all of it is there."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        return tuple(job for stage in self.stages for job in stage)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the work is done with. Rates in bytes a second."""

    workers: int
    line_bytes_s: float = math.inf
    """Of one worker, to the archives."""
    archive_bytes_s: Mapping[str, float] = field(default_factory=dict)
    """What each archive gives to all of us together; as much as is asked for where it does not stand here."""
    storage_bytes_s: float = math.inf
    storage_line_bytes_s: float = math.inf
    """Of one worker, to the storage."""
    schedule_s: float = 0.0
    """The scheduler's time for one job."""
    client_s: float = 0.0
    """The client's time for one job."""
    days_in_flight: int = 4
    fetching_at_once: int = 1_000_000
    """So many jobs that fetch are given out at once, so that the archives bear it."""
    slow_share: float = 0.0
    """So many tries of all take longer: by once to `slow_most` times what they should, a Pareto tail."""
    slow_alpha: float = 1.5
    slow_most: float = 20.0
    fails_every_s: float = math.inf
    """Mean time between a worker's failures; what it was doing is lost."""
    noticed_after_s: float = 0.0
    """So long until its job is given to another."""
    back_after_s: float = 0.0
    error_share: float = 0.0
    """So many tries of all end with an error, at their end."""
    tries: int = 3


@dataclass(slots=True)
class Outcome:
    """What came of it. Times of workers are sums over all of them."""

    duration_s: float = 0.0
    cpu_s: float = 0.0
    """Of tries that counted, as it should have taken."""
    slow_s: float = 0.0
    """More than that, by stragglers."""
    lost_s: float = 0.0
    """Of tries that ended with an error or with the worker."""
    fetch_s: float = 0.0
    storage_s: float = 0.0
    down_s: float = 0.0
    client_s: float = 0.0
    jobs_done: dict[tuple[int, str], int] = field(default_factory=dict)
    """How often each job of each day was done."""
    jobs_failed: list[tuple[int, str]] = field(default_factory=list)
    """Those that no try did."""
    days_stored: list[int] = field(default_factory=list)
    failures: int = 0

    def share(self, seconds: float, workers: int) -> float:
        """Of the time that the workers had."""
        return seconds / (self.duration_s * workers)


def bounds(days: Sequence[Day], cluster: Cluster) -> dict[str, float]:
    """By what it cannot be faster, in seconds each: what every part of the cluster has to do if it never waits."""
    jobs = [job for day in days for job in day.jobs]
    found = {"workers": sum(_alone_s(job, cluster) for job in jobs) / cluster.workers}
    for name, rate in cluster.archive_bytes_s.items():
        found[f"line to {name}"] = sum(_fetched(job, name) for job in jobs) / rate
    found["storage"] = sum(job.read_bytes + job.written_bytes for job in jobs) / cluster.storage_bytes_s
    found["client"] = sum(day.plan_s + day.store_s for day in days) + cluster.client_s * len(jobs)
    found["scheduler"] = cluster.schedule_s * len(jobs)
    fetch_s = sum(_alone_s(job, cluster) for job in jobs if job.fetches)
    found["fetching at once"] = fetch_s / cluster.fetching_at_once
    found["days in flight"] = sum(_longest_s(day, cluster) for day in days) / cluster.days_in_flight
    return found


def _alone_s(job: Job, cluster: Cluster) -> float:
    """How long a job takes a worker if nobody else is there."""
    line, archives = cluster.line_bytes_s, cluster.archive_bytes_s
    fetch_s = sum(size / min(line, archives.get(name, math.inf)) for name, size in job.fetches)
    storage = min(cluster.storage_line_bytes_s, cluster.storage_bytes_s)
    return job.cpu_s + fetch_s + (job.read_bytes + job.written_bytes) / storage


def _fetched(job: Job, archive: str) -> float:
    return sum(size for name, size in job.fetches if name == archive)


def _longest_s(day: Day, cluster: Cluster) -> float:
    """How long a day takes with as many workers as it wants: the longest job of each stage, and the client."""
    stages = (max((_alone_s(job, cluster) for job in jobs), default=0.0) for jobs in day.stages)
    return day.plan_s + sum(stages) + day.store_s
