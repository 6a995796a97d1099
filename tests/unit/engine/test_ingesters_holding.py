"""Leases of one program: held while it lives, lost when it only slept; and whom it hears by them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from nightside.engine.ingesters import hearing, holding
from nightside.engine.ingesters.hearing import OTHER, Hearing
from nightside.engine.ingesters.holding import Holding, collector, program, programs_in, readers_in
from nightside.engine.ingesters.relay import Relay
from nightside.engine.ingesters.relays import Relays
from nightside.model.errors import LeaseLostError, NightsideError
from nightside.sources.stream import Faults, Figures, Status
from nightside.store.local_files import LocalFiles
from nightside.store.location import open_store
from nightside.store.protocol import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store") as found:
        yield found


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "RENEW_EVERY_S", 0.05)
    monkeypatch.setattr(holding, "LEASE_S", 0.5)
    monkeypatch.setattr(hearing, "LOOK_EVERY_S", 0.05)


def fail(text: str) -> None:
    raise AssertionError(text)


@pytest.mark.usefixtures("_soon")
def test_it_is_held_for_longer_than_a_lease_and_given_back_at_the_end(store: Store) -> None:
    async def main() -> None:
        async with Holding(store, "one", fail) as mine:
            lease = await mine.take("judge")
            assert lease is not None
            await asyncio.sleep(0.8)
            assert [one.holder for one in store.leases("judge")] == ["one"]
            assert store.take_lease("judge", "two", 1) is None
            await mine.look()
        assert store.leases() == []
        # A number more: it is another's.
        taken = store.take_lease("judge", "two", 1)
        assert taken is not None
        assert taken.number == lease.number + 1

    asyncio.run(main())


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("is_held", [True, False], ids=["by another", "by one that is gone too"])
def test_who_only_slept_learns_that_another_has_taken_it(store: Store, is_held: bool) -> None:
    async def main() -> None:
        async with Holding(store, "one", fail) as mine:
            lease = await mine.take("judge")
            assert lease is not None
            mine._renewing.cancel()  # type: ignore[union-attr]
            await asyncio.sleep(0.6)
            other = store.take_lease("judge", "two", 5)
            assert other is not None
            if not is_held:
                store.release_lease(other)
            with pytest.raises(LeaseLostError):
                await mine.look()
            with pytest.raises(LeaseLostError):
                await asyncio.wait_for(mine.lost(), 1)
        assert [one.holder for one in store.leases("judge")] == (["two"] if is_held else [])

    asyncio.run(main())


@pytest.mark.usefixtures("_soon")
def test_who_only_slept_and_was_not_missed_goes_on(store: Store) -> None:
    async def main() -> None:
        async with Holding(store, "one", fail) as mine:
            lease = await mine.take("judge")
            mine._renewing.cancel()  # type: ignore[union-attr]
            await asyncio.sleep(0.6)
            assert store.leases() == []
            await mine.look()
            (again,) = store.leases()
            assert lease is not None
            assert (again.holder, again.number) == ("one", lease.number)

    asyncio.run(main())


class Away:
    """A store that cannot be asked for a while."""

    def __init__(self, store: Store) -> None:
        self.store, self.is_away = store, False

    def __getattr__(self, name: str) -> Any:
        if self.is_away:
            raise NightsideError("the server does not answer")
        return getattr(self.store, name)


@pytest.mark.usefixtures("_soon")
def test_a_store_that_cannot_be_asked_takes_nothing_from_anybody(store: Store) -> None:
    away, warned = Away(store), list[str]()

    async def main() -> None:
        async with Holding(cast(Store, away), "one", warned.append) as mine:
            assert await mine.take("judge") is not None
            away.is_away = True
            await asyncio.sleep(0.7)
            await mine.look()
            assert await mine.all() is None
            assert store.leases() == []
            away.is_away = False
            await asyncio.sleep(0.2)
            assert [one.holder for one in store.leases("judge")] == ["one"]
            # Nor may one take what others hold who had no time yet to say that they live.
            assert await mine.all() is None
            await asyncio.sleep(0.5)
            assert await mine.all() == store.leases()
        assert len(warned) == 2

    asyncio.run(main())


@pytest.mark.usefixtures("_soon")
def test_while_somebody_wrote_for_long_nobody_is_taken_for_dead(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "SLOW_S", 0.25)

    async def main() -> None:
        async with Holding(store, "two", fail) as mine:
            # What another holds runs out while both wait for somebody who writes.
            assert store.take_lease("collector rrc00", "one", 0.3) is not None
            with store._writing():  # type: ignore[attr-defined]
                waits = asyncio.create_task(mine.take("ingester two"))
                await asyncio.sleep(0.6)
            assert await waits is not None
            assert store.leases("collector") == []
            assert await mine.all() is None
            assert store.take_lease("collector rrc00", "one", 5) is not None
            await asyncio.sleep(0.6)
            known = await mine.all()
            assert known is not None
            assert readers_in(known) == {"rrc00": "one"}

    asyncio.run(main())


class Stream:
    """A collector's stream that only says that it is up."""

    def __init__(self, name: str) -> None:
        self.name, self.faults, self.figures = name, Faults(), Figures()
        self.closed = False

    async def values(self) -> AsyncGenerator[Status, None]:
        try:
            yield Status(self.name, True, "subscribed", 1.0)
            await asyncio.Event().wait()
        finally:
            self.closed = True


