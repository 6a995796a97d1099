"""Which elements are about beacons, and a filtered stream of which only the canary's silence says something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import bgp_bytes as bgp
import pytest
from ris_live_server import RisLiveServer, message_frame, state_frame

from nightside.model.errors import UsageError
from nightside.sources import ris_live, stream
from nightside.sources.beacons import Canary, of_beacons
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.ris_live import RisLive, Subscription
from nightside.sources.stream import Batch, Faults, Figures, Status

NOW_S = 1419264901.0
BEACON = bgp.update(("84.205.70.0/24",), (65001, 12654))
BEACON_GONE = bgp.update(withdrawn=("84.205.70.0/24",))
OURS = bgp.update(("175.45.176.0/24",), (65001, 131279))
WANTED = (
    Subscription("rrc06", "175.45.176.0/22", more_specific=True, less_specific=True),
    Subscription("rrc06", "84.205.64.0/19", more_specific=True),
    Subscription("rrc06", type="RIS_PEER_STATE"),
)


def batch_of(message: bytes) -> Batch:
    """As a stream gives it."""
    head = bytes.fromhex("0000fde9 0000fdea 0000 0001 c0000201 c0000202")
    record = (int(NOW_S)).to_bytes(4, "big") + b"\0\x10\0\4" + (len(head) + len(message)).to_bytes(4, "big")
    (batch,) = LiveDecoder("rrc06", Faults(), Figures()).batches(record + head + message, NOW_S)
    return batch


# What RIPE RIS lists as of 1 February 2024, and neighbours of it.
@pytest.mark.parametrize(
    ("prefix", "is_one"),
    [
        ("84.205.65.0/24", True),
        ("84.205.92.0/24", True),
        ("93.175.153.0/24", True),
        ("93.175.154.128/28", True),
        ("2001:7fb:fe06::/48", True),
        ("2001:7fb:ef02::/48", True),
        ("2001:7fb:fb01:200::/64", True),
        ("84.205.96.0/24", False),
        ("84.205.63.0/24", False),
        ("84.205.0.0/16", False),
        ("93.175.160.0/24", False),
        ("2001:7fc::/32", False),
        ("175.45.176.0/24", False),
        ("0.0.0.0/0", False),
    ],
)
def test_beacons_and_their_neighbours(prefix: str, is_one: bool) -> None:
    update = bgp.update_ipv6 if ":" in prefix else bgp.update
    for message in (update((prefix,), (65001, 12654)), update(withdrawn=(prefix,))):
        assert of_beacons(batch_of(message).columns).tolist() == [is_one]


def test_the_canary_waits_for_longer_than_the_timetable() -> None:
    # They come and go every two hours.
    assert 2 * 3600 < Canary().patience_s < 3 * 3600


class Heard:
    """What a source said."""

    def __init__(self) -> None:
        self.statuses: list[tuple[bool, str]] = []
        self.batches = 0
        self.on_down: Callable[[], None] = lambda: None
        """Called at once, before the source goes on."""


@asynccontextmanager
async def listening(patience_s: float, **more: float) -> AsyncIterator[tuple[RisLiveServer, Heard, RisLive]]:
    async with RisLiveServer(filters=True) as server:
        source = RisLive(server.url, WANTED, canary=Canary(patience_s), clock=lambda: NOW_S, **more)  # type: ignore[arg-type]
        heard = Heard()

        async def read() -> None:
            async with aclosing(source.values()) as values:
                async for value in values:
                    if isinstance(value, Status):
                        heard.statuses.append((value.up, value.why))
                        if not value.up:
                            heard.on_down()
                    else:
                        heard.batches += 1

        reading = asyncio.create_task(read())
        try:
            yield server, heard, source
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def run(test: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ris_live, "GATHER_S", 0.005)
    pauses = stream.pauses

    def short():  # type: ignore[no-untyped-def]
        return (pause / 50 for pause in pauses())

    monkeypatch.setattr(ris_live, "pauses", short)
    asyncio.run(test())  # type: ignore[arg-type]


def message(raw: bytes) -> bytes:
    return message_frame(raw, host="rrc06", time_s=NOW_S)


def test_quiet_is_believed_while_the_canary_sings(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with listening(patience_s=0.8) as (server, heard, _):
            await until(lambda: heard.statuses)
            for raw in (BEACON, BEACON_GONE, BEACON, BEACON_GONE):
                await asyncio.sleep(0.4)
                await server.say(message(raw))
            assert heard.statuses == [(True, "subscribed")]
            assert server.connections == 1

    run(test, monkeypatch)


def test_a_canary_that_is_silent_makes_the_collector_unknown_whatever_else_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        async with listening(patience_s=0.6) as (server, heard, source):
            # Only where its silence is waited for is it short of patience, however slow this machine is.
            heard.on_down = lambda: setattr(source, "_patience_s", 60.0)
            source._patience_s = 60.0
            await until(lambda: heard.statuses)
            await server.say(message(OURS))
            await until(lambda: heard.batches == 1)
            source._patience_s = 0.6
            async with asyncio.timeout(20):
                while heard.statuses[-1][0]:
                    # The states of sessions come by a filter of their own: they say nothing of the other.
                    await server.say(state_frame("connected", host="rrc06", time_s=NOW_S))
                    await asyncio.sleep(0.05)
            assert heard.statuses[-1][1] == (
                "no RIS beacon for 0.6 s: the filter or the stream is broken; asked for anew"
            )
            # It is asked for anew, in the other spelling; what comes now is not handed on before a beacon does.
            await server.until(connections=2, asked=6)
            assert [one["host"] for one in server.asked] == ["rrc06"] * 3 + ["rrc06.ripe.net"] * 3
            before = heard.batches
            await server.say(message(OURS))
            await asyncio.sleep(0.1)
            assert (heard.batches, heard.statuses[-1][0]) == (before, False)
            await server.say(message(BEACON))
            await until(lambda: heard.statuses[-1] == (True, "heard"))
            await until(lambda: heard.batches == before + 1)

    run(test, monkeypatch)


def test_the_canarys_silence_goes_on_over_connections_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with listening(patience_s=1.0) as (server, heard, _):
            for connection in range(1, 8):
                await server.until(connections=connection, asked=3 * connection)
                await asyncio.sleep(0.25)
                if any(why.startswith("no RIS beacon") for _, why in heard.statuses):
                    return
                await server.drop(1000)
            raise AssertionError(heard.statuses)

    run(test, monkeypatch)


def test_a_dead_connection_is_noticed_though_quiet_is_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with listening(patience_s=60, silent_after_s=0.4) as (server, heard, _):
            await until(lambda: heard.statuses)
            await until(lambda: server.pings > 4)
            assert heard.statuses == [(True, "subscribed")]
            server.answers = False
            await until(lambda: len(heard.statuses) > 1)
            assert heard.statuses[1] == (False, "no sign of life for 0.4 s")
            # Back with the acknowledgement: no filter was found broken.
            server.answers = True
            await until(lambda: heard.statuses[-1] == (True, "subscribed"))

    run(test, monkeypatch)


def test_a_stream_by_http_cannot_be_asked_for_a_sign_of_life() -> None:
    with pytest.raises(UsageError, match="WebSocket"):
        RisLive("https://ris-live.ripe.net/v1/stream/", WANTED, canary=Canary())
