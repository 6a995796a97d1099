"""Communities of attribute blocks as text: well-known, plain, large; blocks that are cut or bad."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest

from nightside.wire.communities import community_text


def attribute(type: int, value: bytes, flags: int = 0xC0) -> bytes:
    return bytes((flags, type, len(value))) + value


def said(data: bytes, *blocks: tuple[int, int]) -> list[list[str]]:
    starts, lengths = np.array(blocks, np.int64).reshape(-1, 2).T
    lists, texts, utf8 = community_text(data, starts.copy(), lengths.copy())
    words = [utf8[a:b].decode() for a, b in itertools.pairwise(texts)]
    return [words[a:b] for a, b in itertools.pairwise(lists)]


PLAIN = attribute(8, struct.pack("!4H", 65000, 120, 0, 65535))
KNOWN = attribute(8, struct.pack("!4I", 0xFFFFFF01, 0xFFFFFF02, 0xFFFFFF03, 0xFFFF029A))
LARGE = attribute(32, struct.pack("!6I", 4294967295, 0, 7, 65000, 1, 2))
ORIGIN = attribute(1, b"\0", 0x40)


def test_what_a_block_says_in_words() -> None:
    data = b"xx" + ORIGIN + PLAIN + LARGE + KNOWN
    first = len(ORIGIN + PLAIN + LARGE)
    assert said(data, (2, first), (2, len(ORIGIN)), (2 + first, len(KNOWN))) == [
        ["65000:120", "0:65535", "4294967295:0:7", "65000:1:2"],
        [],
        ["no-export", "no-advertise", "local-AS", "65535:666"],
    ]
    assert said(b"") == []
    assert said(b"", (0, 0)) == [[]]


def test_what_stands_before_a_fault_is_given() -> None:
    data = PLAIN + attribute(32, bytes(12))[:-1]
    assert said(data, (0, len(data))) == [["65000:120", "0:65535"]]
    odd = attribute(8, struct.pack("!2H", 1, 2) + b"\1\2\3")
    assert said(odd, (0, len(odd))) == [["1:2"]]


@pytest.mark.parametrize("block", [(-1, 2), (0, -1), (0, 100), (8, 8)])
def test_a_block_outside_of_the_bytes_is_refused(block: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="block 0 lies outside"):
        said(PLAIN, block)
