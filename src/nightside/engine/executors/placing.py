"""Which job is done where, and what follows from an outcome: tried again, elsewhere, or failed for good.

Nothing here knows how jobs get to workers: it is told who is there and what came of what it gave.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

from nightside.engine.executors.doing import may_succeed_elsewhere
from nightside.engine.executors.protocol import DEATHS, TRIES, Failed, Job

MOST_AHEAD = 64
"""So many jobs wait at one worker at most."""
TOLERATED = 3
"""A worker on which so many jobs failed in a row, while others did theirs, rests: a full disk fails jobs faster than
all others do them."""
LONGEST_REST_S = 60.0
"""The first rest is a second, each further one twice as long, up to this."""


@dataclass(slots=True, eq=False)
class Place:
    """A worker that does jobs."""

    address: str
    host: str = ""
    threads: int = 1
    """It does so many jobs at the same time."""
    paused: bool = False
    """It takes no new ones for now."""
    held: dict[int, float] = field(default_factory=dict)
    """What it was given and has not answered, by number; how long (s) each was to wait there, 0 for what it began."""
    failures: int = 0
    """In a row."""
    others_done: int = 0
    """How many jobs had been done, by all, when it last did one."""
    rests_until_s: float = 0.0


@dataclass(slots=True)
class _Open:
    """A job without an outcome."""

    job: Job
    tries: int = 0
    deaths: int = 0
    failed_at: set[str] = field(default_factory=set)
    """Addresses."""
    failed_hosts: set[str] = field(default_factory=set)
    careful: bool = False
    """It was at a worker that died: from now on it is given only to who begins it at once, so that it is known which
    job a worker did when it died."""


class Placing:
    """All jobs without an outcome, and who is there.

    `ahead_s`: work of about so many seconds is given to a worker in advance, so that it need not wait after each short
    job. Instants are of any clock that only goes forward, in seconds.
    """

    def __init__(self, ahead_s: float = 0.0) -> None:
        self.places: dict[str, Place] = {}
        """By address."""
        self._ahead_s = ahead_s
        self._open: dict[int, _Open] = {}
        self._fresh: list[tuple[int, int]] = []
        """(minus its bytes, number) of each job that waits and may be done anywhere: a heap."""
        self._again: list[int] = []
        """Jobs that wait after they failed somewhere."""
        self._took_s: dict[Any, float] = {}
        """About how long jobs take, by what they call."""
        self._done = 0

    def __len__(self) -> int:
        """How many jobs have no outcome."""
        return len(self._open)

    @property
    def waiting(self) -> bool:
        """Whether there is a job that nobody has."""
        return bool(self._fresh or self._again)

    def job(self, number: int) -> Job:
        """A job without an outcome."""
        return self._open[number].job

    def add(self, number: int, job: Job) -> None:
        """A new job."""
        self._open[number] = _Open(job)
        self._wait(number)

    def choose(self, place: Place, now_s: float) -> int | None:
        """Give a worker what it does next; None where there is nothing for it now."""
        if place.paused or now_s < place.rests_until_s:
            return None
        if len(place.held) < place.threads:
            for at, number in enumerate(self._again):
                if self._may(self._open[number], place):
                    del self._again[at]
                    place.held[number] = 0.0
                    return number
            if not self._fresh:
                return None
            number = heapq.heappop(self._fresh)[1]
            place.held[number] = 0.0
            return number
        return self._ahead(place)

    def done(self, place: Place, number: int, took_s: float) -> None:
        """It has done a job."""
        one = self._forget(place, number)
        before = self._took_s.get(one.job.work, took_s)
        # Of a few dozen, the last ones more.
        self._took_s[one.job.work] = before + (took_s - before) / 16
        self._done += 1
        place.failures, place.others_done = 0, self._done

    def failed(
        self, place: Place, number: int, error: Exception, now_s: float, *, final: bool = False
    ) -> Failed | None:
        """A job raised an error there; the outcome, where that was its last try. `final`: no other try will help."""
        one = self._open[number]
        one.tries += 1
        if one.tries >= TRIES or final or not may_succeed_elsewhere(error):
            self._forget(place, number)
            return Failed(number, one.job, error, one.tries + one.deaths)
        del place.held[number]
        one.failed_at.add(place.address)
        one.failed_hosts.add(place.host)
        self._wait(number)
        place.failures += 1
        more = place.failures - TOLERATED
        if more >= 0 and self._done > place.others_done:
            place.rests_until_s = now_s + min(LONGEST_REST_S, 2.0**more)
        return None

    def died(self, place: Place, number: int, error: Exception) -> Failed | None:
        """A worker died, or lost a job that it had; the outcome, where that was once too often."""
        one = self._open[number]
        one.careful = True
        if place.held[number] == 0:
            one.deaths += 1
        if one.deaths >= DEATHS:
            self._forget(place, number)
            return Failed(number, one.job, error, one.tries + one.deaths)
        self.put_back(place, number)
        return None

    def put_back(self, place: Place, number: int) -> None:
        """It does not do a job that it was given, through no fault of the job."""
        del place.held[number]
        self._wait(number)

    def _forget(self, place: Place, number: int) -> _Open:
        del place.held[number]
        return self._open.pop(number)

    def _wait(self, number: int) -> None:
        one = self._open[number]
        if one.failed_at:
            self._again.append(number)
        else:
            heapq.heappush(self._fresh, (-one.job.bytes, number))

    def _may(self, one: _Open, place: Place) -> bool:
        """Whether a job that failed may be tried here: on another host if there is one, else at another worker."""
        others = [p for p in self.places.values() if p.address not in one.failed_at and not p.paused]
        elsewhere = [p for p in others if p.host not in one.failed_hosts]
        return place in (elsewhere or others or [place])

    def _ahead(self, place: Place) -> int | None:
        """One more for who has enough to do; only of jobs known to be short."""
        if not self._ahead_s or not self._fresh or len(place.held) >= place.threads + MOST_AHEAD:
            return None
        number = self._fresh[0][1]
        one = self._open[number]
        takes_s = self._took_s.get(one.job.work)
        if takes_s is None or one.careful:
            return None
        if sum(place.held.values()) + takes_s > self._ahead_s * place.threads:
            return None
        heapq.heappop(self._fresh)
        # Never 0, which says that it was begun.
        place.held[number] = max(takes_s, 1e-9)
        return number
