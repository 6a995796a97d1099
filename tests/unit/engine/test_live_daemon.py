"""A daemon that goes on where another was: what nobody heard is unknown, of every collector alike."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest
from archive_stream import PlayedClock
from small_archive import KP, PEERS, SLOT, T0, Archive, full_table, stamp

from nightside.engine.live.checkpoint import Checkpoint, DaemonFigures
from nightside.engine.live.daemon import Daemon
from nightside.engine.live.journal import Entered
from nightside.engine.live.starting import start_from
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.stream import Batch, Faults, Figures, Status
from nightside.world.snapshot import load

COLLECTORS = ("rrc00", "rrc01")
DOWN = T0 + 700
UP, AWAY, BACK = T0 + 2 * SLOT, T0 + 1800, T0 + 2400


class Said:
    """A source that says these, each at its time."""

    def __init__(self, clock: PlayedClock, *values: Status) -> None:
        self._clock, self._values = clock, values

    async def values(self) -> AsyncGenerator[Batch | Status, None]:
        for value in self._values:
            await self._clock.come(value.at_s)
            yield value
        await self._clock.come(self._values[-1].at_s + 60)
        self._clock.ended = True


async def nobody(_found: Found) -> None:
    raise AssertionError("nothing happened")


def played(watcher: Watcher, at_s: float) -> Daemon:
    clock = PlayedClock()
    source = Said(clock, *(Status(name, True, "subscribed", at_s) for name in COLLECTORS))
    return Daemon(watcher, [source], nobody, clock=clock)


def test_what_nobody_heard_is_unknown_of_every_collector(tmp_path: Path) -> None:
    for name in COLLECTORS:
        archive = Archive(tmp_path, name)
        archive.table(T0, full_table())
        archive.finish(T0 + SLOT)
    snapshot = load()
    watcher = Watcher(snapshot, country_subjects(snapshot, ["KP"]))
    start_from(watcher, [tmp_path], lambda _text: None)
    before = played(watcher, UP)
    asyncio.run(before.run())
    # It was killed half an hour later, having heard nothing new.
    state = Checkpoint(watcher, DaemonFigures(), [], float(AWAY))
    after = played(watcher, BACK)
    after.resume(state, [])
    after.lose_all("nobody listened")
    asyncio.run(after.run())
    unknown = [(u.begin, u.end) for u in watcher.sight.unknown(UP + 1, watcher.until_s)]
    assert unknown == [(AWAY, BACK)]


def test_what_cannot_be_taken_again_leaves_a_daemon_that_can_begin_anew() -> None:
    snapshot = load()
    first, other = (Watcher(snapshot, country_subjects(snapshot, ["KP"])) for _ in range(2))
    warnings: list[str] = []
    daemon = Daemon(first, [], nobody, warn=warnings.append)
    poison = Entered(2.0, cast(Batch, object()))
    with pytest.raises(AttributeError):
        daemon.resume(Checkpoint(other, DaemonFigures(found=7), [], 1.0), [poison])
    daemon.begin_anew(first)
    assert (daemon.watcher, daemon.figures.found) == (first, 0)
    daemon.lose_all("nobody listened")
    assert warnings == []


class Heard:
    """A source that brings files of a collector, each at a time of its own."""

    def __init__(self, clock: PlayedClock, *files: tuple[float, Path]) -> None:
        self._clock, self._files = clock, files

    async def values(self) -> AsyncGenerator[Batch | Status, None]:
        decoder = LiveDecoder("rrc00", Faults(), Figures())
        for at_s, file in self._files:
            while self._clock.now < at_s:
                # Time comes though nobody says anything.
                await self._clock.come(min(max(self._clock.now + 1, self._files[0][0]), at_s))
            for batch in decoder.batches(gzip.decompress(file.read_bytes()), at_s):
                yield batch
        await self._clock.come(self._files[-1][0] + 60)
        self._clock.ended = True


@pytest.mark.parametrize(("late_s", "onsets"), [(1.9, {DOWN}), (30.0, {DOWN + 27, DOWN + 28})])
def test_what_is_late_within_the_lateness_counts_in_its_own_second_and_else_in_the_next_to_come(
    tmp_path: Path, late_s: float, onsets: set[int]
) -> None:
    """Two of five peers are heard in time, a second after the others, who are heard later: the third decides."""
    table, in_time, late = (Archive(tmp_path / part) for part in ("table", "in_time", "late"))
    table.table(T0, full_table())
    table.finish(T0 + SLOT)
    for number, peer in enumerate(PEERS):
        if number < 2:
            in_time.withdraw(DOWN + 1, peer, *KP)
        else:
            late.withdraw(DOWN, peer, *KP)
    in_time.finish(T0 + 3 * SLOT)
    late.finish(T0 + 3 * SLOT)
    snapshot = load()
    watcher = Watcher(snapshot, country_subjects(snapshot, ["KP"]))
    start_from(watcher, [tmp_path / "table"], lambda _text: None)
    found: list[Found] = []

    async def tell(one: Found) -> None:
        found.append(one)

    name = f"updates.{stamp(DOWN - DOWN % SLOT)}.gz"
    first, second = (next((tmp_path / part).rglob(name)) for part in ("in_time", "late"))
    clock = PlayedClock()
    source = Heard(clock, (DOWN + 1.5, first), (DOWN + late_s, second))
    up = Said(clock, Status("rrc00", True, "subscribed", float(T0 + SLOT)))
    daemon = Daemon(watcher, [up], tell, clock=clock, lateness_s=2.0)
    asyncio.run(daemon.run())
    clock.ended = False
    asyncio.run(Daemon(watcher, [source], tell, clock=clock, lateness_s=2.0).run())
    (opened,) = [m for one in found for m in one.new if m.kind == "opened"]
    assert opened.onset in onsets
