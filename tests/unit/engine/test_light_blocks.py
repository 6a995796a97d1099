"""Units of countries as few blocks: nothing is lost, and it is as few as asked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightside.engine.live.ground import stretches
from nightside.engine.live.light_blocks import blocks
from nightside.engine.subjects import country_subjects
from nightside.world.snapshot import load

Stretches = list[tuple[int, int]]


@st.composite
def some_stretches(draw: st.DrawFn) -> Stretches:
    edges = sorted(draw(st.sets(st.integers(0, 1 << 24), min_size=2, max_size=24)))
    edges = edges[: len(edges) // 2 * 2]
    return list(zip(edges[::2], edges[1::2], strict=True))


def held(stretches: Stretches, most: int) -> list[tuple[int, int]]:
    """(first unit, the one behind the last) of each block."""
    found = blocks([b for b, _ in stretches], [e for _, e in stretches], most)
    return [(int(n.network_address) >> 8, (int(n.network_address) + n.num_addresses) >> 8) for n in found]


@given(some_stretches(), st.integers(1, 40))
def test_all_units_are_within_few_blocks_that_do_not_overlap(stretches: Stretches, most: int) -> None:
    found = held(stretches, most)
    assert 1 <= len(found) <= most
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    for begin, end in stretches:
        inside = sum(max(0, min(end, last) - max(begin, first)) for first, last in found)
        assert inside == end - begin
    # And none of them is in vain altogether.
    assert all(any(begin < last and end > first for begin, end in stretches) for first, last in found)


@given(some_stretches())
def test_with_room_enough_nothing_comes_in_vain(stretches: Stretches) -> None:
    found = held(stretches, 10_000)
    assert sum(last - first for first, last in found) == sum(end - begin for begin, end in stretches)


def texts(codes: Sequence[str], most: int) -> list[str]:
    return [
        str(block)
        for block in blocks(*(c.tolist() for c in stretches(country_subjects(load(), codes))), most)
    ]


def test_north_korea_is_one_block() -> None:
    assert texts(["KP"], 128) == ["175.45.176.0/22"]


def test_neighbours_are_joined_where_least_comes_in_vain() -> None:
    # 10.0.0.0/24 and 10.0.2.0/24 become a /22 (two in vain); 10.1.0.0/24 would make it a /15.
    first = 10 << 16
    found = blocks([first, first + 2, first + 256], [first + 1, first + 3, first + 257], 2)
    assert [str(b) for b in found] == ["10.0.0.0/22", "10.1.0.0/24"]


@pytest.mark.parametrize("code", ["SY", "IR", "US"])
def test_of_a_country_of_many_blocks_no_unit_is_lost(code: str) -> None:
    subjects = country_subjects(load(), [code])
    found = blocks(*(c.tolist() for c in stretches(subjects)), 128)
    assert len(found) <= 128
    heard = np.zeros(1 << 24, bool)
    for block in found:
        first = int(block.network_address) >> 8
        heard[first : first + (block.num_addresses >> 8)] = True
    assert heard[subjects.entity_of_unit > 0].all()
