"""Elements one by one, for who wants a loop: made from columns, batch by batch, after these have been filtered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np

from nightside.model.elements import FLAG_NO_UPSTREAM, FLAG_PATH_ID, Columns, Kind, Peer
from nightside.sources.attribute_blocks import AT_ONCE, BlockReader
from nightside.sources.element_filter import KINDS, ElementFilter, chosen
from nightside.sources.layout import InputFile
from nightside.sources.reading import Listener, read_files
from nightside.wire.decoder import Decoder
from nightside.wire.prefix_text import prefix_text


class Element(NamedTuple):
    """What one peer said of one prefix, or what became of its session. What an element does not carry is None."""

    kind: str
    """`announce`, `withdraw`, `state`, `route` (an entry of a table) or `end_of_rib`."""
    time: float
    """Seconds since 1970-01-01T00:00:00Z."""
    collector: str
    peer_address: str
    peer_asn: int
    prefix: str | None
    origin: int | None
    """The AS that announces it; of a path that ends in an AS_SET, the set's first."""
    upstream: int | None
    """The AS beside the origin, prepending left out; None too where there is none."""
    path: tuple[int, ...] | None
    """From the peer's AS to the origin's; AS_SETs lie flat in it."""
    communities: tuple[str, ...] | None
    """As `65000:120`, large ones as `65000:1:2`; None where they were not asked for."""
    old_state: int | None
    """RFC 4271: 1 (Idle) to 6 (Established)."""
    new_state: int | None
    path_id: int | None
    """RFC 7911."""


_NEW: Callable[[Iterable[Any]], Element] = partial(tuple.__new__, Element)


def file_elements(
    files: Sequence[InputFile], listener: Listener, wanted: ElementFilter, *, communities: bool = False
) -> Iterator[Element]:
    """The wanted elements of files that have been found, in the order of these and of their bytes."""
    if communities:
        blocks = BlockReader()
        for file, columns in read_files(blocks, files, listener):
            some = chosen(columns, blocks.peers, wanted)
            if some.count:
                said = [None if c is None else tuple(c) for c in blocks.communities(some).to_pylist()]
                yield from _made(some, blocks.peers, file.collector, said)
        return
    decoder = Decoder(AT_ONCE)
    for file, columns in read_files(decoder, files, listener):
        some = chosen(columns, decoder.peers, wanted)
        if some.count:
            yield from _made(some, decoder.peers, file.collector, repeat(None))


def _made(columns: Columns, peers: Sequence[Peer], collector: str, communities: Any) -> Iterator[Element]:
    """The elements of one batch; nothing of the batch is needed once they are there."""
    n = columns.count
    kind, peer = columns.kind[:n], columns.peer[:n]
    flags = columns.flags[:n]
    with_path = (kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)
    is_state = kind == Kind.STATE
    addresses, asns = [p.address for p in peers], [p.asn for p in peers]
    who = peer.tolist()
    fields = (
        [KINDS[k] for k in (kind - 1).tolist()],
        (columns.time_us[:n] / 1_000_000).tolist(),
        repeat(collector),
        [addresses[i] for i in who],
        [asns[i] for i in who],
        _prefixes(columns, with_path | (kind == Kind.WITHDRAW)),
        _or_none(columns.origin[:n], with_path),
        _or_none(columns.upstream[:n], with_path & ((flags & FLAG_NO_UPSTREAM) == 0)),
        _paths(columns, with_path),
        communities,
        _or_none(columns.old_state[:n], is_state),
        _or_none(columns.new_state[:n], is_state),
        _or_none(columns.path_id[:n], (flags & FLAG_PATH_ID) != 0),
    )
    # As `Element._make`, without its call of Python's own for each.
    return map(_NEW, zip(*fields, strict=False))


def _or_none(column: Any, there: Any) -> Any:
    """A column as Python's numbers, None where it says nothing."""
    if not there.any():
        return repeat(None)
    values = column.tolist()
    if not there.all():
        for i in np.flatnonzero(~there).tolist():
            values[i] = None
    return values


def _prefixes(columns: Columns, there: Any) -> Any:
    ends, utf8 = prefix_text(columns)
    text, cuts = utf8.decode("ascii"), ends.tolist()
    found: list[str | None] = [text[a:b] for a, b in pairwise(cuts)]
    for i in np.flatnonzero(~there).tolist():
        found[i] = None
    return found


def _paths(columns: Columns, there: Any) -> Any:
    """The paths as tuples; elements that share a stretch share the tuple."""
    if not there.any():
        return repeat(None)
    n = columns.count
    start, count = columns.path_start[:n].astype(np.int64), columns.path_count[:n]
    new = there & np.append(True, (start[1:] != start[:-1]) | (count[1:] != count[:-1]) | ~there[:-1])
    first, last = start[new].tolist(), (start[new] + count[new]).tolist()
    lowest = min(first)
    flat = columns.paths[lowest : max(last)].tolist()
    each = [tuple(flat[a - lowest : b - lowest]) for a, b in zip(first, last, strict=True)]
    found: list[Any] = [each[i] for i in (np.cumsum(new) - 1).tolist()]
    for i in np.flatnonzero(~there).tolist():
        found[i] = None
    return found
