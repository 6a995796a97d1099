"""A view of few subjects that leaves the rest out knows of them what a view of everything knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from nightside.engine.live import checkpoint
from nightside.engine.live.light import light_settings, light_subscriptions, light_watcher
from nightside.engine.live.watcher import Watcher
from nightside.engine.subjects import country_subjects
from nightside.model.errors import UsageError
from nightside.model.incident import Provenance
from nightside.scenes.bgp_writer import address_bytes, common_attributes, nlri, update_ipv4
from nightside.scenes.mrt_writer import (
    State,
    message_record,
    peer_index_record,
    rib_entry,
    rib_record,
    session_header,
    state_record,
)
from nightside.wire.decoder import Decoder
from nightside.world.snapshot import load

T0 = 1_419_206_400
"""2014-12-22T00:00:00Z."""
DAY = 86400
KP = tuple(f"175.45.{n}.0/24" for n in (176, 177, 178, 179))
ANCHOR = "84.205.85.0/24"
OTHERS = tuple(f"11.{n}.0.0/16" for n in range(200))
FULL = {f"192.0.2.{n}": 100 * n for n in range(1, 5)}
PART = {"192.0.2.9": 900}
"""It has all of North Korea, and little else."""
PEERS = FULL | PART
Table = dict[str, Sequence[str]]


def usual() -> Table:
    return dict.fromkeys(FULL, (*KP, ANCHOR, *OTHERS)) | dict.fromkeys(PART, (*KP, *OTHERS[:5]))


def watchers() -> tuple[Watcher, Watcher]:
    """A near one, and one that sees everything, by the same settings."""
    snapshot = load()
    provenance = Provenance([], None, "", False, None)
    near = light_watcher(snapshot, ["KP"], provenance)
    return near, Watcher(
        snapshot, country_subjects(snapshot, ["KP"]), light_settings(), provenance=provenance
    )


class World:
    """What some watchers hear of one collector."""

    def __init__(self, *watchers: Watcher) -> None:
        self.watchers = watchers
        self.decoder = Decoder()

    def hear(self, records: Iterable[bytes]) -> None:
        self.decoder.start("test")
        content = b"".join(records)
        for part in (self.decoder.feed(content), self.decoder.finish()):
            for columns in part:
                for watcher in self.watchers:
                    watcher.live.apply("rrc06", self.decoder.peers, columns)

    def table(self, at: int, routes: Table) -> None:
        numbers = {address: i for i, address in enumerate(PEERS)}
        records = [peer_index_record(at, "192.0.2.254", PEERS.items())]
        for sequence, prefix in enumerate(sorted({p for mine in routes.values() for p in mine})):
            entries = [
                rib_entry(numbers[a], at - 9999, attributes(a))
                for a, mine in routes.items()
                if prefix in mine
            ]
            records.append(rib_record(at, sequence, 4, nlri(prefix), entries))
        self.hear(records)
        for watcher in self.watchers:
            watcher.live.table_done("rrc06")

    def say(self, at: int, peer: str, announced: Sequence[str] = (), withdrawn: Sequence[str] = ()) -> None:
        header = session_header(PEERS[peer], 12654, peer, "192.0.2.254")
        message = update_ipv4(
            attributes=attributes(peer) if announced else b"",
            announced=[nlri(p) for p in announced],
            withdrawn=[nlri(p) for p in withdrawn],
        )
        self.hear([message_record(at, header, message)])

    def state(self, at: int, peer: str, old: State, new: State) -> None:
        header = session_header(PEERS[peer], 12654, peer, "192.0.2.254")
        self.hear([state_record(at, header, old, new)])

    def come(self, *seconds: int) -> None:
        for second in seconds:
            for watcher in self.watchers:
                watcher.until(second)


def attributes(peer: str) -> bytes:
    return common_attributes((PEERS[peer], 4837, 131279), next_hop_ipv4=address_bytes(peer))


def course(watcher: Watcher) -> list[tuple[int, int]]:
    (found,) = watcher.courses.all.values()
    return list(zip(found.times, found.units, strict=True))


def known(watcher: Watcher) -> tuple[int, int, bool]:
    step = watcher.view[-1]
    return step.known, step.expected, step.unknown


def test_it_knows_what_a_view_of_everything_knows() -> None:
    near, far = watchers()
    world = World(near, far)
    world.table(T0, usual())
    world.come(T0 + 60)
    for n, peer in enumerate(FULL):
        world.say(T0 + 100 + n, peer, withdrawn=KP[:2])
        world.say(T0 + 100 + n, peer, withdrawn=OTHERS[:7])
        world.say(T0 + 200 + n, peer, announced=(*KP[:2], OTHERS[3]))
    world.come(T0 + 150, T0 + 400)
    # Half of four, in the second in which the third has lost it, or the second has it again.
    assert course(near) == course(far) == [(T0, 4), (T0 + 102, 2), (T0 + 201, 4)]
    assert near.view == far.view
    assert known(near) == (4, 4, False)
    assert far.live.prefixes.count == 205
    # The fifth's first route stands for it; it has routes of use, so it is not taken.
    assert near.live.prefixes.count == 5


def test_who_has_no_route_to_any_subject_counts() -> None:
    near, far = watchers()
    world = World(near, far)
    table = usual() | dict.fromkeys(list(FULL)[:3], OTHERS)
    world.table(T0, table)
    world.come(T0 + 60)
    assert known(near) == known(far) == (4, 4, False)
    assert course(near) == course(far) == [(T0, 0)]


def test_whether_a_session_is_full_feed_is_decided_by_all_of_its_table() -> None:
    near, far = watchers()
    world = World(near, far)
    # Three of them have half of the largest, or more; one has less, though it has all that is of use.
    half = (len(OTHERS) + 5) // 2 + 1
    peers = list(FULL)
    table = usual()
    table[peers[1]] = (*KP, ANCHOR, *OTHERS[: half - 5])
    table[peers[2]] = (*KP, ANCHOR, *OTHERS[: half - 7])
    world.table(T0, table)
    world.come(T0 + 60)
    assert known(near) == known(far) == (3, 3, False)


def test_a_session_that_comes_back_is_full_feed_though_only_a_part_of_its_transfer_is_seen() -> None:
    near, _far = watchers()
    world = World(near)
    world.table(T0, usual())
    world.come(T0 + 60)
    later = T0 + 2 * DAY
    for peer in FULL:
        world.state(later, peer, State.ESTABLISHED, State.IDLE)
        world.state(later + 5, peer, State.IDLE, State.ESTABLISHED)
    world.come(later + 20)
    assert known(near) == (0, 4, True)
    for peer in FULL:
        world.say(later + 30, peer, announced=[ANCHOR, *KP])
    world.come(later + 60)
    assert known(near) == (4, 4, False)
    assert course(near) == [(T0, 4)]


def test_a_slow_transfer_seen_through_filters_is_no_outage() -> None:
    near, _far = watchers()
    world = World(near)
    world.table(T0, usual())
    world.come(T0 + 60)
    at = T0 + 1000
    for peer in FULL:
        world.state(at, peer, State.ESTABLISHED, State.IDLE)
        world.state(at + 5, peer, State.IDLE, State.ESTABLISHED)
        # The anchor comes at once, North Korea when the rest of the table has come: minutes later.
        world.say(at + 6, peer, announced=[ANCHOR])
    world.come(*range(at, at + 240, 10))
    assert known(near)[2]
    for peer in FULL:
        world.say(at + 240, peer, announced=KP)
    world.come(at + 300)
    assert known(near) == (4, 4, False)
    assert course(near) == [(T0, 4)]


def test_what_does_not_come_back_in_a_transfer_is_lost_when_a_whole_one_must_be_over() -> None:
    near, _far = watchers()
    world = World(near)
    world.table(T0, dict.fromkeys(FULL, (*KP[:1], ANCHOR, "84.205.70.0/24", *OTHERS)))
    world.come(T0 + 60)
    at = T0 + 1000
    for peer in FULL:
        world.state(at, peer, State.ESTABLISHED, State.IDLE)
        world.state(at + 5, peer, State.IDLE, State.ESTABLISHED)
        world.say(at + 6, peer, announced=[ANCHOR, "84.205.70.0/24"])
    quiet = light_settings().transfer_quiet_s
    world.come(at + 5 + quiet)
    assert known(near)[2]
    world.come(at + 6 + quiet)
    assert known(near) == (4, 4, False)
    assert course(near)[-1][1] == 0


def test_the_silence_of_sessions_is_nothing() -> None:
    near, _far = watchers()
    world = World(near)
    world.table(T0, usual())
    world.come(*range(T0, T0 + 3 * DAY, 3600))
    assert known(near) == (4, 4, False)
    assert {units for _at, units in course(near)} == {4}


def test_a_collector_that_is_lost_is_no_outage() -> None:
    near, _far = watchers()
    world = World(near)
    world.table(T0, usual())
    world.come(T0 + 60)
    near.live.lost("rrc06", T0 + 100)
    world.come(T0 + 200)
    assert known(near) == (0, 4, True)
    near.live.back("rrc06", T0 + 5000)
    world.come(T0 + 5100)
    assert known(near) == (4, 4, False)
    assert course(near) == [(T0, 4)]


def state_of(watcher: Watcher) -> checkpoint.Checkpoint:
    return checkpoint.Checkpoint(watcher, checkpoint.DaemonFigures(), [], 0.0)


def test_it_goes_on_from_a_kept_state_as_if_nothing_had_been(tmp_path: Path) -> None:
    near, _far = watchers()
    world = World(near)
    world.table(T0, usual())
    world.come(T0 + 60)
    checkpoint.pack(tmp_path / "state", "key", state_of(near), checkpoint.names_of(near))
    checkpoint.finish(tmp_path / "state")
    # What is known of a few countries is little; the map is not in it.
    assert (tmp_path / "state").stat().st_size < 1_000_000
    other, _far = watchers()
    read = checkpoint.read(tmp_path / "state", "key", checkpoint.names_of(other))
    assert isinstance(read, checkpoint.Checkpoint)
    again = World(read.watcher)
    again.decoder = world.decoder
    for one in (world, again):
        for n, peer in enumerate(FULL):
            one.state(T0 + 2 * DAY, peer, State.ESTABLISHED, State.IDLE)
            one.state(T0 + 2 * DAY + 1, peer, State.IDLE, State.ESTABLISHED)
            one.say(T0 + 2 * DAY + 9, peer, announced=[*KP, ANCHOR])
            one.say(T0 + 2 * DAY + 100 + n, peer, withdrawn=[KP[0], OTHERS[1]])
        one.come(T0 + 2 * DAY + 200)
    assert course(again.watchers[0]) == course(near)
    assert course(near)[-1] == (T0 + 2 * DAY + 102, 3)
    assert again.watchers[0].view == near.view
    assert known(near) == (4, 4, False)


def test_what_is_asked_for() -> None:
    asked = light_subscriptions(load(), ["KP"], ["rrc06", "rrc16"])
    assert [
        (s.prefix, s.more_specific, s.less_specific, s.type) for s in asked if s.collector == "rrc16"
    ] == [
        ("175.45.176.0/22", True, True, None),
        ("84.205.64.0/19", True, False, None),
        ("93.175.144.0/20", True, False, None),
        ("2001:7fb::/32", True, False, None),
        (None, False, False, "RIS_PEER_STATE"),
    ]
    assert len(asked) == 10
    assert len(light_subscriptions(load(), ["US", "DE"], ["rrc06"])) <= 128 + 4


def test_all_countries_are_not_few() -> None:
    with pytest.raises(UsageError, match="few countries"):
        light_watcher(load(), [], Provenance([], None, "", False, None))
