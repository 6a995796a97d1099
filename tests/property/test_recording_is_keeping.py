"""What is recorded live is, in the end, what a replay would keep: samples, hours and the health of the view."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from routing_world import T0, World
from stormy_world import Storm, networks, stormy
from watched_world import analysed, watched

from nightside.engine.analysis import baselines
from nightside.engine.live.recording import Recording
from nightside.engine.live.watcher import Found, Watcher
from nightside.model.errors import NightsideError
from nightside.signals.quality import view_signals
from nightside.store.embedded import EmbeddedStore
from nightside.store.protocol import Store


def kept(world: World, end: int, folder: Path) -> tuple[Store, Any]:
    """The store with what a replay keeps of signals."""
    seen = world.seen(end)
    _subjects, analysis, _collected = analysed(world, seen)
    assert analysis is not None
    store = EmbeddedStore(folder)
    health = view_signals(seen.timeline, seen.saw)
    store.put_samples([*analysis.signals, *health], baselines(analysis, world.settings))
    return store, seen


def answers(store: Store, begin: int, end: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for state in store.entities():
        found[f"{state.type} {state.code}"] = (
            (state.units, state.quality, state.baseline_units, state.first_s, state.last_s),
            store.samples(state.type, state.code, begin, end).to_pylist(),
            store.rollup(state.type, state.code, begin, end).to_pylist(),
        )
    return found


def test_each_writing_and_new_beginnings(tmp_path: Path) -> None:
    """Written to the minute, and from time to time by one that begins anew, as after a crash."""
    world, end = stormy(5, 1)
    replayed, seen = kept(world, end, tmp_path / "replayed")
    live = EmbeddedStore(tmp_path / "live")
    random_ = random.Random(1)
    recordings = [Recording(live)]
    stale: list[int] = []

    def each(watcher: Watcher, _found: list[Found]) -> None:
        if random_.random() < 0.02:
            recordings[-1].close()
            recordings.append(Recording(live))
        recordings[-1].come(watcher)
        recordings[-1].settle(wait=True)
        states = live.entities("country")
        stale.append(watcher.until_s - min((s.last_s for s in states), default=0))

    watcher, _found = watched(world, end, range(T0, end, 120), seen=seen, each=each)
    recordings[-1].close(watcher)
    assert len(recordings) > 5
    assert answers(live, T0, end) == answers(replayed, T0, end)
    assert max(stale[1:]) <= 300 + 120
    live.close()
    replayed.close()


class Full(EmbeddedStore):
    """Its disk is full for a while."""

    full = False

    def put_samples(self, *put: Any, **named: Any) -> None:
        if self.full:
            raise NightsideError("samples cannot be written (No space left on device)")
        super().put_samples(*put, **named)


def test_a_full_disk_is_told_once_and_what_waited_is_written(tmp_path: Path) -> None:
    storm = Storm()
    storm.lose(T0 + 7_000, networks(1), 900, 12)
    world, end = storm.done(), T0 + 5 * 3_600
    live = Full(tmp_path / "live")
    said: list[str] = []
    recording = Recording(live, warn=said.append)

    def each(watcher: Watcher, _found: list[Found]) -> None:
        live.full = T0 + 6_000 < watcher.until_s < T0 + 12_000
        recording.come(watcher)
        recording.settle(wait=True)

    watcher, _found = watched(world, end, range(T0, end, 60), each=each)
    recording.close(watcher)
    assert len(said) == 2
    assert "No space left on device" in said[0]
    rows = live.samples("country", "XA", T0, end).to_pylist()
    # The last of twelve peers is four seconds behind the first; half of them are enough.
    assert [(int(r["time"].timestamp()) - T0, r["units"]) for r in rows] == [(0, 12), (7_002, 0), (7_902, 12)]
    live.close()


@pytest.mark.parametrize("seed", [3, 17])
def test_over_days_of_losses(seed: int, tmp_path: Path) -> None:
    world, end = stormy(seed, 3)
    replayed, seen = kept(world, end, tmp_path / "replayed")
    random_ = random.Random(seed)
    stops = [T0 + s for s in accumulate(random_.choice([10, 60, 60, 300]) for _ in range(end - T0))]
    live = EmbeddedStore(tmp_path / "live")
    recording = Recording(live)
    waited: list[bool] = [True] * (T0 // 20_000)

    def each(watcher: Watcher, _found: list[Found]) -> None:
        recording.come(watcher)
        # The disk may be slow, but not by days, which pass here in a second.
        if watcher.until_s // 20_000 > len(waited):
            waited.append(recording.settle(wait=True))

    watcher, _found = watched(world, end, [s for s in stops if s < end], seen=seen, seed=seed, each=each)
    recording.close(watcher)
    assert answers(live, T0, end) == answers(replayed, T0, end)
    live.close()
    replayed.close()
