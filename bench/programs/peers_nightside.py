"""How many peers have each prefix, and each origin AS, and how many prefixes that has: by Nightside's columns.

    python peers_nightside.py FILE

Elements of one prefix and origin that follow each other are one run, with a bit for each peer; in a table that is one
run for nearly each prefix, so that little is left to sort. Works for any file; prints the rows of `peers_bgpdump.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from nightside.model.elements import Kind
from nightside.sources.local import Pieces
from nightside.wire.decoder import Decoder
from nightside.wire.prefix_text import prefix_text


def runs(columns, words):
    """The runs of one batch: high and low half of the prefix, its family and length, the origin, a bit a peer."""
    n = columns.count
    keys = [columns.prefix_hi[:n], columns.prefix_lo[:n], columns.family[:n], columns.prefix_len[:n]]
    keys.append(columns.origin[:n])
    peer, kind = columns.peer[:n], columns.kind[:n]
    if not (kind == Kind.ROUTE).all():
        kept = (kind == Kind.ROUTE) | (kind == Kind.ANNOUNCE)
        keys, peer = [key[kept] for key in keys], peer[kept]
    if not len(peer):
        return None
    new = np.ones(len(peer), bool)
    np.not_equal(keys[0][1:], keys[0][:-1], out=new[1:])
    for key in keys[1:]:
        new[1:] |= key[1:] != key[:-1]
    first = np.flatnonzero(new)
    bits = np.empty((words, len(first)), np.uint64)
    bit = np.uint64(1) << (peer & 63).astype(np.uint64)
    for word in range(words):
        bits[word] = np.bitwise_or.reduceat(bit if words == 1 else np.where(peer >> 6 == word, bit, 0), first)
    return [*(key[first] for key in keys), bits]


def groups(sorted_keys):
    """Where the groups of equal keys begin."""
    new = np.ones(len(sorted_keys[0]), bool)
    new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in sorted_keys])
    return np.flatnonzero(new)


def peers_of(bits, begins):
    """How many peers each group has."""
    return np.bitwise_count(np.bitwise_or.reduceat(bits, begins, axis=1)).sum(axis=0)


def main(path: Path) -> None:
    decoder, found = Decoder(), []
    decoder.start(str(path))
    for piece in Pieces(path):
        for columns in decoder.feed(piece):
            found.append(runs(columns, len(decoder.peers) + 63 >> 6))
    for columns in decoder.finish():
        found.append(runs(columns, len(decoder.peers) + 63 >> 6))
    found = [some for some in found if some]
    if not found:
        return
    words = max(len(some[5]) for some in found)
    bits = np.concatenate([np.pad(some[5], ((0, words - len(some[5])), (0, 0))) for some in found], axis=1)
    hi, lo, family, length, origin = (np.concatenate([some[i] for some in found]) for i in range(5))

    order = np.lexsort((length, family, lo, hi))
    hi, lo, family, length, origin, bits = (a[..., order] for a in (hi, lo, family, length, origin, bits))
    begins = groups([hi, lo, family, length])
    number = np.zeros(len(hi), np.int64)
    number[begins[1:]] = 1
    number = np.cumsum(number)
    counts = peers_of(bits, begins).tolist()
    each = SimpleNamespace(
        count=len(begins),
        kind=np.full(len(begins), Kind.ROUTE, np.uint8),
        prefix_hi=hi[begins],
        prefix_lo=lo[begins],
        family=family[begins],
        prefix_len=length[begins],
    )
    offsets, text = prefix_text(each)
    text, offsets = bytes(text).decode(), offsets.tolist()
    out = sys.stdout
    out.writelines(
        f"P {text[a:b]} {count}\n" for a, b, count in zip(offsets, offsets[1:], counts, strict=False)
    )

    order = np.lexsort((number, origin))
    origin, number, bits = origin[order], number[order], bits[:, order]
    begins = groups([origin])
    another = np.ones(len(origin), np.int64)
    another[1:] = (origin[1:] != origin[:-1]) | (number[1:] != number[:-1])
    prefixes_of = np.add.reduceat(another, begins).tolist()
    rows = zip(origin[begins].tolist(), peers_of(bits, begins).tolist(), prefixes_of, strict=True)
    out.writelines(f"O {asn} {peers} {prefixes}\n" for asn, peers, prefixes in rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
