"""What goes wrong in the confirmation of one incident costs that one some time, and no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from nightside.engine.live.confirming import ASK_EVERY_S, Confirming
from nightside.model.errors import NightsideError
from nightside.model.instants import iso
from nightside.sources.endpoints import read_endpoints

NOW = 1_419_300_000
Json = dict[str, Any]


def incident(id: str, began: int) -> Json:
    return {
        "id": id,
        "entity": {"type": "country", "code": id[:2]},
        "severity": "total",
        "status": "restored",
        "closed_as": None,
        "began": iso(began),
        "ended": iso(began + 600),
        "revision": 1,
        "episodes": [],
        "instability": [],
        "provenance": {"reconstruction": False, "inputs": []},
    }


class Incidents:
    """A store of some, of which one may be damaged."""

    def __init__(self, *incidents: Json) -> None:
        self.all = {one["id"]: one for one in incidents}
        self.threads: set[int] = set()

    def last_change(self) -> int:
        return 1

    def changes(self, _after: int, _limit: int) -> list[object]:
        return []

    def incidents(self, **_: object) -> list[Json]:
        return [{"id": id} for id in self.all]

    def incident(self, id: str) -> Json | None:
        self.threads.add(threading.get_ident())
        return self.all.get(id)


class Confirmed(Confirming):
    """Confirms nothing but by name."""

    def __init__(self, store: Incidents, folder: Path, said: list[str], errors: dict[str, Exception]) -> None:
        self.clock = float(NOW)
        self.done: list[str] = []
        self._errors = errors

        async def nobody(*_: object) -> None:
            pass

        super().__init__(
            cast(Any, store), folder, ["rrc00"], nobody, read_endpoints(), said.append, now=lambda: self.clock
        )

    async def _confirm(self, windows: Sequence[Any]) -> int:
        for window in windows:
            if window.id in self._errors:
                raise self._errors[window.id]
            self.done.append(window.id)
            del self._due[window.id]
        return len(windows)


@pytest.fixture
def store() -> Incidents:
    apart = range(NOW - 80_000, NOW, 20_000)
    return Incidents(
        *(incident(id, began) for id, began in zip(("AA-1", "BB-1", "CC-1"), apart, strict=False))
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("a mistake"), "a mistake of this program (KeyError: 'a mistake')\nTraceback"),
        (NightsideError("it is damaged"), "it is damaged"),
        (OSError(), "OSError"),
    ],
)
def test_an_error_with_one_is_told_once_and_the_others_are_confirmed(
    store: Incidents, tmp_path: Path, error: Exception, told: str
) -> None:
    said: list[str] = []
    errors = {"AA-1": error}
    confirming = Confirmed(store, tmp_path, said, errors)
    assert asyncio.run(confirming.look()) == 2
    assert confirming.done == ["BB-1", "CC-1"]
    assert asyncio.run(confirming.look()) == 0, "not at once again"
    confirming.clock += ASK_EVERY_S
    assert asyncio.run(confirming.look()) == 0
    (text,) = said
    assert text.startswith(f"AA-1: cannot be confirmed now: {told}")
    errors.clear()
    confirming.clock += ASK_EVERY_S
    assert asyncio.run(confirming.look()) == 1
    assert confirming.done == ["BB-1", "CC-1", "AA-1"]


def test_an_incident_that_cannot_be_understood_is_in_nobody_s_way(store: Incidents, tmp_path: Path) -> None:
    said: list[str] = []
    whole = store.all["BB-1"]
    store.all["BB-1"] = {k: v for k, v in whole.items() if k != "provenance"}
    confirming = Confirmed(store, tmp_path, said, {})
    assert asyncio.run(confirming.look()) == 2
    assert asyncio.run(confirming.look()) == 0
    assert [text.splitlines()[0] for text in said] == [
        "BB-1: cannot be confirmed now: a mistake of this program (KeyError: 'provenance')"
    ]
    store.all["BB-1"] = whole
    assert asyncio.run(confirming.look()) == 1
    assert confirming.done == ["AA-1", "CC-1", "BB-1"]


def test_the_store_is_read_beside_the_loop(store: Incidents, tmp_path: Path) -> None:
    confirming = Confirmed(store, tmp_path, [], {})

    async def main() -> None:
        await confirming.look()
        assert threading.get_ident() not in store.threads

    asyncio.run(main())
    assert store.threads


def test_looking_goes_on_after_whatever_it_was(
    store: Incidents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nightside.engine.live.confirming.LOOK_EVERY_S", 0.01)
    said: list[str] = []
    confirming = Confirmed(store, tmp_path, said, {})
    errors: list[Exception] = [ZeroDivisionError("once"), ZeroDivisionError("twice")]
    whole = store.incidents

    def sick(**named: object) -> list[Json]:
        if errors:
            raise errors.pop()
        return whole(**named)

    store.incidents = sick  # type: ignore[method-assign]

    async def main() -> None:
        running = asyncio.create_task(confirming.run())
        while len(confirming.done) < 3:
            assert not running.done()
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(asyncio.wait_for(main(), 20))
    assert len(said) == 1
    assert said[0].startswith(
        "nothing can be confirmed now: a mistake of this program (ZeroDivisionError: twice)"
    )
