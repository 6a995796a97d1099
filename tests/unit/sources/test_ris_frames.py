"""RIS Live frames to records: the real ones, and those that no server should send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bgp_bytes as bgp
import pytest
from ris_live_server import NONSENSE, message_frame, state_frame

from nightside.model.elements import Kind, Peer
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.recent import Recent
from nightside.sources.ris_frames import RisFrames, shortened
from nightside.sources.stream import Fault, Faults, Figures

NOW_S = 1419264901.0
LONG = bgp.update(("175.45.176.0/24",), (65001, 3356, 131279))


class Desk:
    """Frames in, elements out, as plain rows."""

    def __init__(self, *collectors: str) -> None:
        self.told: list[Fault] = []
        self.faults = Faults(self.told.append)
        self.figures = Figures()
        self.frames = RisFrames(collectors or ("rrc00", "rrc01"), "here", self.faults, self.figures)
        self.decoders = {
            name: LiveDecoder(name, self.faults, self.figures) for name in (collectors or ("rrc00", "rrc01"))
        }

    def read(self, *frames: bytes, now_s: float = NOW_S, running_s: float = 0.0) -> list[tuple[Any, ...]]:
        gathered, self.answers = self.frames.read(frames, now_s, running_s)
        self.gathered = gathered
        rows = []
        for name, part in gathered.items():
            for batch in self.decoders[name].batches(b"".join(part.records), now_s):
                columns = batch.columns
                assert batch.collector == name
                assert batch.received_s == now_s
                for i in range(columns.count):
                    rows.append(
                        (
                            name,
                            batch.peers[int(columns.peer[i])],
                            int(columns.time_us[i]),
                            Kind(int(columns.kind[i])),
                            self._what(columns, i),
                        )
                    )
            self.decoders[name].malformed()
        return rows

    @staticmethod
    def _what(columns: Any, i: int) -> Any:
        if columns.kind[i] == Kind.STATE:
            return int(columns.new_state[i])
        start = int(columns.path_start[i])
        address = int(columns.prefix_hi[i]) >> 32
        text = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
        path = columns.paths[start : start + int(columns.path_count[i])].tolist()
        return f"{text}/{columns.prefix_len[i]}", path


@pytest.fixture
def real(shared_data: Path) -> list[bytes]:
    return (shared_data / "feeds" / "ris-live-stream.json").read_bytes().splitlines()


def test_the_real_frames(real: list[bytes]) -> None:
    desk = Desk("rrc00", "rrc01", "rrc03")
    rows = desk.read(*real, now_s=1553627990.0)
    said = json.loads(real[0])["data"]
    prefix = said["announcements"][0]["prefixes"][0]
    assert rows == [
        (
            "rrc00",
            Peer(said["peer"], int(said["peer_asn"])),
            1553627987890000,
            Kind.ANNOUNCE,
            (prefix, said["path"]),
        ),
        ("rrc01", Peer("195.66.224.59", 24931), 1553625081880000, Kind.STATE, 1),
    ]
    # OPEN, NOTIFICATION and KEEPALIVE say nothing of routes; the last line is broken in the file itself.
    assert {name: part.messages for name, part in desk.gathered.items()} == {
        "rrc00": 2,
        "rrc01": 2,
        "rrc03": 1,
    }
    assert [(fault.source, fault.kind) for fault in desk.told] == [
        ("here", "the server tells of an error"),
        ("here", "a frame that is no JSON"),
    ]
    assert desk.told[0].detail == "this is a test error message"
    assert desk.answers.errors == ["this is a test error message"]
    assert desk.answers.broken == 1


def test_states_of_sessions() -> None:
    desk = Desk()
    rows = desk.read(state_frame("connected"), state_frame("down", peer="2001:db8::7"), state_frame("asleep"))
    assert [(row[1].address, row[3], row[4]) for row in rows] == [
        ("192.0.2.1", Kind.STATE, 6),
        ("2001:db8::7", Kind.STATE, 1),
    ]
    assert [fault.detail for fault in desk.told] == ["an unknown state of a session: asleep"]


def test_both_spellings_of_a_collector_are_one() -> None:
    desk = Desk()
    rows = desk.read(message_frame(LONG), message_frame(LONG, host="rrc00.ripe.net"))
    assert [row[0] for row in rows] == ["rrc00", "rrc00"]
    assert desk.decoders["rrc00"].peers == 1


def test_a_collector_that_was_not_asked_for() -> None:
    desk = Desk("rrc01")
    assert desk.read(message_frame(LONG)) == []
    assert [fault.detail for fault in desk.told] == ["a collector that was not asked for: rrc00"]


def test_as_numbers_of_two_bytes() -> None:
    message = bgp.update(("175.45.176.0/24",), (65001, 3356, 9), width=2)
    rows = Desk().read(message_frame(message))
    assert rows[0][4] == ("175.45.176.0/24", [65001, 3356, 9])
    assert rows[0][1] == Peer("192.0.2.1", 65001)


def test_what_comes_twice_is_taken_once() -> None:
    desk = Desk()
    first, second = message_frame(LONG), message_frame(LONG)
    assert len(desk.read(first, first, second)) == 2
    assert len(desk.read(first, second)) == 0
    assert desk.figures.duplicates == 3
    # Without an id nothing is known of it, so that it is taken.
    nameless = json.loads(first)
    del nameless["data"]["id"]
    frame = json.dumps(nameless).encode()
    assert len(desk.read(frame, frame)) == 2


def test_the_memory_of_what_came_is_bounded() -> None:
    recent = Recent(most=3, half_s=10.0)
    names = [f"m{n}" for n in range(10)]
    for name in names:
        assert recent.is_new(name)
        recent.turn(0.0)
    # A half is closed when it holds three: of ten, the last four are in the halves that are left.
    assert [name for name in names if not recent.is_new(name)] == names[6:]


def test_the_memory_forgets_by_time_where_little_comes() -> None:
    recent = Recent(most=1000, half_s=10.0)
    recent.is_new("old")
    recent.turn(11.0)
    assert not recent.is_new("old")
    recent.turn(22.0)
    assert recent.is_new("old")


@pytest.mark.parametrize(
    ("stamp", "expected_us", "kind"),
    [
        (NOW_S + 29, 1419264930_000000, None),
        (NOW_S + 31, 1419264901_000000, "a time in the future"),
        (1e300, 1419264901_000000, "a time in the future"),
        (-1.5, 1419264901_000000, "a time before 1970"),
        (0, 1419264901_000000, "a time before 1970"),
        ("now", 1419264901_000000, "a time that is none"),
        (None, 1419264901_000000, "a time that is none"),
        (0.5, 500000, None),
    ],
)
def test_a_time_that_cannot_be_is_told_and_arrival_stands_for_it(
    stamp: object, expected_us: int, kind: str | None
) -> None:
    desk = Desk()
    rows = desk.read(*(message_frame(LONG, time_s=stamp) for _ in range(3)))
    assert [row[2] for row in rows] == [expected_us] * 3
    assert [fault.kind for fault in desk.told] == ([kind] if kind else [])
    assert desk.figures.restamped == (3 if kind else 0)
    if kind:
        assert desk.faults.counts == {("rrc00", kind): 3}


BAD = [
    (message_frame(LONG, raw=None), "an UPDATE without its bytes"),
    (message_frame(LONG, raw="xyz"), "bytes that are not hexadecimal"),
    (message_frame(LONG, raw=17), "bytes that are not hexadecimal"),
    (message_frame(LONG, raw="FF" * 18), "a BGP message that has not 19 to 65535 bytes"),
    (message_frame(LONG, raw="FF" * 65536), "a BGP message that has not 19 to 65535 bytes"),
    (message_frame(LONG, peer="300.1.1.1"), "a peer that is none"),
    (message_frame(LONG, peer=""), "a peer that is none"),
    (message_frame(LONG, peer_asn="4294967296"), "a peer that is none"),
    (message_frame(LONG, peer_asn="-1"), "a peer that is none"),
    (message_frame(LONG, peer_asn="AS7"), "a peer that is none"),
    (message_frame(LONG, peer_asn=[1]), "a frame of another shape"),
    (message_frame(LONG, peer_asn=1.5), "a peer that is none"),
    (message_frame(LONG, type="GOSSIP"), "an unknown type of message"),
    (message_frame(LONG, type=["UPDATE"]), "a frame of another shape"),
    (
        message_frame(LONG[:16] + b"\xff\xff" + LONG[18:]),
        "BGP message length N is over the N bytes that are left",
    ),
    (b'{"type":"ris_message","data":{"host":"rrc00"}}', "a frame of another shape"),
]


@pytest.mark.parametrize(("bad", "kind"), BAD, ids=range(len(BAD)))
def test_a_bad_message_costs_that_message_and_is_told_once(bad: bytes, kind: str) -> None:
    desk = Desk()
    good = [message_frame(LONG, asn=asn) for asn in range(1, 4)]
    rows = desk.read(good[0], bad, good[1], bad.replace(b'"id": "', b'"id": "again-'), good[2])
    assert [row[1].asn for row in rows] == [1, 2, 3]
    assert [(fault.source, fault.kind) for fault in desk.told] == [("rrc00", kind)]
    assert desk.faults.counts == {("rrc00", kind): 2}
    assert len(desk.told[0].detail) < 400


def test_nonsense_is_counted_against_the_server() -> None:
    desk = Desk()
    rows = desk.read(*NONSENSE, message_frame(LONG), *NONSENSE)
    assert len(rows) == 1
    assert desk.answers.broken == 2 * len(NONSENSE)
    assert {source for source, _ in desk.faults.counts} == {"here"}
    assert sum(desk.faults.counts.values()) == 2 * len(NONSENSE)
    assert len(desk.told) == 3


def test_peers_of_a_collector_are_bounded() -> None:
    desk = Desk()
    frames = [message_frame(LONG, asn=asn) for asn in range(1, 5000)]
    desk.read(*frames)
    assert desk.decoders["rrc00"].peers == 4096
    assert list(desk.faults.counts.items()) == [
        (("rrc00", "a further peer, and the bound for one collector is 4096"), 4999 - 4096)
    ]
    assert len(desk.read(message_frame(LONG, asn=7))) == 1


def test_acknowledged_subscriptions_in_both_shapes() -> None:
    desk = Desk()
    for data in ({"host": "rrc00"}, {"subscription": {"host": "rrc01.ripe.net"}}, None, {"host": "rrc77"}):
        desk.read(json.dumps({"type": "ris_subscribe_ok", "data": data}).encode())
        expected = {"rrc00": ["rrc00"], "rrc01": ["rrc01"]}
        name = "rrc00" if data == {"host": "rrc00"} else "rrc01" if data and "subscription" in data else ""
        assert desk.answers.acknowledged == expected.get(name, [])
    assert desk.told == []


def test_what_strangers_say_is_one_short_line() -> None:
    assert shortened("a\nb\x1b[31m" + "x" * 500) == "a?b?[31m" + "x" * 192 + "…"


def test_batches_are_copies() -> None:
    desk = Desk()
    gathered, _ = desk.frames.read([message_frame(LONG)], NOW_S, 0.0)
    decoder = desk.decoders["rrc00"]
    (first,) = decoder.batches(b"".join(gathered["rrc00"].records), NOW_S)
    kept = first.columns.prefix_hi.tolist()
    other = message_frame(bgp.update(("10.0.0.0/8",), (1,)), asn=77)
    gathered, _ = desk.frames.read([other], NOW_S, 0.0)
    (second,) = decoder.batches(b"".join(gathered["rrc00"].records), NOW_S)
    assert first.columns.prefix_hi.tolist() == kept
    assert first.peers is second.peers
    assert [peer.asn for peer in first.peers] == [65001, 77]


def test_faults_are_told_once_for_each_kind_and_source_and_bounded() -> None:
    told: list[Fault] = []
    faults = Faults(told.append)
    for source in ("a", "b", "a"):
        faults.add(source, "kind", "detail", count=2)
    assert [(fault.source, fault.kind, fault.detail) for fault in told] == [
        ("a", "kind", "detail"),
        ("b", "kind", "detail"),
    ]
    assert faults.counts == {("a", "kind"): 4, ("b", "kind"): 2}
    for number in range(10_000):
        faults.add(f"liar {number}", "kind")
    assert len(faults.counts) == 4097
    assert sum(faults.counts.values()) == 6 + 10_000
    assert len(told) == 4097
