"""The BMP listener with routers of our own making: several at once, restarting, lying and talking garbage."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import bgp_bytes as bgp
import pytest

from nightside.model.elements import Kind
from nightside.model.errors import UsageError
from nightside.sources import bmp, stream
from nightside.sources.bmp import BmpListener
from nightside.sources.stream import Batch, Fault, Faults, Status

NOW_S = 1419264901.0


def announce(number: int, **header: Any) -> bytes:
    """A message that announces a prefix of its own."""
    prefix = f"10.{number >> 8}.{number & 255}.0/24"
    return bgp.route_monitoring(bgp.update((prefix,), (65001, 3356, 7)), **header)


class Watch:
    """Reads the listener in the background, and keeps what it said."""

    def __init__(self, listener: BmpListener) -> None:
        self.listener = listener
        self.statuses: list[tuple[str, bool, str]] = []
        self.elements: list[tuple[str, str, Kind, int]] = []
        """Collector, peer, kind, second and third byte of the prefix (of a state: the new one)."""
        self.peers: dict[str, list[Any]] = {}
        self.clients: list[Client] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with aclosing(self.listener.values()) as values:
            async for value in values:
                self._keep(value)
                await self.reads.wait()

    def _keep(self, value: Batch | Status) -> None:
        if isinstance(value, Status):
            assert value.at_s == NOW_S
            self.statuses.append((value.collector, value.up, value.why))
            return
        columns = value.columns
        assert self.peers.setdefault(value.collector, value.peers) is value.peers
        for i in range(columns.count):
            kind = Kind(int(columns.kind[i]))
            what = (
                int(columns.new_state[i]) if kind == Kind.STATE else int(columns.prefix_hi[i]) >> 40 & 0xFFFF
            )
            peer = value.peers[int(columns.peer[i])].address
            self.elements.append((value.collector, peer, kind, what))

    def numbers(self, collector: str) -> list[int]:
        return [what for name, _, kind, what in self.elements if name == collector and kind == Kind.ANNOUNCE]

    async def until(self, condition: Callable[[], object], within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                if self._reading.done():
                    self._reading.result()
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        for client in self.clients:
            client.abort()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def listening(**more: Any) -> AsyncGenerator[tuple[Watch, list[Fault]], None]:
    told: list[Fault] = []
    listener = BmpListener("127.0.0.1", 0, faults=Faults(told.append), clock=lambda: NOW_S, **more)
    await listener.listen()
    watch = Watch(listener)
    try:
        yield watch, told
    finally:
        await watch.close()


class Client:
    """One connection of a router."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, *messages: bytes) -> None:
        with suppress(ConnectionError):
            for message in messages:
                self._writer.write(message)
            await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        self._writer.transport.abort()

    def is_gone(self) -> bool:
        """Whether the other side has closed."""
        return self._reader.at_eof() or self._reader.exception() is not None


async def router(watch: Watch, *messages: bytes, address: str = "127.0.0.1") -> Client:
    """A router at this address that has said so much."""
    client = Client(*await asyncio.open_connection("127.0.0.1", watch.listener.port, local_addr=(address, 0)))
    watch.clients.append(client)
    await client.say(*messages)
    return client


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    def short() -> Iterator[float]:
        return (pause / 20 for pause in stream.pauses())

    monkeypatch.setattr(bmp, "pauses", short)


def test_several_routers_at_once_each_a_collector_of_its_own() -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            one = await router(watch, bgp.initiation("edge1"), bgp.peer_up(), announce(1))
            two = await router(
                watch, bgp.initiation("edge2"), bgp.peer_up(), announce(2), address="127.0.0.2"
            )
            three = await router(watch, announce(3), address="127.0.0.3")
            await watch.until(lambda: len(watch.elements) == 5)
            assert sorted(watch.statuses) == [
                ("127.0.0.3", True, "connected from 127.0.0.3"),
                ("edge1", True, "connected from 127.0.0.1"),
                ("edge2", True, "connected from 127.0.0.2"),
            ]
            assert sorted(watch.elements) == [
                ("127.0.0.3", "192.0.2.1", Kind.ANNOUNCE, 3),
                ("edge1", "192.0.2.1", Kind.ANNOUNCE, 1),
                ("edge1", "192.0.2.1", Kind.STATE, 6),
                ("edge2", "192.0.2.1", Kind.ANNOUNCE, 2),
                ("edge2", "192.0.2.1", Kind.STATE, 6),
            ]
            await one.say(bgp.peer_down())
            await watch.until(lambda: len(watch.elements) == 6)
            assert watch.elements[-1] == ("edge1", "192.0.2.1", Kind.STATE, 1)
            await two.say(bgp.termination(2))
            two.close()
            three.abort()
            await watch.until(lambda: len(watch.statuses) == 5)
            assert {status[0]: status[2] for status in watch.statuses[3:]} == {
                "edge2": "the router ends it: out of resources",
                "127.0.0.3": "closed by the router",
            }
            assert told == []
            figures = watch.listener.figures
            assert (figures.connections, figures.messages, figures.elements) == (3, 9, 6)
            one.close()

    run(test)


