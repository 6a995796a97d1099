"""A line that several transfers share, in simulated time."""

from __future__ import annotations

import math
from heapq import heappop, heappush

import simpy


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
