"""RIS Live against a local server that stalls, drops, repeats, reorders and talks nonsense."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import bgp_bytes as bgp
import pytest
from ris_live_server import NONSENSE, RisLiveServer, RisStreamServer, message_frame, state_frame

from nightside.model.elements import Kind
from nightside.model.errors import UsageError
from nightside.sources import ris_live, stream
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Batch, Fault, Faults, Status

NOW_S = 1419264901.0
ALL = (Subscription("rrc00"), Subscription("rrc01"))


def announce(number: int, **more: Any) -> bytes:
    """A frame that announces a prefix of its own."""
    prefix = f"10.{number >> 8}.{number & 255}.0/24"
    return message_frame(bgp.update((prefix,), (65001, 3356, 7)), **more)


class Watch:
    """Reads a source in the background, and keeps what it said."""

    def __init__(self, source: RisLive) -> None:
        self.source = source
        self.statuses: list[tuple[str, bool, str]] = []
        self.elements: list[tuple[str, int, int]] = []
        """Collector, kind, second and third byte of the prefix as one number."""
        self.reads = asyncio.Event()
        """Cleared: it is busy with something else."""
        self.reads.set()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with aclosing(self.source.values()) as values:
            async for value in values:
                self.keep(value)
                await self.reads.wait()

    async def until(self, condition: Callable[[], object], within_s: float = 20.0) -> None:
        """Wait until this holds."""
        async with asyncio.timeout(within_s):
            while not condition():
                if self._reading.done():
                    self._reading.result()
                await asyncio.sleep(0.005)

    def keep(self, value: Batch | Status) -> None:
        if isinstance(value, Status):
            assert value.at_s == NOW_S
            self.statuses.append((value.collector, value.up, value.why))
            return
        columns = value.columns
        for i in range(columns.count):
            number = int(columns.prefix_hi[i]) >> 40 & 0xFFFF
            self.elements.append((value.collector, int(columns.kind[i]), number))

    @property
    def numbers(self) -> list[int]:
        return [number for _, kind, number in self.elements if kind == Kind.ANNOUNCE]

    @property
    def ups(self) -> dict[str, bool]:
        """The last status of each collector."""
        return {collector: up for collector, up, _ in self.statuses}

    async def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of hundredths of seconds, growing as the real ones do."""

    def short() -> Iterator[float]:
        return (pause / 50 for pause in stream.pauses())

    monkeypatch.setattr(ris_live, "pauses", short)
    monkeypatch.setattr(ris_live, "JUDGED_EVERY_S", 0.2)


@asynccontextmanager
async def scene(
    subscriptions: tuple[Subscription, ...] = ALL, silent_after_s: float = 30.0, **server: Any
) -> AsyncGenerator[tuple[RisLiveServer, Watch, list[Fault]], None]:
    """A server, and a source that reads it."""
    told: list[Fault] = []
    async with RisLiveServer(**server) as it:
        source = RisLive(
            it.url,
            subscriptions,
            faults=Faults(told.append),
            silent_after_s=silent_after_s,
            clock=lambda: NOW_S,
        )
        watch = Watch(source)
        try:
            yield it, watch, told
        finally:
            await watch.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))  # type: ignore[arg-type]


def test_subscribes_for_each_collector_and_hands_on_what_comes() -> None:
    async def test() -> None:
        async with scene() as (server, watch, told):
            await watch.until(lambda: len(watch.ups) == 2)
            assert watch.statuses == [("rrc00", True, "subscribed"), ("rrc01", True, "subscribed")]
            assert server.clients == ["nightside"]
            assert server.asked == [
                {"host": name, "socketOptions": {"includeRaw": True, "acknowledge": True}}
                for name in ("rrc00", "rrc01")
            ]
            withdrawn = message_frame(bgp.update(withdrawn=("10.0.1.0/24",)), host="rrc01")
            await server.say(announce(1), announce(2, host="rrc01.ripe.net"), withdrawn, state_frame("down"))
            await watch.until(lambda: len(watch.elements) == 4)
            assert sorted(watch.elements) == [
                ("rrc00", Kind.ANNOUNCE, 1),
                ("rrc00", Kind.STATE, 0),
                ("rrc01", Kind.ANNOUNCE, 2),
                ("rrc01", Kind.WITHDRAW, 1),
            ]
            assert told == []
            figures = watch.source.figures
            assert (figures.connections, figures.messages, figures.elements) == (1, 6, 4)
            assert figures.received_bytes > 500

    run(test)


