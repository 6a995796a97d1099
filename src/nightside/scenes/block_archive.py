"""A block's pieces as MRT files in the layout of RIS (RFC 6396): the same elements as bytes."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from struct import pack

import numpy as np
from numpy.typing import NDArray

from nightside.model.elements import Kind, Peer
from nightside.model.errors import UnreadableError, UsageError
from nightside.scenes.bgp_writer import (
    PREFIXES_PER_MESSAGE,
    address_bytes,
    common_attributes,
    end_of_rib,
    update_ipv4,
)
from nightside.scenes.mrt_writer import (
    State,
    message_record,
    peer_index_record,
    rib_entry,
    rib_record,
    session_header,
    state_record,
)
from nightside.scenes.pieces import BlockColumns, MissingPiece, Piece, TablePiece, UpdatesPiece
from nightside.scenes.speech import RIS_ASN

NOTE = "generated benchmark: real prefixes, made-up peers, injected outages and noise"
_HEARD_BEFORE_S = 3600
_FAST = 1


def write_block(
    folder: Path,
    archive: Mapping[str, Iterator[Piece]],
    peers: Mapping[str, Sequence[Peer]],
    addresses: Mapping[str, str],
) -> None:
    """Write what each collector's archive says, and the mark that it is no real archive.

    `peers` are each collector's sessions, `addresses` the collectors' own. Raises UsageError where the folder
    holds something, UnreadableError where it cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(
                "the folder is not empty", where=str(folder), advice="Name a new or an empty one."
            )
    except OSError as error:
        raise UnreadableError(f"cannot be used as a folder: {error.strerror}", where=str(folder)) from None
    mark = {"reconstruction": True, "note": NOTE}
    (folder / "nightside.json").write_text(json.dumps(mark, indent=2) + "\n")
    for collector, pieces in archive.items():
        writer = _Writer(peers[collector], addresses[collector])
        content: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, MissingPiece):
                continue
            if isinstance(piece, TablePiece):
                if not content:
                    content.append(writer.index(piece.nominal))
                content.append(writer.table(piece.columns))
            else:
                content.append(writer.updates(piece.columns))
            if piece.last:
                path = folder / _name(collector, piece)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(zlib.compress(b"".join(content), level=_FAST, wbits=31))
                content.clear()


def _name(collector: str, piece: TablePiece | UpdatesPiece) -> str:
    moment = datetime.fromtimestamp(piece.nominal, UTC)
    kind = "bview" if isinstance(piece, TablePiece) else "updates"
    return f"{collector}/{moment:%Y.%m}/{kind}.{moment:%Y%m%d.%H%M}.gz"


@lru_cache(maxsize=1 << 16)
def _nlri(hi: int, length: int) -> bytes:
    return bytes((length,)) + pack(">Q", hi)[: (length + 7) // 8]


class _Writer:
    """Writes for one collector."""

    def __init__(self, peers: Sequence[Peer], address: str) -> None:
        self._peers, self._address = peers, address
        self._headers = [session_header(p.asn, RIS_ASN, p.address, address) for p in peers]
        self._next_hops = [address_bytes(p.address) for p in peers]
        self._attributes: dict[int, bytes] = {}
        self._entries: dict[int, bytes] = {}
        self._heard = 0
        self._sequence = 0

    def index(self, second: int) -> bytes:
        """The peer index of a table, with all sessions."""
        self._sequence = 0
        self._heard = self._heard or second - _HEARD_BEFORE_S
        return peer_index_record(second, self._address, ((p.address, p.asn) for p in self._peers))

    def table(self, columns: BlockColumns) -> bytes:
        """Records of one piece of a table: all entries of a prefix are in one record."""
        if columns.count == 0:
            return b""
        # A table comes session by session; in the file all of a prefix stands in one record.
        order = np.argsort(columns.prefix_index, kind="stable")
        prefix = columns.prefix_index[order]
        heads = np.flatnonzero(np.append(True, prefix[1:] != prefix[:-1]))
        bounds = np.append(heads, columns.count).tolist()
        first = order[heads]
        seconds = (columns.time_us[first] // 1_000_000).tolist()
        hi, length = columns.prefix_hi[first].tolist(), columns.prefix_len[first].tolist()
        starts = columns.path_start[order]
        self._know(columns, starts, columns.peer[order], columns.path_count[order])
        entries = [self._entries[start] for start in starts.tolist()]
        records = []
        for i, (low, high) in enumerate(pairwise(bounds)):
            nlri = _nlri(hi[i], length[i])
            records.append(rib_record(seconds[i], self._sequence, 4, nlri, entries[low:high]))
            self._sequence += 1
        return b"".join(records)

    def _know(
        self,
        columns: BlockColumns,
        starts: NDArray[np.uint32],
        peers: NDArray[np.uint32],
        counts: NDArray[np.uint16],
    ) -> None:
        """Make the table entries of routes that no table before had."""
        some, first = np.unique(starts, return_index=True)
        for start, i in zip(some.tolist(), first.tolist(), strict=True):
            if start not in self._entries:
                peer = int(peers[i])
                block = self._block(columns, peer, start, int(counts[i]))
                self._entries[start] = rib_entry(peer, self._heard, block)

    def updates(self, columns: BlockColumns) -> bytes:
        """Messages and changes of state in the order of the rows; neighbours with one path share a message."""
        n = columns.count
        if n == 0:
            return b""
        second = columns.time_us // 1_000_000
        alike = (
            (second[1:] == second[:-1])
            & (columns.peer[1:] == columns.peer[:-1])
            & (columns.kind[1:] == columns.kind[:-1])
            & (columns.path_start[1:] == columns.path_start[:-1])
            & (columns.kind[1:] != Kind.STATE)
        )
        bounds = [0, *(np.flatnonzero(~alike) + 1).tolist(), n]
        kinds, peers, seconds = columns.kind.tolist(), columns.peer.tolist(), second.tolist()
        starts, counts = columns.path_start.tolist(), columns.path_count.tolist()
        hi, length = columns.prefix_hi.tolist(), columns.prefix_len.tolist()
        records = []
        for low, high in itertools.pairwise(bounds):
            header = self._headers[peers[low]]
            if kinds[low] == Kind.STATE:
                old, new = State(int(columns.old_state[low])), State(int(columns.new_state[low]))
                records.append(state_record(seconds[low], header, old, new))
            elif kinds[low] == Kind.END_OF_RIB:
                records.append(message_record(seconds[low], header, end_of_rib(4)))
            else:
                for at in range(low, high, PREFIXES_PER_MESSAGE):
                    some = [_nlri(hi[k], length[k]) for k in range(at, min(at + PREFIXES_PER_MESSAGE, high))]
                    if kinds[low] == Kind.WITHDRAW:
                        message = update_ipv4(withdrawn=some)
                    else:
                        block = self._block(columns, peers[low], starts[low], counts[low])
                        message = update_ipv4(attributes=block, announced=some)
                    records.append(message_record(seconds[low], header, message))
        return b"".join(records)

    def _block(self, columns: BlockColumns, peer: int, start: int, count: int) -> bytes:
        """The attributes of a route; a path begins at the same place whenever this collector tells it."""
        block = self._attributes.get(start)
        if block is None:
            path = columns.paths[start : start + count].tolist()
            block = common_attributes(path, next_hop_ipv4=self._next_hops[peer])
            self._attributes[start] = block
        return block
