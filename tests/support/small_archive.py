"""A collector's archive written record by record: five peers, North Korea's four networks, and one elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from nightside.scenes.bgp_writer import address_bytes, common_attributes, nlri, update_ipv4
from nightside.scenes.mrt_writer import (
    State,
    gz,
    message_record,
    peer_index_record,
    rib_entry,
    rib_record,
    session_header,
    state_record,
)

T0 = 1_419_206_400
"""2014-12-22T00:00:00Z."""
KP = tuple(f"175.45.{n}.0/24" for n in (176, 177, 178, 179))
PEERS = {f"192.0.2.{n}": 100 * n for n in range(1, 6)}
A, B, C, D, _E = PEERS
SLOT = 300
ALL = len(PEERS) * len(KP) * 2
"""Every peer loses every network, and gains it."""
Path_ = Sequence[int]


def usual(asn: int) -> tuple[int, ...]:
    return asn, 4837, 131279


MESSAGE_AS4, MESSAGE_AS4_LOCAL, MESSAGE_AS4_ADDPATH, MESSAGE_AS4_LOCAL_ADDPATH = 4, 7, 9, 11
"""BGP4MP subtypes (RFC 6396 section 4.4, RFC 8050 section 3)."""


def subtype_of(path_id: int | None, local: bool) -> int:
    if path_id is None:
        return MESSAGE_AS4_LOCAL if local else MESSAGE_AS4
    return MESSAGE_AS4_LOCAL_ADDPATH if local else MESSAGE_AS4_ADDPATH


def numbered(prefix: str, path_id: int | None) -> bytes:
    """A prefix as in a message, behind its path identifier where there is one (RFC 7911 section 3)."""
    return (b"" if path_id is None else path_id.to_bytes(4, "big")) + nlri(prefix)


class Archive:
    """The files of one collector, slot by slot of five minutes."""

    def __init__(self, folder: Path, name: str = "rrc00") -> None:
        self.folder = folder / name / "2014.12"
        self.folder.mkdir(parents=True)
        self.slots: dict[int, list[bytes]] = {}
        self.name = name

    def table(self, at: int, routes: dict[str, dict[str, Path_]]) -> None:
        """`routes`: per prefix the peers' paths."""
        numbers = {address: i for i, address in enumerate(PEERS)}
        records = [peer_index_record(at, "192.0.2.254", PEERS.items())]
        for sequence, (prefix, paths) in enumerate(routes.items()):
            entries = [
                rib_entry(numbers[a], at - 9999, common_attributes(p, next_hop_ipv4=address_bytes(a)))
                for a, p in paths.items()
            ]
            records.append(rib_record(at, sequence, 4, nlri(prefix), entries))
        self._write(f"bview.{stamp(at)}.gz", records)

    def say(self, at: int, peer: str, message: bytes, subtype: int = MESSAGE_AS4) -> None:
        header = session_header(PEERS[peer], 12654, peer, "192.0.2.254")
        record = message_record(at, header, message)
        record = record[:6] + subtype.to_bytes(2, "big") + record[8:]
        self.slots.setdefault(at - at % SLOT, []).append(record)

    def announce(
        self,
        at: int,
        peer: str,
        *prefixes: str,
        path: Path_ | None = None,
        path_id: int | None = None,
        local: bool = False,
    ) -> None:
        """`local`: the collector sent it to the peer."""
        attributes = common_attributes(path or usual(PEERS[peer]), next_hop_ipv4=address_bytes(peer))
        message = update_ipv4(attributes=attributes, announced=[numbered(p, path_id) for p in prefixes])
        self.say(at, peer, message, subtype_of(path_id, local))

    def withdraw(self, at: int, peer: str, *prefixes: str, path_id: int | None = None) -> None:
        message = update_ipv4(withdrawn=[numbered(p, path_id) for p in prefixes])
        self.say(at, peer, message, subtype_of(path_id, False))

    def state(self, at: int, peer: str, old: State, new: State) -> None:
        header = session_header(PEERS[peer], 12654, peer, "192.0.2.254")
        self.slots.setdefault(at - at % SLOT, []).append(state_record(at, header, old, new))

    def finish(self, until: int, *, missing: Sequence[int] = ()) -> None:
        """Write every slot from T0 on but the missing ones."""
        for slot in range(T0, until, SLOT):
            if slot not in missing:
                self._write(f"updates.{stamp(slot)}.gz", self.slots.get(slot, []))

    def _write(self, name: str, records: list[bytes]) -> None:
        (self.folder / name).write_bytes(gz(b"".join(records)))


def stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y%m%d.%H%M")


def full_table(paths: dict[str, Path_] | None = None) -> dict[str, dict[str, Path_]]:
    """All peers reach all four networks, and one elsewhere."""
    mine = {a: usual(asn) for a, asn in PEERS.items()} | (paths or {})
    return {prefix: dict(mine) for prefix in (*KP, "8.8.8.0/24")}


def outage(archive: Archive, begin: int, end: int, *, but: str = "") -> None:
    """All peers (but one) withdraw all four networks, and announce them again."""
    for i, peer in enumerate(p for p in PEERS if p != but):
        archive.withdraw(begin + i, peer, *KP)
        archive.announce(end + i, peer, *KP)
