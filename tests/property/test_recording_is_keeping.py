"""What is recorded live is, in the end, what a replay would keep: samples, hours and the health of the view."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from routing_world import T0, World
from stormy_world import DAY_S, Storm, networks, stormy
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


@pytest.mark.parametrize("seed", [3, 17])
def test_over_days_of_losses(seed: int, tmp_path: Path) -> None:
    world, end = stormy(seed, 3)
    replayed, seen = kept(world, end, tmp_path / "replayed")
    random_ = random.Random(seed)
    stops = [T0 + s for s in accumulate(random_.choice([10, 60, 60, 300]) for _ in range(end - T0))]
    live = EmbeddedStore(tmp_path / "live")
    recording = Recording(live)

    def each(watcher: Watcher, _found: list[Found]) -> None:
        recording.come(watcher)

    watcher, _found = watched(world, end, [s for s in stops if s < end], seen=seen, seed=seed, each=each)
    recording.close(watcher)
    assert answers(live, T0, end) == answers(replayed, T0, end)
    live.close()
    replayed.close()
