"""A cluster at work on days of archives, in simulated time (SimPy): who waits for what, and for how long.

A day is its units (a collector each: fetched, read, its part written), then its shards (parts read and judged), then
its storing. The client plans a day, hears of each job, and stores days in their order, alone. Jobs go through one
scheduler to workers that do one thing after the other. All who fetch from one archive share its line, all who write
and read parts share the storage; a transfer gets an equal share, and no more than a worker's own line brings.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any

import simpy

Steps = Generator[simpy.Event, Any, None]
Failures = Callable[[int], Iterator[float]]
"""Of a worker, by number: for how many seconds it is up before each of its failures."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does in one go."""

    name: str
    cpu_s: float
    archive: str = ""
    fetched_bytes: float = 0.0
    """From the archive."""
    read_bytes: float = 0.0
    """From the shared storage."""
    written_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """Units, then shards, then storing."""

    units: tuple[Job, ...]
    shards: tuple[Job, ...]
    plan_s: float
    """Of the client, before any of it."""
    store_s: float
    """Of the client, when all of it is there."""

    @property
    def jobs(self) -> tuple[Job, ...]:
        return self.units + self.shards


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the work is done with. Rates in bytes a second."""

    workers: int
    line_bytes_s: float = math.inf
    """Of one worker."""
    archive_bytes_s: Mapping[str, float] = field(default_factory=dict)
    """What each archive gives to all of us together; as much as is asked for where it does not stand here."""
    storage_bytes_s: float = math.inf
    schedule_s: float = 0.0
    """The scheduler's time for one job."""
    client_s: float = 0.0
    """The client's time for one job."""
    days_in_flight: int = 4
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


class Line:
    """A line that all transfers on it share evenly; none gets more than `each`. (Bytes a second.)"""

    def __init__(self, env: simpy.Environment, total: float, each: float) -> None:
        self.env, self.total, self.each = env, total, each
        # How much every transfer that was here all the time has got by now; a transfer is done at its own mark.
        self.given, self.at = 0.0, 0.0
        self.under_way: set[simpy.Event] = set()
        self.marks: list[tuple[float, int, simpy.Event]] = []
        self.count = 0
        self.turn = 0

    @property
    def rate(self) -> float:
        return min(self.each, self.total / max(len(self.under_way), 1))

    def send(self, size: float) -> simpy.Event:
        """What happens when so much has gone over."""
        done = self.env.event()
        if size <= 0 or math.isinf(self.rate):
            return done.succeed()
        self._advance()
        self.under_way.add(done)
        self.count += 1
        heappush(self.marks, (self.given + size, self.count, done))
        self._wait()
        return done

    def drop(self, transfer: simpy.Event) -> None:
        """Whoever sent it is gone."""
        if transfer in self.under_way:
            self._advance()
            self.under_way.remove(transfer)
            self._wait()

    def _advance(self) -> None:
        self.given += self.rate * (self.env.now - self.at)
        self.at = self.env.now

    def _wait(self) -> None:
        """Have the next end noticed; what was waited for before counts no more."""
        while self.marks and self.marks[0][2] not in self.under_way:
            heappop(self.marks)
        self.turn += 1
        if self.marks:
            turn, left = self.turn, max(self.marks[0][0] - self.given, 0.0)
            due = self.env.timeout(left / self.rate)
            assert due.callbacks is not None
            due.callbacks.append(lambda _event: self._due(turn))

    def _due(self, turn: int) -> None:
        if turn == self.turn:
            mark, _count, done = heappop(self.marks)
            self._advance()
            self.given = max(self.given, mark)
            self.under_way.remove(done)
            done.succeed()
            self._wait()


@dataclass(slots=True)
class _Task:
    """A job that is to be done, and who waits for it."""

    day: int
    job: Job
    over: simpy.Event
    tries: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    number: int
    given: simpy.Event


