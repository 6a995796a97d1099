"""Recording is beside the watch: whatever goes wrong in it costs samples, and no watch."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from routing_world import T0
from stormy_world import Storm, networks
from watched_world import watched

from nightside.engine.live.confirmed import flips_lock
from nightside.engine.live.recording import Recording
from nightside.engine.live.watcher import Found, Watcher
from nightside.signals.quality import health
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
    store = Sick(tmp_path)
    said: list[str] = []
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
    store = EmbeddedStore(tmp_path)
    said: list[str] = []
    recording = Recording(store, warn=said.append)
    sick = [False]

    def failing(*args: Any, **named: Any) -> Any:
        if sick[0]:
            raise ZeroDivisionError("of no peers")
        return health(*args, **named)

    monkeypatch.setattr("nightside.engine.live.recording.health", failing)

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


class Asked:
    """A store of one incident, in which archives confirm it as soon as it is asked for."""

    def __init__(self) -> None:
        self.flips = "none"
        self.confirming: threading.Thread | None = None
        self._inputs: list[dict[str, str]] = []

    def put_samples(self, *_: object) -> None:
        pass

    def incident(self, _id: str) -> dict[str, Any]:
        found = {
            "began": "2014-12-22T16:35:00Z",
            "provenance": {"inputs": list(self._inputs)},
            "episodes": [],
            "instability": [],
        }
        if self.confirming is None:
            self.confirming = threading.Thread(target=self.confirm)
            self.confirming.start()
            self.confirming.join(0.2)
        return found

    def confirm(self) -> None:
        with flips_lock:
            self._inputs = [{"name": "rrc00/2014.12/updates.20141222.1635.gz", "sha256": ""}]
            self.put_flips("KP-1", "the archives'")

    def put_flips(self, _id: str, flips: str) -> None:
        self.flips = flips


def test_a_confirmation_between_looking_and_writing_keeps_its_flips() -> None:
    store = Asked()
    recording = Recording(cast(Any, store))
    live = cast(Any, SimpleNamespace(table=lambda: "the daemon's"))
    recording._put([], {}, ("KP-1", live))
    assert store.confirming is not None
    store.confirming.join(5)
    assert store.flips == "the archives'"
    recording._put([], {}, ("KP-1", live))
    assert store.flips == "the archives'"
    recording.close()
