"""Real routers (GoBGP) send BMP to our listener: what they announce and withdraw arrives, with path and time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import gobgp_router
import pytest
from gobgp_router import GoBgp, Neighbor, gobgp

from nightside.model.elements import Kind, Peer
from nightside.sources.bmp import BmpListener
from nightside.sources.stream import Fault, Faults, Status

pytestmark = pytest.mark.xdist_group("timed")
ANNOUNCED = "175.45.176.0/24"
IPV6 = "2001:db8:100::/40"


@dataclass(frozen=True)
class Element:
    collector: str
    peer: Peer
    time_s: float
    kind: Kind
    prefix: str
    path: tuple[int, ...]
    state: int


@dataclass
class Heard:
    """What the listener has said so far; it runs in a thread of its own."""

    port: int = 0
    elements: list[Element] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    told: list[Fault] = field(default_factory=list)
    ready: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    async def listen(self) -> None:
        listener = BmpListener("127.0.0.1", 0, faults=Faults(self.told.append))
        await listener.listen()
        self.port = listener.port
        self.ready.set()
        reading = asyncio.create_task(self._read(listener))
        while not self.over.is_set() and not reading.done():
            await asyncio.sleep(0.02)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, listener: BmpListener) -> None:
        async with aclosing(listener.values()) as values:
            async for value in values:
                if isinstance(value, Status):
                    self.statuses.append(value)
                else:
                    self._keep(value.collector, value.peers, value.columns)

    def _keep(self, collector: str, peers: list[Peer], c: Any) -> None:
        for i in range(c.count):
            high, start = int(c.prefix_hi[i]), int(c.path_start[i])
            if c.family[i] == 4:
                text = ".".join(str(high >> shift & 255) for shift in (56, 48, 40, 32))
            else:
                text = f"{high >> 48:x}:{high >> 32 & 0xFFFF:x}:{high >> 16 & 0xFFFF:x}::"
            self.elements.append(
                Element(
                    collector,
                    peers[int(c.peer[i])],
                    int(c.time_us[i]) / 1e6,
                    Kind(int(c.kind[i])),
                    f"{text}/{c.prefix_len[i]}" if c.family[i] else "",
                    tuple(c.paths[start : start + int(c.path_count[i])].tolist()),
                    int(c.new_state[i]),
                )
            )

    def of(self, collector: str, kind: Kind, **more: object) -> list[Element]:
        """The elements of a kind, narrowed by their fields."""
        return [
            element
            for element in list(self.elements)
            if element.collector == collector
            and element.kind == kind
            and all(getattr(element, name) == value for name, value in more.items())
        ]

    def until(self, condition: Callable[[], object], within_s: float = 45.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, (self.elements, self.statuses, self.told)
            time.sleep(0.02)


@pytest.fixture
def heard() -> Iterator[Heard]:
    if not gobgp_router.is_here():
        pytest.skip("GoBGP (gobgpd and gobgp) is not here")
    it = Heard()
    thread = Thread(target=lambda: asyncio.run(it.listen()))
    thread.start()
    it.ready.wait(10)
    yield it
    it.over.set()
    thread.join(20)
    assert not thread.is_alive()


def observer(heard: Heard, folder: Path, name: str, address: str, asn: int) -> Any:
    """A router that waits to be called by the transit at 127.0.0.9, and tells us by BMP."""
    return gobgp(
        folder,
        asn=asn,
        address=address,
        neighbors=[Neighbor("127.0.0.9", 65002)],
        bmp_port=heard.port,
        name=name,
    )


def test_two_routers_from_up_to_down(heard: Heard, tmp_path: Path) -> None:
    peer = Peer("127.0.0.9", 65002)
    both = ("edge1", "edge2")
    with (
        observer(heard, tmp_path, "edge1", "127.0.0.1", 65001) as first,
        observer(heard, tmp_path, "edge2", "127.0.0.2", 65003) as second,
    ):
        heard.until(lambda: {status.collector for status in heard.statuses} == set(both))
        calls = [Neighbor("127.0.0.1", 65001, first.port), Neighbor("127.0.0.2", 65003, second.port)]
        with gobgp(tmp_path, asn=65002, address="127.0.0.9", neighbors=calls) as transit:
            heard.until(lambda: all(heard.of(name, Kind.STATE, state=6, peer=peer) for name in both))
            _announce_and_withdraw(heard, transit, both, peer)
            ended_s = time.time()
        heard.until(lambda: all(heard.of(name, Kind.STATE, state=1, peer=peer) for name in both))
        for name in both:
            (down,) = heard.of(name, Kind.STATE, state=1)
            assert ended_s - 1 <= down.time_s <= time.time()
        assert all(status.up for status in heard.statuses)
    heard.until(lambda: len(heard.statuses) == 4)
    assert {(status.collector, status.why) for status in heard.statuses if not status.up} == {
        (name, "closed by the router") for name in both
    }
    assert heard.told == []


def _announce_and_withdraw(heard: Heard, transit: GoBgp, both: tuple[str, str], peer: Peer) -> None:
    begun_s = time.time()
    transit.announce(ANNOUNCED, (131279,))
    transit.announce(IPV6)
    heard.until(lambda: all(heard.of(name, Kind.ANNOUNCE, prefix=ANNOUNCED) for name in both))
    heard.until(lambda: all(heard.of(name, Kind.ANNOUNCE, prefix=IPV6) for name in both))
    announced_s = time.time()
    transit.withdraw(ANNOUNCED)
    heard.until(lambda: all(heard.of(name, Kind.WITHDRAW, prefix=ANNOUNCED) for name in both))
    withdrawn_s = time.time()
    for name in both:
        (announced,) = heard.of(name, Kind.ANNOUNCE, prefix=ANNOUNCED)
        assert (announced.peer, announced.path) == (peer, (65002, 131279))
        (ipv6,) = heard.of(name, Kind.ANNOUNCE, prefix=IPV6)
        assert (ipv6.peer, ipv6.path) == (peer, (65002,))
        (withdrawn,) = heard.of(name, Kind.WITHDRAW, prefix=ANNOUNCED)
        assert withdrawn.peer == peer
        # GoBGP stamps in whole seconds.
        assert int(begun_s) <= announced.time_s <= announced_s
        assert int(announced_s) <= withdrawn.time_s <= withdrawn_s


def test_a_router_that_connects_late_tells_its_table_as_seen_from_then_on(
    heard: Heard, tmp_path: Path
) -> None:
    with (
        gobgp(
            tmp_path, asn=65001, address="127.0.0.1", neighbors=[Neighbor("127.0.0.9", 65002)], name="late"
        ) as late,
        gobgp(
            tmp_path,
            asn=65002,
            address="127.0.0.9",
            neighbors=[Neighbor("127.0.0.1", 65001, late.port)],
            next_hop="192.0.2.9",
        ) as transit,
    ):
        transit.announce(ANNOUNCED, (131279,))
        heard.until(lambda: ANNOUNCED in late("global", "rib"))
        time.sleep(2.1)
        connected_s = time.time()
        late("bmp", "add", f"127.0.0.1:{heard.port}", "pre")
        heard.until(lambda: any(element.prefix == ANNOUNCED for element in heard.elements))
        (route,) = (element for element in heard.elements if element.prefix == ANNOUNCED)
        assert route.path == (65002, 131279)
        assert connected_s <= route.time_s <= time.time()
        (up,) = (element for element in heard.elements if element.kind == Kind.STATE)
        assert up.state == 6
        assert connected_s <= up.time_s <= time.time()