def test_a_router_comes_back_under_its_name_with_the_same_peers() -> None:
    async def test() -> None:
        async with listening() as (watch, _):
            for number in range(3):
                writer = await router(watch, bgp.initiation("edge1"), announce(number, asn=100 + number))
                await watch.until(lambda number=number: len(watch.elements) == number + 1)
                writer.close()
                await watch.until(lambda number=number: len(watch.statuses) == 2 * number + 2)
            assert [(name, up) for name, up, _ in watch.statuses] == [("edge1", True), ("edge1", False)] * 3
            assert [peer.asn for peer in watch.peers["edge1"]] == [100, 101, 102]

    run(test)


def test_a_router_that_is_hung_up_on_may_come_back_and_no_other_notices() -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            one = await router(watch, bgp.initiation("edge1"), announce(1))
            two = await router(watch, bgp.initiation("edge2"), announce(2), address="127.0.0.2")
            await watch.until(lambda: len(watch.elements) == 2)
            watch.listener.hang_up("edge1", "another hears it")
            watch.listener.hang_up("edge9", "nobody has that name")
            await watch.until(lambda: ("edge1", False, "another hears it") in watch.statuses)
            await watch.until(one.is_gone)
            await two.say(announce(3))
            await watch.until(lambda: watch.numbers("edge2") == [2, 3])
            await router(watch, bgp.initiation("edge1"), announce(4))
            await watch.until(lambda: watch.numbers("edge1") == [1, 4])
            assert told == []

    run(test)


def test_a_new_connection_of_a_router_replaces_the_old_one() -> None:
    async def test() -> None:
        async with listening() as (watch, _):
            first = await router(watch, bgp.initiation("edge1"), announce(1))
            await watch.until(lambda: watch.numbers("edge1") == [1])
            second = await router(watch, bgp.initiation("edge1"), announce(2))
            await watch.until(lambda: watch.numbers("edge1") == [1, 2])
            assert watch.statuses == [
                ("edge1", True, "connected from 127.0.0.1"),
                ("edge1", False, "the router has connected anew"),
                ("edge1", True, "connected from 127.0.0.1"),
            ]
            first.close()
            second.close()

    run(test)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("edge1", "a router with the name of another"),
        ("rrc00", "a router with the name of an archive's collector, or of an address"),
        ("RRC26.ripe.net", "a router with the name of an archive's collector, or of an address"),
        ("route-views2", "a router with the name of an archive's collector, or of an address"),
        ("127.0.0.1", "a router with the name of an archive's collector, or of an address"),
        ("", "a router's name that is none"),
        ("../../etc", "a router's name that is none"),
        ("a b\n", "a router's name that is none"),
        ("x" * 65, "a router's name that is none"),
    ],
)
def test_a_router_that_lies_about_its_name_has_its_address_for_one(name: str, kind: str) -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            honest = await router(watch, bgp.initiation("edge1"), announce(1))
            await watch.until(lambda: watch.numbers("edge1") == [1])
            honest.close()
            await watch.until(lambda: len(watch.statuses) == 2)
            # Even while the honest one is away.
            liar = await router(watch, bgp.initiation(name), announce(2), address="127.0.0.9")
            await watch.until(lambda: watch.numbers("127.0.0.9") == [2])
            assert watch.numbers("edge1") == [1]
            assert [(fault.source, fault.kind) for fault in told] == [("127.0.0.9", kind)]
            liar.close()

    run(test)


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\x03\xff\xff\xff\xff\x00", bytes(100_000)],
)
def test_garbage_closes_that_router_and_no_other_and_it_is_left_alone(garbage: bytes) -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            good = await router(watch, bgp.initiation("edge1"), announce(1))
            bad = await router(watch, bgp.initiation("edge2"), announce(2), garbage, address="127.0.0.9")
            await watch.until(lambda: len(watch.statuses) == 3)
            assert watch.numbers("edge2") == [2]
            assert watch.statuses[-1][:2] == ("edge2", False)
            assert watch.statuses[-1][2].startswith("garbage: byte ")
            await watch.until(bad.is_gone)
            for _ in range(3):
                again = await router(watch, address="127.0.0.9")
                await watch.until(again.is_gone)
            assert [(fault.source, fault.kind) for fault in told] == [
                ("127.0.0.9", "garbage"),
                ("127.0.0.9", "a connection of a router that is left alone"),
            ]
            assert watch.listener.faults.counts[("127.0.0.9", told[1].kind)] == 3
            # The pause, a quarter to half of a second here, is over.
            await asyncio.sleep(0.55)
            back = await router(watch, bgp.initiation("edge2"), announce(3), address="127.0.0.9")
            await good.say(announce(4))
            await watch.until(lambda: watch.numbers("edge2") == [2, 3] and watch.numbers("edge1") == [1, 4])
            assert [status[0] for status in watch.statuses if not status[1]] == ["edge2"]
            back.close()
            good.close()

    run(test)