class Routers(Stream):
    """A listener to which one router comes whenever it was hung up on."""

    def __init__(self) -> None:
        super().__init__("router")
        self.hung_up: list[tuple[str, str]] = []
        self.come = asyncio.Event()

    async def values(self) -> AsyncGenerator[Status, None]:
        while True:
            await self.come.wait()
            self.come.clear()
            yield Status("router", True, "connected", 1.0)

    def hang_up(self, name: str, why: str) -> None:
        self.hung_up.append((name, why))


class One:
    """One of several programs."""

    def __init__(self, store: Store, folder: Path, name: str) -> None:
        self.holding = Holding(store, name, fail)
        self.relay = Relay(LocalFiles(folder), name, fail)
        self.streams: list[Stream] = []
        self.routers = Routers()
        self.hearing = Hearing(
            self.holding,
            self.relay,
            ["rrc00", "rrc01"],
            self._stream,
            cast(Any, self.routers),
            lambda _text: None,
        )

    def _stream(self, name: str) -> Any:
        self.streams.append(Stream(name))
        return self.streams[-1]

    async def live(self) -> None:
        async with self.holding:
            await self.holding.take(program(self.holding.holder))
            async with self.relay:
                await self.hearing.run()


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("_soon")
def test_two_share_and_one_takes_what_the_other_leaves(store: Store, tmp_path: Path) -> None:
    def readers() -> dict[str, str]:
        return readers_in(store.leases())

    async def main() -> None:
        one, two = One(store, tmp_path / "relay", "one"), One(store, tmp_path / "relay", "two")
        first = asyncio.create_task(one.live())
        await until(lambda: readers() == {"rrc00": "one", "rrc01": "one"})
        second = asyncio.create_task(two.live())
        await until(lambda: readers() == {"rrc00": "one", "rrc01": "two"})
        assert sorted(programs_in(store.leases())) == ["one", "two"]
        assert one.hearing.collectors == ["rrc00"]
        assert sorted(one.hearing.sources) == ["bmp", "ris_live rrc00"]
        assert [s.name for s in one.streams if s.closed] == ["rrc01"]

        # A router speaks to both; one has it until it goes.
        one.routers.come.set()
        await until(lambda: readers().get("router") == "one")
        two.routers.come.set()
        await until(lambda: two.routers.hung_up)
        assert two.routers.hung_up == [("router", OTHER)]

        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await until(lambda: readers() == {"rrc00": "two", "rrc01": "two"})
        two.routers.come.set()
        await until(lambda: readers().get("router") == "two")
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert store.leases() == []
        return await told(tmp_path / "relay")

    asyncio.run(main())


async def told(folder: Path) -> None:
    """Whoever begins to hear says first that nobody did, and whoever ends says that."""
    said: dict[tuple[str, str], list[bool]] = {}
    relays = Relays(LocalFiles(folder), fail)
    try:
        async with asyncio.timeout(0.5):
            async for piece in relays.values():
                for _lease, value in piece.values:
                    assert isinstance(value, Status)
                    said.setdefault((piece.relay, value.collector), []).append(value.up)
    except TimeoutError:
        pass
    assert said["one", "rrc00"] == [False, True, False]
    assert said["one", "rrc01"] == [False, True, False]
    assert said["two", "rrc00"] == [False, True, False]
    assert said["two", "rrc01"] == [False, True, False]


def test_names_of_leases() -> None:
    assert (program("h"), collector("rrc00")) == ("ingester h", "collector rrc00")
