"""One session's part of the archive: its timeline, with its resets, as MRT records and as table snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from nightside.scenes.bgp_writer import (
    PREFIXES_PER_MESSAGE,
    address_bytes,
    announce_ipv6,
    common_attributes,
    end_of_rib,
    nlri,
    reach_ipv6_in_table,
    update_ipv4,
    withdraw_ipv6,
)
from nightside.scenes.mrt_writer import State, Tally, message_record, session_header, state_record
from nightside.scenes.scene import AsPath, Collector, Reset, Scene, Session
from nightside.scenes.timeline import Change

RIS_ASN = 12654
"""The local AS of the RIS collectors."""

Table = dict[int, tuple[AsPath, int]]
"""From network to (path, second in which it was heard)."""

_DOWN, _UP, _TRANSFER, _END_OF_RIB, _CHANGE, _SNAPSHOT = range(6)
_CLIMB = (State.IDLE, State.CONNECT, State.OPEN_SENT, State.OPEN_CONFIRM, State.ESTABLISHED)


@dataclass(slots=True)
class Speech:
    """What the collector stores of one session: (second, record) in order, and its tables by time."""

    records: list[tuple[int, bytes]] = field(default_factory=list)
    tables: dict[int, Table] = field(default_factory=dict)


class Speaker:
    """Writes for one session; `tally` counts what it writes."""

    def __init__(self, scene: Scene, collector: Collector, session: Session, tally: Tally) -> None:
        self._scene, self._session, self._tally = scene, session, tally
        self._collector = collector
        local = collector.local_ipv4 if session.family == 4 else collector.local_ipv6
        self._header = session_header(session.asn, RIS_ASN, session.address, local)
        self._next_hop = address_bytes(session.address)
        self._attributes: dict[AsPath, bytes] = {}
        self._nlri = [nlri(network.prefix) for network in scene.networks]

    def table_attributes(self, path: AsPath) -> bytes:
        """The attribute block of a table entry."""
        block = self._block(path)
        return block if self._session.family == 4 else block + reach_ipv6_in_table(self._next_hop)

    def speak(self, table: dict[int, AsPath], changes: list[Change]) -> Speech:
        """The whole scene from the session's first table and its changes (in order of time)."""
        speech = Speech()
        held: dict[int, AsPath] = dict(table)
        told: Table = {n: (path, self._scene.begin - 3600 - n % 977 * 600) for n, path in table.items()}
        established = True
        gone: list[int] = []
        said: dict[int, AsPath] = {}
        now = self._scene.begin
        for at, _, what, network, path in self._events(table, changes):
            if at != now or what not in (_CHANGE, _TRANSFER):
                self._flush(now, gone, said, speech)
                now = at
            if what == _SNAPSHOT:
                speech.tables[at] = dict(told)
            elif what == _DOWN:
                established = False
                told.clear()
                self._states(at, (State.ESTABLISHED, State.IDLE), speech)
            elif what == _UP:
                established = True
                self._states(at, _CLIMB, speech)
            elif what == _END_OF_RIB:
                self._tally.ends_of_rib += 1
                self._say(at, end_of_rib(self._session.family), speech)
            elif what == _TRANSFER:
                if network in held:
                    said[network] = held[network]
                    told[network] = (held[network], at)
            elif path is None:
                held.pop(network, None)
                if established:
                    gone.append(network)
                    told.pop(network, None)
            else:
                held[network] = path
                if established:
                    said[network] = path
                    told[network] = (path, at)
        self._flush(now, gone, said, speech)
        return speech

    def _events(
        self, table: dict[int, AsPath], changes: list[Change]
    ) -> list[tuple[int, int, int, int, AsPath | None]]:
        """All that happens to the session, in order: (second, order within it, what, network, path)."""
        scene = self._scene
        events = [(at, 1, _CHANGE, network, path) for at, network, path in changes]
        # A table holds what was heard before its second; what is heard in that second follows it.
        events += [(at, 0, _SNAPSHOT, 0, None) for at in range(scene.begin, scene.end, scene.table_every_s)]
        order = sorted(table, key=lambda n: self._nlri[n][1:])
        for number, reset in enumerate(h for h in scene.happenings if isinstance(h, Reset)):
            if reset.collector != self._collector.name or self._session.address not in reset.addresses:
                continue
            rng = Random(f"{scene.seed}/reset/{number}/{self._session.address}")
            up = reset.end + rng.randint(0, 3)
            events.append((reset.begin + rng.randint(0, 3), 2, _DOWN, 0, None))
            events.append((up, 3, _UP, 0, None))
            start = up + 2
            for place, network in enumerate(order):
                events.append((start + place * reset.transfer_s // len(order), 4, _TRANSFER, network, None))
            if reset.end_of_rib:
                events.append((start + reset.transfer_s, 5, _END_OF_RIB, 0, None))
        return sorted((e for e in events if e[0] < scene.end), key=lambda event: event[:2])

    def _flush(self, at: int, gone: list[int], said: dict[int, AsPath], speech: Speech) -> None:
        """Write what one second brought: withdrawals in one message, announcements by path."""
        family = self._session.family
        for i in range(0, len(gone), PREFIXES_PER_MESSAGE):
            some = [self._nlri[n] for n in gone[i : i + PREFIXES_PER_MESSAGE]]
            self._say(at, update_ipv4(withdrawn=some) if family == 4 else withdraw_ipv6(some), speech)
        by_path: dict[AsPath, list[bytes]] = {}
        for network, path in said.items():
            by_path.setdefault(path, []).append(self._nlri[network])
        for path, prefixes in by_path.items():
            block = self._block(path)
            for i in range(0, len(prefixes), PREFIXES_PER_MESSAGE):
                some = prefixes[i : i + PREFIXES_PER_MESSAGE]
                if family == 4:
                    self._say(at, update_ipv4(attributes=block, announced=some), speech)
                else:
                    self._say(at, announce_ipv6(block, self._next_hop, some), speech)
        self._tally.withdrawn += len(gone)
        self._tally.announced += len(said)
        gone.clear()
        said.clear()

    def _say(self, at: int, message: bytes, speech: Speech) -> None:
        speech.records.append((at, message_record(at, self._header, message)))

    def _states(self, at: int, states: tuple[State, ...], speech: Speech) -> None:
        for old, new in pairwise(states):
            speech.records.append((at, state_record(at, self._header, old, new)))
            self._tally.states += 1

    def _block(self, path: AsPath) -> bytes:
        """ORIGIN, AS_PATH and (IPv4) NEXT_HOP; some peers add a MED, some tag where they heard it."""
        block = self._attributes.get(path)
        if block is None:
            asn = self._session.asn
            tags: list[int] = []
            if asn < 65536 and asn % 3:
                tags = [asn << 16 | 1000, asn << 16 | 2000 + path[1 if len(path) > 1 else 0] % 1000]
            block = common_attributes(
                path,
                next_hop_ipv4=self._next_hop if self._session.family == 4 else b"",
                med=10 * (asn % 7) if asn % 4 == 0 else None,
                communities=tags,
            )
            self._attributes[path] = block
        return block