def test_who_says_nothing_but_garbage_never_becomes_a_collector() -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            writer = await router(watch, b"hello")
            await watch.until(writer.is_gone)
            assert watch.statuses == []
            assert [(fault.source, fault.detail) for fault in told] == [
                ("127.0.0.1", "garbage: byte 0: BMP version 104 is not 3")
            ]

    run(test)


def test_bad_messages_are_told_once_and_go_too_far_when_they_are_most() -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            bad = bgp.bmp(0, bgp.peer_header() + bgp.update(("10.0.0.0/8",), (1,))[:-1])
            writer = await router(watch, bgp.initiation("edge1"), *[announce(1)] * 100, *[bad] * 99)
            await watch.until(lambda: len(watch.numbers("edge1")) == 100)
            await watch.until(lambda: sum(watch.listener.faults.counts.values()) == 99)
            assert [(fault.source, fault.kind) for fault in told] == [
                ("edge1", "BGP message length N is over the N bytes that are left")
            ]
            await writer.say(*[bad] * 150)
            await watch.until(lambda: len(watch.statuses) == 2)
            assert watch.statuses[-1] == ("edge1", False, "garbage: 249 of 350 messages were bad")

    run(test)


def test_what_is_left_out_is_told_once() -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            writer = await router(
                watch, bgp.initiation("edge1"), announce(1, type=3), announce(2, type=3), announce(3)
            )
            await watch.until(lambda: watch.numbers("edge1") == [3])
            await watch.until(lambda: told)
            assert [(fault.source, fault.kind) for fault in told] == [("edge1", "left out: Loc-RIB")]
            assert watch.listener.faults.counts == {("edge1", "left out: Loc-RIB"): 2}
            writer.close()

    run(test)


def test_times_that_cannot_be() -> None:
    async def test() -> None:
        async with listening() as (watch, told):
            writer = await router(
                watch,
                bgp.initiation("edge1"),
                announce(1, time_s=NOW_S + 3600),
                announce(2, time_s=0),
                announce(3, time_s=NOW_S - 86400),
                announce(4, time_s=NOW_S),
            )
            await watch.until(lambda: watch.numbers("edge1") == [1, 2, 3, 4])
            await watch.until(lambda: told)
            assert [(fault.source, fault.kind) for fault in told] == [("edge1", "time in the future")]
            assert watch.listener.figures.restamped == 3
            writer.close()

    run(test)


def test_silence_is_noticed_where_it_is_asked_for() -> None:
    async def test() -> None:
        async with listening(silent_after_s=0.3) as (watch, told):
            writer = await router(watch, bgp.initiation("edge1"), announce(1))
            await watch.until(lambda: len(watch.statuses) == 2)
            assert watch.statuses[-1] == ("edge1", False, "silent for 0.3 s")
            assert [fault.kind for fault in told] == ["a silent router"]
            await watch.until(writer.is_gone)

    run(test)


def test_who_connects_and_never_speaks_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bmp, "FIRST_WITHIN_S", 0.3)

    async def test() -> None:
        async with listening() as (watch, told):
            mute = await router(watch)
            half = await router(watch, bgp.initiation("edge1")[:-1])
            await watch.until(lambda: mute.is_gone() and half.is_gone())
            assert watch.statuses == []
            assert [fault.kind for fault in told] == ["a silent router"]

    run(test)