def test_filters_are_the_servers() -> None:
    async def test() -> None:
        wanted = (
            Subscription("rrc00", prefix="175.45.176.0/22", more_specific=True, less_specific=True),
            Subscription("rrc00", type="RIS_PEER_STATE"),
        )
        async with scene(wanted) as (server, watch, _):
            await watch.until(lambda: watch.ups)
            await server.until(asked=2)
            first, second = server.asked
            assert (first["prefix"], first["moreSpecific"], first["lessSpecific"]) == (
                "175.45.176.0/22",
                True,
                True,
            )
            assert second["type"] == "RIS_PEER_STATE"
            assert "prefix" not in second

    run(test)


@pytest.mark.parametrize(
    ("code", "reason", "why"),
    [
        (1000, "bye", "closed by the server: 1000 bye"),
        (1011, "", "closed by the server: 1011"),
        (None, "", "the connection broke"),
    ],
)
def test_comes_back_after_a_drop_and_drops_what_is_repeated(code: int | None, reason: str, why: str) -> None:
    async def test() -> None:
        async with scene() as (server, watch, told):
            await watch.until(lambda: len(watch.ups) == 2)
            before = [announce(n) for n in range(50)]
            await server.say(*before)
            await watch.until(lambda: len(watch.numbers) == 50)
            await server.drop(code, reason)
            await watch.until(lambda: watch.ups == {"rrc00": False, "rrc01": False})
            assert watch.statuses[2:] == [("rrc00", False, why), ("rrc01", False, why)]
            await watch.until(lambda: watch.ups == {"rrc00": True, "rrc01": True})
            assert server.connections == 2
            await server.say(*before[20:], announce(50), repeat=2)
            await watch.until(lambda: len(watch.numbers) == 51)
            await server.say(announce(51))
            await watch.until(lambda: len(watch.numbers) == 52)
            assert watch.numbers == list(range(52))
            assert watch.source.figures.duplicates == 30 + 31
            assert [fault.kind for fault in told] == ["a connection that ended"]

    run(test)


def test_out_of_order_is_handed_on_with_its_own_times() -> None:
    async def test() -> None:
        async with scene() as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            await server.say(*(announce(n, time_s=NOW_S - n) for n in range(100)), shuffle=7)
            await watch.until(lambda: len(watch.numbers) == 100)
            assert watch.numbers != list(range(100))
            assert sorted(watch.numbers) == list(range(100))

    run(test)


def test_nobody_there_is_a_status_and_tried_again_with_growing_pauses() -> None:
    async def test() -> None:
        async with scene() as (server, watch, told):
            await server.stop()
            begun = asyncio.get_running_loop().time()
            await watch.until(lambda: watch.source.figures.connections >= 4)
            # The pauses are at least 1/2, 1 and 2 fiftieths of a second.
            assert asyncio.get_running_loop().time() - begun >= 3.5 / 50
            assert [(name, up) for name, up, _ in watch.statuses] == [("rrc00", False), ("rrc01", False)]
            assert watch.statuses[0][2].startswith("no connection: ")
            await server.start()
            await watch.until(lambda: all(watch.ups.values()))
            assert watch.ups == {"rrc00": True, "rrc01": True}
            assert len(told) == 1
            assert watch.source.faults.counts[(server.url, "a connection that ended")] >= 3

    run(test)


def test_a_server_that_is_none() -> None:
    async def test() -> None:
        async with RisStreamServer(status=503) as server:
            source = RisLive(server.url.replace("http", "ws"), ALL, clock=lambda: NOW_S)
            watch = Watch(source)
            await watch.until(lambda: len(watch.ups) == 2)
            assert not any(watch.ups.values())
            assert watch.statuses[0][2].startswith("no connection: ")
            await watch.close()

    run(test)


def test_a_server_that_stalls_is_noticed_and_left() -> None:
    async def test() -> None:
        async with scene(silent_after_s=0.4) as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            await watch.until(lambda: watch.ups == {"rrc00": False, "rrc01": False})
            assert watch.statuses[2:] == [
                ("rrc00", False, "silent for 0.4 s"),
                ("rrc01", False, "silent for 0.4 s"),
            ]
            # It acknowledges again and again, and says nothing: that does not make it seen.
            await server.until(connections=3)
            assert watch.ups == {"rrc00": False, "rrc01": False}
            saying = asyncio.create_task(
                keep_saying(server, lambda: [announce(1), announce(2, host="rrc01")])
            )
            await watch.until(lambda: watch.ups == {"rrc00": True, "rrc01": True})
            saying.cancel()
            assert watch.statuses[-1][2] == "heard"

    run(test)


