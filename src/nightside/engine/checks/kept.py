"""Results on their way to where they are kept: in batches, by a thread, and again where that fails."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from nightside.model.check import CheckResult
from nightside.model.errors import NightsideError, UsageError

MOST_WAITING = 200_000
"""Results that wait while they cannot be kept: then the oldest go, and it is said."""
BATCH = 20_000

Keep = Callable[[Sequence[CheckResult]], object]
"""Keeps results for good. Raises UsageError for what is no result; NightsideError where it cannot now: then the same
are given again."""


class Kept:
    """What has come, until it is kept."""

    def __init__(self, keep: Keep, warn: Callable[[str], None], *, most_waiting: int = MOST_WAITING) -> None:
        self._keep, self._warn = keep, warn
        self._waiting: deque[CheckResult] = deque()
        self._most = most_waiting
        self._failing = self._dropping = False

    @property
    def waiting(self) -> int:
        """How many are not kept yet."""
        return len(self._waiting)

    def add(self, results: Sequence[CheckResult]) -> None:
        """Take them in."""
        self._waiting.extend(results)
        if len(self._waiting) > self._most and not self._dropping:
            self._warn(f"more than {self._most:,} results wait to be kept: the oldest are lost")
            self._dropping = True
        while len(self._waiting) > self._most:
            self._waiting.popleft()

    async def flush(self) -> bool:
        """Keep what waits; whether that went well. What fails is told once, until it works again."""
        while self._waiting:
            batch = list(islice(self._waiting, BATCH))
            try:
                await asyncio.to_thread(self._keep_or_refuse, batch)
            except NightsideError as error:
                if not self._failing:
                    self._warn(f"results cannot be kept, and wait: {error}")
                self._failing = True
                return False
            # What was dropped meanwhile was the oldest: those of this batch.
            kept = {id(one) for one in batch}
            while self._waiting and id(self._waiting[0]) in kept:
                self._waiting.popleft()
        if self._failing:
            self._warn("results are kept again")
        self._failing = self._dropping = False
        return True

    def _keep_or_refuse(self, batch: Sequence[CheckResult]) -> None:
        """Keep a batch; of one that is refused, what can be: one bad result must not hold up all others for ever."""
        try:
            self._keep(batch)
            return
        except UsageError as error:
            if len(batch) == 1:
                self._warn(
                    f"a result of {batch[0].kind} of {batch[0].target!r} is refused, and lost: {error.what}"
                )
                return
        middle = len(batch) // 2
        self._keep_or_refuse(batch[:middle])
        self._keep_or_refuse(batch[middle:])