def test_routers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bmp, "MOST_ROUTERS", 2)
    monkeypatch.setattr(bmp, "MOST_NAMES", 2)

    async def test() -> None:
        async with listening() as (watch, told):
            first = await router(watch, bgp.initiation("edge1"), announce(1))
            second = await router(watch, bgp.initiation("edge2"), announce(2))
            await watch.until(lambda: len(watch.elements) == 2)
            third = await router(watch, bgp.initiation("edge3"), announce(3), address="127.0.0.3")
            await watch.until(third.is_gone)
            assert told[0].kind == "a connection over the bound"
            second.close()
            await watch.until(lambda: len(watch.statuses) == 3)
            fourth = await router(watch, bgp.initiation("edge3"), announce(3), address="127.0.0.3")
            await watch.until(fourth.is_gone)
            assert told[1].detail == "garbage: one router more, and the bound is 2"
            assert watch.numbers("edge1") == [1]
            first.close()

    run(test)


def test_a_slow_reader_holds_the_routers_back() -> None:
    async def test() -> None:
        async with listening() as (watch, _):
            watch.reads.clear()
            writer = await router(watch, bgp.initiation("edge1"))
            await watch.until(lambda: watch.statuses)
            count = 200_000
            content = b"".join(announce(n) for n in range(1000)) * (count // 1000)
            sending = asyncio.create_task(writer.say(content))
            await asyncio.sleep(1.5)
            assert not sending.done()
            assert watch.elements == []
            watch.reads.set()
            await watch.until(lambda: len(watch.elements) == count, 45)
            await sending
            assert watch.numbers("edge1") == list(range(1000)) * (count // 1000)
            writer.close()

    run(test)


def test_a_dead_connection_is_noticed_by_the_kernel() -> None:
    async def test() -> None:
        async with listening() as (watch, _):
            writer = await router(watch, bgp.initiation("edge1"))
            await watch.until(lambda: watch.statuses)
            (connection,) = watch.listener._connections
            theirs = connection.writer.get_extra_info("socket")
            assert theirs.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
            writer.close()

    run(test)


def test_where_one_cannot_listen() -> None:
    async def test() -> None:
        async with listening() as (watch, _):
            for host, port in (("127.0.0.1", watch.listener.port), ("203.0.113.1", 11019)):
                with pytest.raises(UsageError, match="cannot listen for BMP"):
                    await BmpListener(host, port).listen()

    run(test)


def test_listening_by_ipv6_with_the_brackets_of_an_address() -> None:
    async def test() -> None:
        listener = BmpListener("[::1]", 0, clock=lambda: NOW_S)
        try:
            await listener.listen()
        except UsageError as error:
            if "IPv6" in str(error) or "assign" in str(error) or "family" in str(error):
                return  # this machine has no IPv6
            raise
        watch = Watch(listener)
        watch.clients.append(Client(*await asyncio.open_connection("::1", listener.port)))
        await watch.clients[0].say(announce(1))
        await watch.until(lambda: watch.numbers("::1") == [1])
        await watch.close()

    run(test)


def test_an_error_nobody_thought_of_takes_its_collector_down_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison = announce(666)
    feed = bmp.Router.feed

    def failing(self: bmp.Router, piece: bytes, now_s: float) -> Any:
        if poison in piece:
            raise KeyError("no such thing")
        return feed(self, piece, now_s)

    monkeypatch.setattr(bmp.Router, "feed", failing)

    async def test() -> None:
        async with listening() as (watch, told):
            one = await router(watch, bgp.initiation("edge1"), bgp.peer_up(), announce(1))
            two = await router(watch, bgp.initiation("edge2"), bgp.peer_up(), address="127.0.0.2")
            await watch.until(lambda: len(watch.statuses) == 2)
            await one.say(poison)
            await watch.until(lambda: len(watch.statuses) == 3)
            why = "a mistake of this program (KeyError: 'no such thing')"
            assert watch.statuses[2] == ("edge1", False, why)
            await watch.until(one.is_gone)
            assert watch.listener.faults.counts == {("edge1", "a mistake of this program"): 1}
            assert told[0].detail.startswith(f"{why}\nTraceback")
            assert "in failing" in told[0].detail
            await two.say(announce(2))
            await watch.until(lambda: watch.numbers("edge2") == [2])
            # It may come back, later.
            await asyncio.sleep(1.0)
            await router(watch, bgp.initiation("edge1"), bgp.peer_up(), announce(3))
            await watch.until(lambda: watch.numbers("edge1") == [1, 3])

    run(test)