async def keep_saying(server: RisLiveServer, frames: Callable[[], list[bytes]]) -> None:
    while True:
        await server.say(*frames())
        await asyncio.sleep(0.05)


def test_one_silent_collector_is_down_while_the_others_go_on_and_is_asked_for_in_its_other_spelling() -> None:
    async def test() -> None:
        async with scene(silent_after_s=0.5) as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            saying = asyncio.create_task(keep_saying(server, lambda: [announce(1)]))
            await watch.until(lambda: watch.ups == {"rrc00": True, "rrc01": False})
            assert watch.statuses[-1] == ("rrc01", False, "silent for 0.5 s")
            await watch.until(lambda: len(server.asked) == 3)
            assert server.asked[2]["host"] == "rrc01.ripe.net"
            assert [data["host"] for data in server.left] == ["rrc01"]
            assert server.connections == 1
            await server.say(announce(2, host="rrc01.ripe.net"))
            await watch.until(lambda: watch.ups["rrc01"])
            saying.cancel()

    run(test)


def test_nonsense_between_frames_costs_nothing_else() -> None:
    async def test() -> None:
        async with scene() as (server, watch, told):
            await watch.until(lambda: len(watch.ups) == 2)
            for number in range(30):
                await server.say(NONSENSE[number % len(NONSENSE)], announce(number))
            await watch.until(lambda: len(watch.numbers) == 30)
            assert watch.numbers == list(range(30))
            assert server.connections == 1
            assert {fault.source for fault in told} == {server.url}
            assert len(told) == 3
            assert watch.ups == {"rrc00": True, "rrc01": True}

    run(test)


def test_a_server_of_nothing_but_nonsense_is_left() -> None:
    async def test() -> None:
        async with scene() as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            await server.say(*NONSENSE, repeat=12)
            await watch.until(lambda: watch.ups == {"rrc00": False, "rrc01": False})
            assert "frames could not be read" in watch.statuses[-1][2]
            await watch.until(lambda: watch.ups == {"rrc00": True, "rrc01": True})
            assert server.connections == 2

    run(test)


def test_a_collector_of_mostly_bad_messages_is_left_alone_and_the_others_go_on() -> None:
    async def test() -> None:
        async with scene() as (server, watch, told):
            await watch.until(lambda: len(watch.ups) == 2)
            bad = bgp.update(("10.0.0.0/8",), (1,))[:-1]
            await server.say(*(message_frame(bad, host="rrc01") for _ in range(150)), announce(1))
            await watch.until(lambda: not watch.ups["rrc01"])
            assert watch.ups["rrc00"]
            assert "left alone for" in watch.statuses[-1][2]
            assert "150 of 150 messages were bad" in watch.statuses[-1][2]
            await server.until(left=1)
            assert server.left[0]["host"] == "rrc01"
            await server.say(announce(7, host="rrc01"), announce(8))
            await watch.until(lambda: 8 in watch.numbers)
            assert 7 not in watch.numbers
            # The pause, a fiftieth of a minute here, is over: it is asked for again, and heard.
            await server.until(asked=3)
            await server.say(announce(9, host="rrc01"))
            await watch.until(lambda: watch.ups["rrc01"])
            assert [(fault.source, fault.kind) for fault in told] == [
                ("rrc01", "BGP message length N is over the N bytes that are left")
            ]

    run(test)


def test_a_frame_of_100_megabytes_is_refused() -> None:
    async def test() -> None:
        async with scene() as (server, watch, told):
            await watch.until(lambda: len(watch.ups) == 2)
            await server.say(announce(1))
            await watch.until(lambda: watch.numbers == [1])
            saying = asyncio.create_task(server.say(b'"' + b"x" * 100_000_000 + b'"'))
            await watch.until(lambda: not any(watch.ups.values()))
            assert watch.statuses[-1][2] == "a frame is over the bound of 1048576 bytes"
            await asyncio.gather(saying, return_exceptions=True)
            await watch.until(lambda: all(watch.ups.values()))
            assert watch.source.figures.received_bytes < 10_000
            assert [fault.kind for fault in told] == ["a connection that ended"]

    run(test)


def test_an_error_that_the_server_tells_before_it_closes_is_told_on() -> None:
    async def test() -> None:
        async with scene() as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            await server.say(b'{"type":"ris_error","data":{"message":"client is too slow"}}')
            await asyncio.sleep(0.2)
            await server.drop(1008, "slow")
            await watch.until(lambda: not any(watch.ups.values()))
            assert watch.statuses[-1][2] == "closed by the server: 1008 slow (it said: client is too slow)"

    run(test)