class _Run:
    def __init__(self, days: Sequence[Day], cluster: Cluster, seed: int, failures: Failures | None) -> None:
        self.env = simpy.Environment()
        self.days, self.cluster, self.chance = days, cluster, Random(seed)
        self.failures = failures or self._by_chance
        self.outcome = Outcome()
        line = cluster.line_bytes_s
        names = {job.archive for day in days for job in day.units}
        self.archives = {n: Line(self.env, cluster.archive_bytes_s.get(n, math.inf), line) for n in names}
        self.storage = Line(self.env, cluster.storage_bytes_s, line)
        self.client = simpy.Resource(self.env)
        self.room = simpy.Resource(self.env, cluster.days_in_flight)
        self.ready: list[tuple[int, float, int, _Task]] = []
        self.idle: deque[_Worker] = deque()
        self.queued = 0
        self.wake = self.env.event()
        self.env.process(self._schedule())
        for number in range(cluster.workers):
            process = self.env.process(self._work(_Worker(number, self.env.event())))
            self.env.process(self._fail(number, process))

    def go(self) -> Outcome:
        self.env.run(self.env.process(self._ask()))
        self.outcome.duration_s = self.env.now
        return self.outcome

    # ---- the client ------------------------------------------------------------------------------------

    def _ask(self) -> Steps:
        stored = self.env.event().succeed()
        for number, day in enumerate(self.days):
            room = self.room.request()
            yield room
            stored = self.env.process(self._day(number, day, stored, room))
        yield stored

    def _day(self, number: int, day: Day, before: simpy.Event, room: Any) -> Steps:
        yield from self._alone(day.plan_s)
        for jobs in (day.units, day.shards):
            yield self.env.all_of([self._queue(number, job) for job in jobs])
        yield before
        yield from self._alone(day.store_s)
        self.outcome.days_stored.append(number)
        self.room.release(room)

    def _alone(self, seconds: float) -> Steps:
        """What the client does by itself, one thing after the other."""
        if seconds:
            with self.client.request() as turn:
                yield turn
                yield self.env.timeout(seconds)
            self.outcome.client_s += seconds

    def _queue(self, day: int, job: Job) -> simpy.Event:
        task = _Task(day, job, self.env.event())
        self._again(task)
        return self.env.process(self._heard(task))

    def _heard(self, task: _Task) -> Steps:
        yield task.over
        yield from self._alone(self.cluster.client_s)

    # ---- the scheduler ---------------------------------------------------------------------------------

    def _again(self, task: _Task) -> None:
        # Earlier days first; of one day what is longest, so that none of it is begun when all others are done.
        self.queued += 1
        heappush(self.ready, (task.day, -task.job.cpu_s, self.queued, task))
        self._look()

    def _look(self) -> None:
        if not self.wake.triggered:
            self.wake.succeed()

    def _schedule(self) -> Steps:
        while True:
            while self.ready and self.idle:
                if self.cluster.schedule_s:
                    yield self.env.timeout(self.cluster.schedule_s)
                # Who was idle may have failed meanwhile.
                if self.ready and self.idle:
                    self.idle.popleft().given.succeed(heappop(self.ready)[3])
            self.wake = self.env.event()
            yield self.wake

    # ---- workers ---------------------------------------------------------------------------------------

    def _work(self, me: _Worker) -> Steps:
        task: _Task | None = None
        begun = 0.0
        while True:
            try:
                me.given = self.env.event()
                self.idle.append(me)
                self._look()
                task = yield me.given
                assert task is not None
                begun = self.env.now
                yield from self._try(task, begun)
                task = None
            except simpy.Interrupt:
                if me in self.idle:
                    self.idle.remove(me)
                elif task is None:
                    # It was given a job at the very moment.
                    task, begun = me.given.value, self.env.now
                if task is not None:
                    self.outcome.lost_s += self.env.now - begun
                    self.env.process(self._noticed(task))
                    task = None
                self.outcome.failures += 1
                self.outcome.down_s += self.cluster.back_after_s
                yield self.env.timeout(self.cluster.back_after_s)

    def _try(self, task: _Task, begun: float) -> Steps:
        job, cluster, outcome = task.job, self.cluster, self.outcome
        longer = cpu_s = 0.0
        if cluster.slow_share and self.chance.random() < cluster.slow_share:
            longer = min(self.chance.paretovariate(cluster.slow_alpha), cluster.slow_most) * job.cpu_s
        if job.fetched_bytes:
            yield from self._over(self.archives[job.archive], job.fetched_bytes)
        fetched = self.env.now
        yield from self._over(self.storage, job.read_bytes)
        read = self.env.now
        cpu_s = job.cpu_s + longer
        yield self.env.timeout(cpu_s)
        worked = self.env.now
        yield from self._over(self.storage, job.written_bytes)
        task.tries += 1
        if cluster.error_share and self.chance.random() < cluster.error_share:
            outcome.lost_s += self.env.now - begun
            if task.tries < cluster.tries:
                self._again(task)
                return
            outcome.jobs_failed.append((task.day, job.name))
        else:
            outcome.cpu_s += job.cpu_s
            outcome.slow_s += longer
            outcome.fetch_s += fetched - begun
            outcome.storage_s += read - fetched + self.env.now - worked
            key = (task.day, job.name)
            outcome.jobs_done[key] = outcome.jobs_done.get(key, 0) + 1
        task.over.succeed()

    def _over(self, line: Line, size: float) -> Steps:
        transfer = line.send(size)
        try:
            yield transfer
        except simpy.Interrupt:
            line.drop(transfer)
            raise

    def _noticed(self, task: _Task) -> Steps:
        yield self.env.timeout(self.cluster.noticed_after_s)
        self._again(task)

    def _fail(self, number: int, process: simpy.Process) -> Steps:
        for up_s in self.failures(number):
            yield self.env.timeout(up_s)
            process.interrupt()
            yield self.env.timeout(self.cluster.back_after_s)

    def _by_chance(self, _number: int) -> Iterator[float]:
        while not math.isinf(self.cluster.fails_every_s):
            yield self.chance.expovariate(1 / self.cluster.fails_every_s)


