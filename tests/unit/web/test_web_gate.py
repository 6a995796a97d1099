"""Tokens at the gate: as the store has them at that instant, wrong ones bounded, and nobody else held up by them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from nightside.model.token import Token
from nightside.store.token_form import digest_of, new_token
from nightside.web import gate
from nightside.web.errors import BusyError, TooManyError
from nightside.web.gate import WRONG, Gate, UnauthorizedError

NOW = 1_795_345_200
RIGHT, GUEST = new_token("tokyo-1"), new_token("guest")
KEPT = [
    Token("checks", "tokyo-1", digest_of(RIGHT), 0),
    Token("reports", "guest", digest_of(GUEST), 0, expires=NOW),
]
WRONG_TOKEN = "nightside_tokyo-1_" + "A" * 43


class Tokens:
    """Stands for the store: counts readings, which may be held up."""

    def __init__(self) -> None:
        self.kept, self.readings = list(KEPT), 0
        self.go_on = threading.Event()
        self.go_on.set()

    def tokens(self) -> list[Token]:
        self.readings += 1
        assert self.go_on.wait(10)
        return list(self.kept)


def asking(token: str, address: str = "192.0.2.1") -> Request:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return Request({"type": "http", "headers": headers, "client": (address, 4711)})


def within(told: Callable[[Gate, Tokens], Any], now: float = NOW) -> Any:
    async def run() -> Any:
        store = Tokens()
        made = Gate(store, now=lambda: now)  # type: ignore[arg-type]
        try:
            return await told(made, store)
        finally:
            store.go_on.set()
            made.close()

    return asyncio.run(run())


async def outcome(made: Gate, token: str, address: str = "192.0.2.1", scope: Any = "checks") -> str:
    try:
        return (await made.bearer(asking(token, address), scope)).name
    except (UnauthorizedError, TooManyError, BusyError) as error:
        return str(error.status)


def test_each_is_held_against_the_store_as_it_stands() -> None:
    async def told(made: Gate, store: Tokens) -> list[str]:
        found = [await outcome(made, RIGHT)]
        store.kept = []
        found.append(await outcome(made, RIGHT))
        store.kept = KEPT
        found.append(await outcome(made, RIGHT))
        return [*found, await outcome(made, RIGHT, scope="reports")]

    assert within(told) == ["tokyo-1", "401", "tokyo-1", "401"]


@pytest.mark.parametrize(("now", "found"), [(NOW - 1, "guest"), (NOW, "401")])
def test_one_that_runs_out_is_taken_until_then(now: int, found: str) -> None:
    assert within(lambda made, _: outcome(made, GUEST, scope="reports"), now) == found


def test_wrong_ones_of_an_address_are_put_off_and_right_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "time", SimpleNamespace(monotonic=lambda: 1000.0))

    async def told(made: Gate, _: Tokens) -> None:
        found = [await outcome(made, WRONG_TOKEN) for _ in range(WRONG.burst + 2)]
        assert found == ["401"] * WRONG.burst + ["429"] * 2
        with pytest.raises(TooManyError) as refused:
            await made.bearer(asking(WRONG_TOKEN), "checks")
        # One in five seconds comes back.
        assert refused.value.headers == {"Retry-After": "5"}
        assert await outcome(made, RIGHT) == "tokyo-1"
        assert await outcome(made, WRONG_TOKEN, "192.0.2.2") == "401"
        monkeypatch.setattr(gate, "time", SimpleNamespace(monotonic=lambda: 1005.0))
        assert [await outcome(made, WRONG_TOKEN) for _ in range(2)] == ["401", "429"]

    within(told)


def test_no_more_addresses_are_remembered_than_said() -> None:
    async def told(made: Gate, _: Tokens) -> int:
        made._wrong._limits = SimpleNamespace(requests_per_s=0.2, burst=20, clients=10)  # type: ignore[assignment]
        for n in range(50):
            assert await outcome(made, WRONG_TOKEN, f"192.0.2.{n}") == "401"
        return len(made._wrong._buckets)

    assert within(told) == 10
    assert WRONG.clients == 10_000


def test_all_who_wait_are_known_by_one_reading() -> None:
    async def told(made: Gate, store: Tokens) -> None:
        store.go_on.clear()
        first = asyncio.create_task(outcome(made, WRONG_TOKEN))
        while store.readings == 0:
            await asyncio.sleep(0.001)
        # While the store is read a flood comes, and a rightful bearer in the midst of it.
        flood = [
            asyncio.create_task(outcome(made, RIGHT if n == 50 else WRONG_TOKEN, f"192.0.2.{n}"))
            for n in range(100)
        ]
        await asyncio.sleep(0)
        store.go_on.set()
        assert await first == "401"
        assert await asyncio.gather(*flood) == ["401"] * 50 + ["tokyo-1"] + ["401"] * 49
        assert store.readings == 2

    within(told)


def test_a_bounded_number_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "WAITING", 3)

    async def told(made: Gate, store: Tokens) -> None:
        store.go_on.clear()
        first = asyncio.create_task(outcome(made, RIGHT))
        while store.readings == 0:
            await asyncio.sleep(0.001)
        waiting = [asyncio.create_task(outcome(made, RIGHT)) for _ in range(5)]
        await asyncio.sleep(0)
        store.go_on.set()
        assert await asyncio.gather(first, *waiting) == ["tokyo-1"] * 4 + ["503"] * 2

    within(told)


def test_who_goes_away_meanwhile_costs_nobody_else() -> None:
    async def told(made: Gate, store: Tokens) -> None:
        store.go_on.clear()
        gone = asyncio.create_task(outcome(made, RIGHT))
        while store.readings == 0:
            await asyncio.sleep(0.001)
        stays = asyncio.create_task(outcome(made, RIGHT))
        await asyncio.sleep(0)
        gone.cancel()
        store.go_on.set()
        assert await stays == "tokyo-1"

    within(told)


def test_a_store_that_cannot_be_read_is_told_to_each_and_forgotten() -> None:
    async def told(made: Gate, store: Tokens) -> None:
        store.kept = None  # type: ignore[assignment]
        with pytest.raises(TypeError):
            await made.bearer(asking(RIGHT), "checks")
        store.kept = KEPT
        assert await outcome(made, RIGHT) == "tokyo-1"

    within(told)
