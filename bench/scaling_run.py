"""A cluster at work on days of archives, in simulated time (SimPy): who waits for what, and for how long.

A day is its units (a collector each: fetched, read, its part written), then its shards (parts read and judged), then
its flips (files read again), then its storing. The client plans a day, hears of each job, and stores days in their
order, alone. Jobs go through one scheduler to workers that do one thing after the other. All who fetch from one archive
share its line, all who write and read parts share the storage; a transfer gets an equal share, and no more than a
worker's own line brings.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any

import simpy
from bench.scaling_line import Line
from bench.scaling_model import Cluster, Day, Job, Outcome

Steps = Generator[simpy.Event, Any, None]
Failures = Callable[[int], Iterator[float]]
"""Of a worker, by number: for how many seconds it is up before each of its failures."""


@dataclass(slots=True)
class _Task:
    """A job that is to be done, and who waits for it."""

    day: int
    job: Job
    over: simpy.Event
    tries: int = 0


_Turn = tuple[int, float, int, _Task]
"""A task, behind what its turn goes by."""


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
        names = {name for day in days for job in day.jobs for name, _size in job.fetches}
        self.archives = {n: Line(self.env, cluster.archive_bytes_s.get(n, math.inf), line) for n in names}
        self.storage = Line(self.env, cluster.storage_bytes_s, cluster.storage_line_bytes_s)
        self.client = simpy.Resource(self.env)
        self.room = simpy.Resource(self.env, cluster.days_in_flight)
        # Those that fetch, and the others.
        self.ready: tuple[list[_Turn], list[_Turn]] = ([], [])
        self.fetching = 0
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
        for jobs in day.stages:
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
        waiting = self.ready[0] if task.job.fetches else self.ready[1]
        heappush(waiting, (task.day, -task.job.cpu_s, self.queued, task))
        self._look()

    def _first(self) -> list[_Turn] | None:
        """The queue whose first task is next."""
        fetch, other = self.ready
        if self.fetching >= self.cluster.fetching_at_once:
            fetch = []
        both = [queue for queue in (fetch, other) if queue]
        return min(both, default=None)

    def _over(self, task: _Task) -> None:
        """Nobody is at it any more."""
        self.fetching -= bool(task.job.fetches)
        self._look()

    def _look(self) -> None:
        if not self.wake.triggered:
            self.wake.succeed()

    def _schedule(self) -> Steps:
        while True:
            while self._first() and self.idle:
                if self.cluster.schedule_s:
                    yield self.env.timeout(self.cluster.schedule_s)
                # Who was idle may have failed meanwhile.
                queue = self._first()
                if queue and self.idle:
                    task = heappop(queue)[3]
                    self.fetching += bool(task.job.fetches)
                    self.idle.popleft().given.succeed(task)
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
        for name, size in job.fetches:
            yield from self._send(self.archives[name], size)
        fetched = self.env.now
        yield from self._send(self.storage, job.read_bytes)
        read = self.env.now
        cpu_s = job.cpu_s + longer
        yield self.env.timeout(cpu_s)
        worked = self.env.now
        yield from self._send(self.storage, job.written_bytes)
        task.tries += 1
        self._over(task)
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

    def _send(self, line: Line, size: float) -> Steps:
        transfer = line.send(size)
        try:
            yield transfer
        except simpy.Interrupt:
            line.drop(transfer)
            raise

    def _noticed(self, task: _Task) -> Steps:
        yield self.env.timeout(self.cluster.noticed_after_s)
        self._over(task)
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