def simulate(
    days: Sequence[Day], cluster: Cluster, seed: int = 0, failures: Failures | None = None
) -> Outcome:
    """Run it to the end. `failures` says when workers fail, else they do by chance, as the cluster says."""
    return _Run(days, cluster, seed, failures).go()


def bounds(days: Sequence[Day], cluster: Cluster) -> dict[str, float]:
    """By what it cannot be faster, in seconds each: what every part of the cluster has to do if it never waits."""
    jobs = [job for day in days for job in day.jobs]
    found = {"workers": sum(_alone_s(job, cluster) for job in jobs) / cluster.workers}
    for name, rate in cluster.archive_bytes_s.items():
        found[f"line to {name}"] = sum(job.fetched_bytes for job in jobs if job.archive == name) / rate
    found["storage"] = sum(job.read_bytes + job.written_bytes for job in jobs) / cluster.storage_bytes_s
    found["client"] = sum(day.plan_s + day.store_s for day in days) + cluster.client_s * len(jobs)
    found["scheduler"] = cluster.schedule_s * len(jobs)
    found["days in flight"] = sum(_longest_s(day, cluster) for day in days) / cluster.days_in_flight
    return found


def _alone_s(job: Job, cluster: Cluster) -> float:
    """How long a job takes a worker if nobody else is there."""
    archive = min(cluster.line_bytes_s, cluster.archive_bytes_s.get(job.archive, math.inf))
    storage = min(cluster.line_bytes_s, cluster.storage_bytes_s)
    return job.cpu_s + job.fetched_bytes / archive + (job.read_bytes + job.written_bytes) / storage


def _longest_s(day: Day, cluster: Cluster) -> float:
    """How long a day takes with as many workers as it wants: its longest unit, its longest shard, the client."""
    stages = (max((_alone_s(job, cluster) for job in jobs), default=0.0) for jobs in (day.units, day.shards))
    return day.plan_s + sum(stages) + day.store_s
