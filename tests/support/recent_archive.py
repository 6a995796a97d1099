"""An archive of one RIS collector as it is right now: a table at the last third of the day, and quiet updates since."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nightside.scenes.bgp_writer import address_bytes, common_attributes, nlri
from nightside.scenes.mrt_writer import (
    gz,
    message_record,
    peer_index_record,
    rib_entry,
    rib_record,
    session_header,
)

TABLE_EVERY_S, UPDATES_EVERY_S = 28800, 300
Route = tuple[str, Sequence[int]]
"""A prefix, and the path without the peer's own AS."""


def write_archive(
    root: Path,
    collector: str,
    peers: Mapping[str, int],
    routes: Iterable[Route],
    without: Mapping[str, int] = {},
    now_s: float | None = None,
) -> int:
    """Below `root`, as an archive lies; every peer has every route, but those in `without` only so many.

    It is what an archive has at `now_s`, which is now unless given. Returns the time of the table.
    """
    now = int(time.time() if now_s is None else now_s)
    nominal = now - now % TABLE_EVERY_S
    addresses = list(peers)
    own = {path: _entries(peers, path, nominal) for path in {tuple(p) for _, p in routes}}
    records = [peer_index_record(nominal, "192.0.2.254", peers.items())]
    for number, (prefix, path) in enumerate(routes):
        entries = [
            entry
            for address, entry in zip(addresses, own[tuple(path)], strict=True)
            if number < without.get(address, number + 1)
        ]
        records.append(rib_record(nominal, number, 4, nlri(prefix), entries))
    _write(root, collector, "bview", nominal, b"".join(records))
    for slot in range(nominal - UPDATES_EVERY_S, now - UPDATES_EVERY_S, UPDATES_EVERY_S):
        _write(root, collector, "updates", slot, b"")
    return nominal


def write_updates(
    root: Path,
    collector: str,
    peers: Mapping[str, int],
    said: Iterable[tuple[float, str, bytes]],
    begin: float,
    until: float,
) -> None:
    """Its files of updates from the one with `begin` to the last that is whole at `until`; those that are there stay.

    In them is what peers `said`: when, by which address, the BGP message.
    """
    slots: dict[int, list[bytes]] = {}
    for at, address, message in sorted(said):
        header = session_header(peers[address], 12654, address, "192.0.2.254")
        slot = int(at - at % UPDATES_EVERY_S)
        slots.setdefault(slot, []).append(message_record(int(at), header, message))
    for slot in range(int(begin - begin % UPDATES_EVERY_S), int(until) - UPDATES_EVERY_S, UPDATES_EVERY_S):
        if not _path(root, collector, "updates", slot).exists():
            _write(root, collector, "updates", slot, b"".join(slots.get(slot, [])))


def _entries(peers: Mapping[str, int], path: Sequence[int], at: int) -> list[bytes]:
    return [
        rib_entry(i, at - 9999, common_attributes((asn, *path), next_hop_ipv4=address_bytes(address)))
        for i, (address, asn) in enumerate(peers.items())
    ]


def _path(root: Path, collector: str, kind: str, at: int) -> Path:
    moment = datetime.fromtimestamp(at, UTC)
    return root / collector / f"{moment:%Y.%m}" / f"{kind}.{moment:%Y%m%d.%H%M}.gz"


def _write(root: Path, collector: str, kind: str, at: int, content: bytes) -> None:
    path = _path(root, collector, kind, at)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gz(content))
