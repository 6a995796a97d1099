"""December 2014 as if it were live: the daemon tells what a replay tells, when it can be told, and each once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from archive_stream import ArchiveStream, PlayedClock

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.replay import Replay, replay
from nightside.engine.subjects import country_subjects
from nightside.incidents.messages import Message
from nightside.model.instants import parse_iso
from nightside.world.snapshot import load

STEP_S = 10
LATENESS_S = 2


@pytest.fixture(scope="module")
def batch(december: Path) -> Replay:
    return replay([december], countries=["KP"])


@pytest.fixture(scope="module")
def heard(december: Path) -> list[tuple[float, Message, Found]]:
    snapshot = load()
    watcher = Watcher(snapshot, country_subjects(snapshot, ["KP"]))
    clock = PlayedClock()
    stream = ArchiveStream(december, clock, step_s=STEP_S)
    for table in stream.tables():
        for columns in stream.read(table):
            watcher.live.apply(table.collector, stream.decoder(table.collector).peers, columns)
        watcher.live.table_done(table.collector)
    found: list[tuple[float, Message, Found]] = []

    async def tell(one: Found) -> None:
        found.extend((clock.time(), message, one) for message in one.new)

    daemon = Daemon(watcher, [stream], tell, clock=clock, lateness_s=LATENESS_S)
    asyncio.run(daemon.run())
    return found


def test_the_messages_are_those_of_the_replay(
    batch: Replay, heard: list[tuple[float, Message, Found]]
) -> None:
    told = {m.key: m.to_json() for messages in batch.messages for m in messages}
    assert {m.key: m.to_json() for _at, m, _found in heard} == told
    assert len(heard) == len(told), "something was told twice"


def test_two_are_restored_and_not_every_flap_is_told(heard: list[tuple[float, Message, Found]]) -> None:
    restored = [m for _at, m, _found in heard if m.kind == "restored"]
    # Documented: 9 h 31 min from 16:15 UTC on the 22nd, and 31 min from 15:41 on the 23rd.
    assert [m.duration_s for m in restored] == [9 * 3600 + 31 * 60, 31 * 60]
    assert [m.onset for m in restored] == [
        parse_iso("2014-12-22T16:15:00Z"),
        parse_iso("2014-12-23T15:41:00Z"),
    ]
    assert len(heard) < 15


def test_each_is_told_as_soon_as_it_is_due(heard: list[tuple[float, Message, Found]]) -> None:
    late = [at - m.at for at, m, _found in heard]
    # One step of the stream, and what may be late.
    assert all(0 <= s <= STEP_S + LATENESS_S + 2 for s in late), late


def test_the_incident_goes_on_while_it_goes_on(heard: list[tuple[float, Message, Found]]) -> None:
    opened = [found.incident for _at, m, found in heard if m.kind == "opened"]
    assert [i.status for i in opened] == ["ongoing"] * len(opened)
    assert all(i.ended is None for i in opened)
