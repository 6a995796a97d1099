"""Communities of attribute blocks as text: well-known, plain, large; blocks that are cut or bad."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def by_hand(block: bytes) -> list[str]:
    """The first attribute of each type, by RFC 4271 section 4.3; it ends where a length does not fit."""
    values: dict[int, bytes] = {}
    while len(block) >= 3:
        wide = block[0] & 0x10
        head = 4 if wide else 3
        if len(block) < head:
            break
        size = int.from_bytes(block[2:head], "big")
        if head + size > len(block):
            break
        values.setdefault(block[1], block[head : head + size])
        block = block[head + size :]
    plain, large = values.get(8, b""), values.get(32, b"")
    names = {0xFFFFFF01: "no-export", 0xFFFFFF02: "no-advertise", 0xFFFFFF03: "local-AS"}
    found = [n for (n,) in struct.iter_unpack("!I", plain[: len(plain) // 4 * 4])]
    said = [names.get(n, f"{n >> 16}:{n & 65535}") for n in found]
    return said + [f"{a}:{b}:{c}" for a, b, c in struct.iter_unpack("!3I", large[: len(large) // 12 * 12])]


ATTRIBUTES = st.builds(
    lambda type, wide, value, lie: (
        bytes((0x10 * wide, type)) + max(0, len(value) + lie).to_bytes(1 + wide, "big") + value
    ),
    st.sampled_from([1, 8, 8, 32, 255]),
    st.booleans(),
    st.one_of(st.binary(max_size=40), st.sampled_from([b"\xff\xff\xff\1" * 3, bytes(24)])),
    st.sampled_from([0, 0, 0, 0, 1, -1, 100]),
)


@given(st.lists(st.lists(ATTRIBUTES, max_size=4).map(b"".join), max_size=5), st.binary(max_size=5))
def test_any_bytes_are_read_as_by_hand(blocks: list[bytes], between: bytes) -> None:
    data, places = b"", []
    for block in blocks:
        data += between
        places.append((len(data), len(block)))
        data += block
    assert said(data, *places) == [by_hand(block) for block in blocks]


@pytest.mark.parametrize("block", [(-1, 2), (0, -1), (0, 100), (8, 8)])
def test_a_block_outside_of_the_bytes_is_refused(block: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="block 0 lies outside"):
        said(PLAIN, block)
