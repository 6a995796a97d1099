"""What programs hand on: in order, once, whole; and what is lost of it is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import bgp_bytes as bgp
import numpy as np
from failing_files import failing_files

from nightside.engine.ingesters.relay import SIGN_EVERY_S, Relay
from nightside.engine.ingesters.relays import Relays
from nightside.engine.live.relayed import Positions, Relayed
from nightside.scenes.mrt_writer import message_record, session_header
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.stream import Batch, Faults, Figures, Status
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Speaking:
    """One collector, of which a batch can be had for each message."""

    def __init__(self, name: str) -> None:
        self._decoder = LiveDecoder(name, Faults(), Figures())

    def says(self, peer: str, asn: int, prefix: str, at: int) -> Batch:
        header = session_header(asn, 12654, peer, "192.0.2.254")
        record = message_record(at, header, bgp.update((prefix,), (asn, 3356)))
        (batch,) = self._decoder.batches(record, at + 0.5)
        return batch


def read(relays: Relays) -> list[Relayed]:
    """All that there is."""

    async def main() -> list[Relayed]:
        found: list[Relayed] = []
        async with aclosing(relays.values()) as values:
            try:
                async with asyncio.timeout(0.2):
                    async for piece in values:
                        found.append(piece)
            except TimeoutError:
                pass
        return found

    return asyncio.run(main())


def write(files: Files, name: str, *pieces: Sequence[tuple[int, Batch | Status]], clock: Clock) -> None:
    """A relay of these pieces, one a second."""

    async def main() -> None:
        relay = Relay(files, name, fail, clock=clock)
        for piece in pieces:
            clock.now += 1
            for lease, value in piece:
                relay.put(lease, value)
            assert await relay.write()
        assert relay.pieces == len(pieces)

    asyncio.run(main())


def fail(text: str) -> None:
    raise AssertionError(text)


def down(name: str, at_s: float, why: str = "it ended") -> Status:
    return Status(name, False, why, at_s)


def elements(value: Any) -> list[tuple[str, int, int]]:
    """Who said it, of which prefix, when."""
    columns = value.columns
    return [
        (value.peers[columns.peer[i]].address, int(columns.prefix_hi[i]) >> 32, int(columns.time_us[i]))
        for i in range(columns.count)
    ]


def test_batches_become_one_and_their_order_stays(tmp_path: Path) -> None:
    files, one, two = LocalFiles(tmp_path), Speaking("rrc00"), Speaking("rrc01")
    first = one.says("192.0.2.1", 3001, "11.0.0.0/16", 990)
    other = two.says("192.0.2.9", 3009, "11.9.0.0/16", 991)
    second = one.says("192.0.2.2", 3002, "11.1.0.0/16", 992)
    third = one.says("192.0.2.1", 3001, "11.2.0.0/16", 994)
    gone = down("rrc00", 993.0)
    write(files, "a", [(4, first), (7, other), (4, second), (4, gone), (4, third)], clock=Clock())
    (piece,) = read(Relays(files, fail))
    assert (piece.relay, piece.number, piece.written_s) == ("a", 1, 1001.0)
    assert [(n, type(v), v.collector) for n, v in piece.values] == [
        (4, Batch, "rrc00"),
        (4, Status, "rrc00"),
        (4, Batch, "rrc00"),
        (7, Batch, "rrc01"),
    ]
    together, status, last, apart = [value for _n, value in piece.values]
    assert elements(together) == elements(first) + elements(second)
    assert elements(last) == elements(third)
    assert elements(apart) == elements(other)
    assert status == gone
    # The way of the second one is found where it lies now.
    paths = [
        together.columns.paths[s : s + c].tolist()
        for s, c in zip(together.columns.path_start, together.columns.path_count, strict=True)
    ]
    assert [path[0] for path in paths] == [3001, 3002]


def test_relays_are_read_in_the_order_of_time_and_gone_on_with(tmp_path: Path) -> None:
    files, a, b = LocalFiles(tmp_path), Clock(), Clock()
    b.now += 0.25
    write(files, "host-a-1", *([(1, down("rrc00", n))] for n in range(3)), clock=a)
    write(files, "host-b-1", *([(1, down("rrc01", n))] for n in range(3)), clock=b)
    clock = Clock()
    clock.now = 5000
    relays = Relays(files, fail, clock=clock)
    pieces = read(relays)
    assert [(p.relay, p.number) for p in pieces] == [
        ("host-a-1", 1),
        ("host-b-1", 1),
        ("host-a-1", 2),
        ("host-b-1", 2),
        ("host-a-1", 3),
        ("host-b-1", 3),
    ]
    assert relays.read_until_s == 5000

    positions = Positions()
    for piece in pieces[:3]:
        assert len(list(positions.take(piece))) == 1
    again = Relays(files, fail)
    again.go_on(positions)
    assert [(p.relay, p.number) for p in read(again)] == [(p.relay, p.number) for p in pieces[3:]]

    assert again.forget(positions.entered) == {"host-a-1", "host-b-1"}
    assert len(files.names()) == 3
    anew = Relays(files, fail)
    assert anew.from_now().entered == {"host-a-1": 3, "host-b-1": 3}
    assert read(anew) == []


def test_who_was_only_asleep_is_not_believed(tmp_path: Path) -> None:
    positions = Positions()
    before = Relayed("asleep", 1, 1.0, [(4, down("rrc00", 1)), (4, down("rrc01", 1))])
    after = Relayed("awake", 1, 2.0, [(5, down("rrc00", 2))])
    late = Relayed("asleep", 2, 3.0, [(4, down("rrc00", 3)), (4, down("rrc01", 3))])
    assert len(list(positions.take(before))) == 2
    assert len(list(positions.take(after))) == 1
    assert [value.collector for value in positions.take(late)] == ["rrc01"]
    # The same piece again is nothing.
    assert list(positions.take(late)) == []


def test_what_is_damaged_or_gone_is_unknown(tmp_path: Path) -> None:
    files, clock = LocalFiles(tmp_path), Clock()
    said = [[(3, down("rrc00", n)), (6, down("rrc01", n))] for n in range(4)]
    write(files, "a", *said, clock=clock)
    _first, second, third, _fourth = files.names()
    whole = bytearray((tmp_path / second).read_bytes())
    whole[-3] ^= 1
    (tmp_path / second).write_bytes(whole)
    (tmp_path / third).unlink()
    warned: list[str] = []
    pieces = read(Relays(files, warned.append))
    assert [p.number for p in pieces] == [1, 2, 3, 4]
    lost = "a part of what was heard is lost"
    for piece in pieces[1:3]:
        assert [(n, v.collector, v.up, v.why) for n, v in piece.values if isinstance(v, Status)] == [
            (3, "rrc00", False, lost),
            (6, "rrc01", False, lost),
        ]
    assert any("damaged" in text for text in warned)
    assert any("pieces before 4 are gone" in text for text in warned)


def test_what_cannot_be_written_waits_and_is_written_in_order(tmp_path: Path) -> None:
    files, refusing = failing_files(tmp_path)
    warned: list[str] = []

    async def main() -> None:
        clock = Clock()
        relay = Relay(files, "a", warned.append, clock=clock)
        refusing.writes = True
        relay.put(1, down("rrc00", 1))
        assert not await relay.write()
        relay.put(1, down("rrc00", 2))
        assert not await relay.write()
        assert relay.pieces == 0
        refusing.writes = False
        assert await relay.write()
        assert await relay.write()
        assert relay.pieces == 2

    asyncio.run(main())
    assert [
        [v.why and v.at_s for _n, v in p.values if isinstance(v, Status)] for p in read(Relays(files, fail))
    ] == [
        [1],
        [2],
    ]
    assert len([text for text in warned if "cannot be handed on" in text]) == 1


def test_who_hears_nothing_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        clock = Clock()
        relay = Relay(LocalFiles(tmp_path), "a", fail, clock=clock)
        assert await relay.write()
        clock.now += SIGN_EVERY_S
        assert await relay.write()
        assert relay.pieces == 1

    asyncio.run(main())
    (piece,) = read(Relays(LocalFiles(tmp_path), fail))
    assert piece.values == []


def test_sources_wait_while_too_much_waits(tmp_path: Path) -> None:
    files, _refusing = failing_files(tmp_path)

    async def main() -> None:
        relay = Relay(files, "a", lambda _text: None)
        batch = Speaking("rrc00").says("192.0.2.1", 3001, "11.0.0.0/16", 990)
        relay._elements = 2_000_001
        relay.put(1, batch)
        waiting = asyncio.create_task(relay.room())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert await relay.write()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(main())


def test_a_list_of_peers_that_grows_is_kept_as_it_was(tmp_path: Path) -> None:
    files, one = LocalFiles(tmp_path), Speaking("rrc00")
    first = one.says("192.0.2.1", 3001, "11.0.0.0/16", 990)
    clock = Clock()
    write(files, "a", [(1, first)], clock=clock)
    one.says("192.0.2.2", 3002, "11.0.0.0/16", 991)
    (piece,) = read(Relays(files, fail))
    (value,) = [v for _n, v in piece.values]
    assert isinstance(value, Batch)
    assert [peer.address for peer in value.peers] == ["192.0.2.1"]
    assert np.array_equal(value.columns.time_us, first.columns.time_us)