def test_a_slow_reader_holds_the_server_back_and_memory_stays_bounded() -> None:
    async def test() -> None:
        async with scene() as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            watch.reads.clear()
            await server.say(announce(0))
            await watch.until(lambda: watch.numbers == [0])
            frame = announce(1)
            count = 20_000
            # Nothing that compression could make small.
            frames = (
                frame.replace(b'"id": "', b'"pad": "%s", "id": "%d-' % (os.urandom(1000).hex().encode(), n))
                for n in range(count)
            )
            saying = asyncio.create_task(server.say_in_order(frames))
            # Nobody reads on: some 45 MB wait, of which only the intake, the library and the kernel hold a part.
            await asyncio.sleep(3.0)
            assert not saying.done()
            assert watch.numbers == [0]
            watch.reads.set()
            await watch.until(lambda: len(watch.numbers) == 1 + count, 45)
            await saying
            assert watch.ups == {"rrc00": True, "rrc01": True}
            assert server.connections == 1

    run(test)


def test_while_nobody_reads_nobody_is_silent() -> None:
    async def test() -> None:
        async with scene(silent_after_s=0.8) as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            watch.reads.clear()
            await server.say(announce(0))
            await watch.until(lambda: watch.numbers == [0])
            # More of one collector than is taken at once; what the other said stands behind it.
            frames = [announce(n & 0xFFFF) for n in range(9000)]
            saying = asyncio.create_task(server.say_in_order([*frames, announce(1, host="rrc01")]))
            await asyncio.sleep(1.6)
            watch.reads.set()
            await watch.until(lambda: len(watch.numbers) == 9002)
            await saying
            assert [status for status in watch.statuses if not status[1]] == []
            assert server.connections == 1

    run(test)


def test_closing_the_stream_closes_the_connection() -> None:
    async def test() -> None:
        async with scene() as (server, watch, _):
            await watch.until(lambda: len(watch.ups) == 2)
            await watch.close()
            async with asyncio.timeout(5):
                while server._open:
                    await asyncio.sleep(0.01)
            assert len(asyncio.all_tasks()) <= 4

    run(test)


@pytest.mark.parametrize("url", ["", "ris-live.ripe.net", "ftp://example.org/", "file:///etc/passwd"])
def test_an_address_that_is_neither(url: str) -> None:
    with pytest.raises(UsageError, match="cannot be reached"):
        RisLive(url, ALL)


def test_nothing_asked_for() -> None:
    with pytest.raises(UsageError, match="no collector"):
        RisLive("ws://127.0.0.1:1/", ())


# ---- the HTTP stream ------------------------------------------------------------------------------------


def test_the_http_stream_in_pieces_of_any_size() -> None:
    async def test() -> None:
        async with RisStreamServer() as server:
            watch = Watch(RisLive(server.url + "?a=b", ALL, clock=lambda: NOW_S))
            await server.until(2)
            assert server.paths[0] == "/v1/stream/?a=b&format=json&client=nightside"
            assert sorted(data["host"] for data in server.asked) == ["rrc00", "rrc01"]
            lines = (
                b"\n".join((announce(1), announce(2, host="rrc01"), b"", NONSENSE[1], announce(3))) + b"\n"
            )
            await server.say(*(lines[at : at + 97] for at in range(0, len(lines), 97)))
            await server.say(announce(4) + b"\n")
            await watch.until(lambda: len(watch.numbers) == 4)
            assert sorted(watch.numbers) == [1, 2, 3, 4]
            # Every line came on both answers, and was taken once.
            assert watch.source.figures.duplicates == 4
            assert watch.ups == {"rrc00": True, "rrc01": True}
            await server.drop()
            await watch.until(lambda: not any(watch.ups.values()))
            assert watch.statuses[-1][2] == "closed by the server"
            await watch.close()

    run(test)


def test_a_line_without_end_is_refused() -> None:
    async def test() -> None:
        async with RisStreamServer() as server:
            watch = Watch(RisLive(server.url, ALL[:1], clock=lambda: NOW_S))
            await server.until(1)
            await server.say(*(b"x" * 65536 for _ in range(1600)))
            await watch.until(lambda: watch.statuses)
            assert watch.statuses == [("rrc00", False, "a frame is over the bound of 1048576 bytes")]
            await watch.close()

    run(test)


def test_an_http_stream_that_is_refused() -> None:
    async def test() -> None:
        async with RisStreamServer(status=429) as server:
            watch = Watch(RisLive(server.url, ALL[:1], clock=lambda: NOW_S))
            await watch.until(lambda: watch.statuses)
            assert watch.statuses == [("rrc00", False, "the server answers 429")]
            await watch.close()

    run(test)
