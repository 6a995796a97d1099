"""What happened while a stream was away is known once the archive has it, and is not news of that moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from archive_server import ArchiveServer, archive_server, use_archive
from small_archive import KP, PEERS, SLOT, T0, Archive, full_table, usual

from nightside.engine.live.filling import FILES_AFTER_S, GIVE_UP_S, Archived, Filling
from nightside.engine.live.reading import FileReader
from nightside.engine.live.starting import start_from
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.routing.observation import WayTable
from nightside.scenes.mrt_writer import State
from nightside.sources.endpoints import read_endpoints
from nightside.sources.layout import find_inputs
from nightside.sources.polite_http import Manners
from nightside.sources.stream import Batch
from nightside.world.snapshot import load

LOST, BACK, NOW, END = T0 + 900, T0 + 1500, T0 + 2399, T0 + 2400
SEEN = range(LOST, BACK, SLOT)
QUICK = Manners(tries=1, first_pause_s=0.01, connect_s=2.0, silence_s=2.0)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    found = Archive(tmp_path / "archive")
    found.table(T0, full_table())
    return found


@pytest.fixture
def server(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    with archive_server(tmp_path / "archive") as running:
        use_archive(running, monkeypatch, tmp_path)
        yield running


def watcher() -> Watcher:
    snapshot = load()
    found = Watcher(snapshot, country_subjects(snapshot, ["KP"]))
    found.live.archived = Archived()
    return found


def units(watch: Watcher) -> int:
    (course,) = watch.courses.all.values()
    return course.units[-1]


def heard(folder: Path, *, until: int = END) -> tuple[Watcher, list[Found]]:
    """A watch that heard all but the gap: its files stand for the stream."""
    watch = watcher()
    found: list[Found] = []
    files = [f for f in find_inputs([folder]).files if (f.nominal or 0) < until]
    reader = FileReader(watch, "rrc00", lambda _text: None)
    for file in files:
        assert file.nominal is not None
        if file.nominal in SEEN:
            continue
        if file.nominal == BACK:
            watch.live.lost("rrc00", LOST)
            found += watch.until(BACK - 1)
            watch.live.back("rrc00", BACK)
        reader.read(file)
        if file.kind == "table":
            continue
        found += watch.until(file.nominal + SLOT - 1)
    return watch, found


def filling(watch: Watcher, warnings: list[str], now: int) -> Filling:
    return Filling(
        lambda: watch,
        read_endpoints(),
        warnings.append,
        now=lambda: float(now),
        manners=QUICK,
        look_every_s=0.01,
    )


def filled(watch: Watcher, now: int = BACK + FILES_AFTER_S + SLOT, within_s: float = 5.0) -> Batch | None:
    async def first() -> Batch | None:
        values = filling(watch, [], now).values()
        try:
            async with asyncio.timeout(within_s):
                return await anext(values)  # type: ignore[return-value]
        except TimeoutError:
            return None
        finally:
            await values.aclose()

    return asyncio.run(first())


def take(watch: Watcher, batch: Batch | None) -> list[Found]:
    assert batch is not None
    assert batch.fills
    assert watch.live.fill(batch.collector, batch.peers, batch.columns, watch.until_s + 1)
    return watch.until(watch.until_s + 2)


def test_an_outage_that_began_in_the_gap_is_told_with_the_range_of_the_gap(
    archive: Archive, server: ArchiveServer
) -> None:
    for peer in PEERS:
        archive.withdraw(LOST + 100, peer, *KP)
    archive.finish(END)
    watch, before = heard(server.root)
    assert units(watch) == 4
    assert not before
    found = take(watch, filled(watch))
    assert units(watch) == 0
    (opened,) = [m for one in found for m in one.new]
    assert opened.kind == "opened"
    (episode,) = {m.episodes[0] for one in found for m in one.new}
    assert episode.onset_range == (LOST, NOW + 1)


def test_what_the_stream_told_since_is_newer(archive: Archive, server: ArchiveServer) -> None:
    for peer in PEERS:
        archive.withdraw(LOST + 100, peer, *KP)
        archive.announce(BACK + 200, peer, *KP)
    archive.finish(END)
    watch, _before = heard(server.root)
    assert not take(watch, filled(watch))
    assert units(watch) == 4


def test_what_the_collector_itself_says_after_the_gap_is_nothing_newer(
    archive: Archive, server: ArchiveServer
) -> None:
    for peer in PEERS:
        archive.withdraw(LOST + 100, peer, *KP)
        archive.announce(BACK + 200, peer, *KP, local=True)
    archive.finish(END)
    watch, _before = heard(server.root)
    take(watch, filled(watch))
    assert units(watch) == 0


def test_sessions_that_came_up_in_the_gap_have_what_they_sent_then(
    archive: Archive, server: ArchiveServer
) -> None:
    for peer in PEERS:
        archive.state(LOST + 50, peer, State.ESTABLISHED, State.IDLE)
        archive.state(LOST + 60, peer, State.OPEN_CONFIRM, State.ESTABLISHED)
        archive.announce(LOST + 61, peer, *KP[:3], "8.8.8.0/24")
    archive.finish(END)
    watch, _before = heard(server.root)
    take(watch, filled(watch))
    assert units(watch) == 3


def test_sessions_that_went_down_in_the_gap_are_unknown_and_that_is_no_outage(
    archive: Archive, server: ArchiveServer
) -> None:
    for peer in PEERS:
        archive.state(LOST + 50, peer, State.ESTABLISHED, State.IDLE)
    archive.finish(END)
    watch, _before = heard(server.root)
    assert not watch.view[-1].unknown
    assert not [m for one in take(watch, filled(watch)) for m in one.new]
    assert watch.view[-1].unknown


def test_what_the_archive_lacks_is_waited_for_and_given_up_in_the_end(
    archive: Archive, server: ArchiveServer
) -> None:
    archive.finish(END, missing=[T0 + 1200])
    watch, _before = heard(server.root)
    assert filled(watch, within_s=1.0) is None
    assert watch.live.collectors["rrc00"].missed is not None
    warnings: list[str] = []
    assert list(filling(watch, warnings, BACK + GIVE_UP_S + 1)._gaps()) == []
    assert "stays unknown" in warnings[0]
    assert watch.live.collectors["rrc00"].missed is None


@pytest.mark.parametrize("seed", range(12))
def test_in_the_end_every_session_holds_what_an_undisturbed_one_does(
    archive: Archive, server: ArchiveServer, seed: int
) -> None:
    chance = random.Random(seed)
    prefixes = [*KP, "8.8.8.0/24"]
    moments = sorted(chance.uniform(T0, END - 1) for _ in range(120))
    for at in map(int, moments):
        peer, prefix = chance.choice(list(PEERS)), chance.choice(prefixes)
        if chance.random() < 0.4:
            archive.withdraw(at, peer, prefix)
        else:
            path = (*usual(PEERS[peer])[:1], chance.choice((4837, 20485)), 131279)
            archive.announce(at, peer, prefix, path=path)
    archive.finish(END)
    watch, _before = heard(server.root)
    take(watch, filled(watch))
    whole = watcher()
    start_from(whole, [server.root], lambda _text: None)
    assert ways(watch) == ways(whole)


def ways(watch: Watcher) -> dict[tuple[str, str], tuple[int, int] | None]:
    """By (peer, prefix): the origin and the AS beside it."""
    live = watch.live
    collector = live.collectors["rrc00"]
    told = WayTable(*live.ways.columns())
    ids = np.arange(live.prefixes.count, dtype=np.uint32)
    found = {}
    for peer, number in collector.peers.items():
        for prefix, way in zip(ids.tolist(), collector.table.routes(number, ids).tolist(), strict=True):
            origin, upstream = told.origin[way], told.upstream[way]
            found[peer.address, live.prefixes.text(prefix)] = (int(origin), int(upstream)) if way else None
    return found
