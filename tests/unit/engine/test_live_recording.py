"""Recording is beside the watch: whatever goes wrong in it costs samples, and no watch."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from routing_world import T0
from stormy_world import Storm, networks
from watched_world import watched

from nightside.engine.live import recording as module
from nightside.engine.live.recording import Recording
from nightside.engine.live.watcher import Found, Watcher
from nightside.store.embedded import EmbeddedStore

END = T0 + 2 * 3_600
SICK = range(T0 + 3_000, T0 + 6_000)


class Sick(EmbeddedStore):
    """Nobody thought of what it says."""

    error: Exception | None = None

    def put_samples(self, *put: Any, **named: Any) -> None:
        if self.error:
            raise self.error
        super().put_samples(*put, **named)


def lost_once() -> Storm:
    storm = Storm()
    storm.lose(T0 + 4_000, networks(1), 900, 12)
    return storm


def rows_of(store: EmbeddedStore) -> list[tuple[int, int]]:
    rows = store.samples("country", "XA", T0, END).to_pylist()
    return [(int(r["time"].timestamp()) - T0, r["units"]) for r in rows]


@pytest.mark.parametrize(
    "error", [ValueError("it goes backwards"), LookupError("KP-1"), sqlite3.OperationalError("locked")]
)
def test_an_error_nobody_thought_of_is_told_once_with_its_trace_and_costs_a_writing(
    tmp_path: Path, error: Exception
) -> None:
    store, said = Sick(tmp_path), []
    recording = Recording(store, warn=said.append)

    def each(watcher: Watcher, _found: list[Found]) -> None:
        store.error = error if watcher.until_s in SICK else None
        recording.come(watcher)
        recording.settle(wait=True)

    watcher, _found = watched(lost_once().done(), END, range(T0, END, 300), each=each)
    recording.close(watcher)
    assert len(said) == 2
    assert f"{type(error).__name__}: {error}" in said[0]
    assert "in put_samples" in said[0]
    assert said[1] == "samples are written again"
    # What was left out is in the next: it begins where the store ends. The last of twelve is four seconds late.
    assert rows_of(store) == [(0, 12), (4_002, 0), (4_902, 12)]
    store.close()


def test_an_error_before_the_writing_costs_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, said = EmbeddedStore(tmp_path), []
    recording = Recording(store, warn=said.append)
    health = module.health
    sick = [False]

    def failing(*args: Any, **named: Any) -> Any:
        if sick[0]:
            raise ZeroDivisionError("of no peers")
        return health(*args, **named)

    monkeypatch.setattr(module, "health", failing)

    def each(watcher: Watcher, _found: list[Found]) -> None:
        sick[0] = watcher.until_s in SICK
        recording.come(watcher)
        recording.settle(wait=True)

    watcher, _found = watched(lost_once().done(), END, range(T0, END, 300), each=each)
    recording.close(watcher)
    assert [text.splitlines()[0] for text in said] == [
        "samples are not written: a mistake of this program (ZeroDivisionError: of no peers)",
        "samples are written again",
    ]
    assert rows_of(store) == [(0, 12), (4_002, 0), (4_902, 12)]
    store.close()
