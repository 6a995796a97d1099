"""A watch on a small line: a few countries through the server's own filters, from a small collector's table on.

What is asked for: the countries' space in few blocks with what lies in them and above them, the RIS beacons (the
canary), and the states of sessions. What is kept of that, and of tables: `engine.live.near`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from nightside.engine.fetching import Told, in_words
from nightside.engine.live.ground import stretches
from nightside.engine.live.light_blocks import blocks
from nightside.engine.live.watcher import Watcher
from nightside.engine.subjects import country_subjects
from nightside.model.errors import UsageError
from nightside.model.incident import Provenance
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.sources.beacons import BLOCKS
from nightside.sources.ris_live import Subscription
from nightside.world.snapshot import Snapshot

COLLECTORS = ("rrc06",)
"""By default: one with few peers, whose table is small."""
MOST_BLOCKS = 128
"""So many blocks of the countries' space are asked for of each collector, at most."""
TRANSFER_QUIET_S = 600
"""Through the filters a transfer is only seen in part, and its end not at all: what a whole one takes must pass."""
VERDICT_WITHIN_S = 120.0
"""What is promised where the line is fast enough for the table."""
SAY_EVERY_S = 10.0
LOOK_EVERY_S = 0.2


def light_settings() -> Settings:
    """The thresholds, for streams that are seen through filters."""
    return replace(Settings(), transfer_quiet_s=TRANSFER_QUIET_S)


def light_watcher(snapshot: Snapshot, countries: Sequence[str], provenance: Provenance) -> Watcher:
    """A watcher that takes little memory, and takes nobody's silence for anything. Raises UsageError."""
    if not countries:
        raise UsageError("--light is for a few countries", advice="Name them: nightside watch KP SY --light")
    subjects = country_subjects(snapshot, countries)
    return Watcher(snapshot, subjects, light_settings(), provenance=provenance, near=True)


def light_subscriptions(
    snapshot: Snapshot, countries: Sequence[str], collectors: Sequence[str]
) -> list[Subscription]:
    """What to ask RIS Live for: of each collector at most MOST_BLOCKS filters, and those of the canary."""
    begins, ends = stretches(country_subjects(snapshot, countries))
    found = [str(block) for block in blocks(begins.tolist(), ends.tolist(), MOST_BLOCKS)]
    asked: list[Subscription] = []
    for name in collectors:
        asked += [Subscription(name, block, more_specific=True, less_specific=True) for block in found]
        asked += [Subscription(name, block, more_specific=True) for block in BLOCKS]
        asked.append(Subscription(name, type="RIS_PEER_STATE"))
    return asked


class Line:
    """Says how far the fetching has come, how fast the line is, and when that will be too slow for the promise."""

    def __init__(
        self,
        say: Callable[[str], None],
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._clock = say, clock
        self._begun = self._said = clock()
        self._expected = self._came = 0
        self._is_slow = False
        self.told = Told(warn=warn, say=say, started=self._started, advance=self._advance)
        """For those who fetch."""

    def _started(self, size_bytes: int) -> None:
        self._expected += size_bytes

    def _advance(self, came: int) -> None:
        self._came += came
        now = self._clock()
        if now - self._said < SAY_EVERY_S:
            return
        self._said = now
        rate = self._came / (now - self._begun)
        left_s = max(0, self._expected - self._came) / rate
        self._say(
            f"{in_words(self._came)} of about {in_words(self._expected)} at {in_words(rate)}/s: "
            f"about {left_s:.0f} s more"
        )
        whole_s = now - self._begun + left_s
        if whole_s > VERDICT_WITHIN_S and not self._is_slow:
            self._is_slow = True
            self._say(
                f"the line is too slow for a verdict within two minutes: it takes about {whole_s / 60:.0f} min"
            )


def verdict(watcher: Watcher) -> list[str]:
    """What is known of each country now, a line each; nothing before anything is known."""
    if not watcher.courses.all or not watcher.view:
        return []
    step, subjects = watcher.view[-1], watcher.subjects
    seen = f"by {step.known} of {step.expected} full-feed peer ASes, {iso(watcher.until_s)}"
    if step.unknown:
        return [f"{subjects.entities[n].name}: unknown: {seen}" for n in sorted(watcher.courses.all)]
    return [
        f"{subjects.entities[n].name}: {course.units[-1]} units reachable {seen}"
        for n, course in sorted(watcher.courses.all.items())
    ]


async def say_verdict(watcher: Callable[[], Watcher], say: Callable[[str], None]) -> None:
    """Says the first verdict as soon as there is one; after two minutes without, that there is none, and why."""
    begun = asyncio.get_running_loop().time()
    is_late = False
    while not (lines := verdict(watcher())) or watcher().view[-1].unknown:
        await asyncio.sleep(LOOK_EVERY_S)
        if asyncio.get_running_loop().time() - begun > VERDICT_WITHIN_S and not is_late:
            is_late = True
            for line in lines or ["nothing is known yet: no session has sent its table"]:
                say(f"no verdict after two minutes: {line}")
    for line in lines:
        say(line)
