"""Whole tables that are kept packed: read as the arrays that they were made of."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from nightside.routing.whole import BLOCK, SMALL, Whole


def some_ways(count: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    chance = np.random.default_rng(count)
    ways = np.repeat(chance.integers(1, 2**32, count, dtype=np.uint32), 3)[:count]
    ways[chance.random(count) < 0.1] = 0
    return ways


@pytest.mark.parametrize("count", [0, 1, SMALL, SMALL + 1, 3 * BLOCK, 5 * BLOCK + 7])
def test_it_reads_as_what_was_packed(count: int) -> None:
    ways = some_ways(count)
    whole = pickle.loads(pickle.dumps(Whole(ways)))
    assert len(whole) == count
    assert np.array_equal(np.asarray(whole), ways)
    assert whole.tolist() == ways.tolist()
    assert np.array_equal(whole[: count // 2], ways[: count // 2])
    if count:
        which = np.random.default_rng(1).integers(0, count, 500)
        assert np.array_equal(whole[which], ways[which])
        assert np.array_equal(whole[which[:0]], ways[:0])
        assert np.array_equal(whole[ways > 7], ways[ways > 7])
    with pytest.raises(IndexError):
        whole[np.array([count])]


def test_a_long_one_takes_less() -> None:
    ways = np.repeat(np.arange(1, 100_001, dtype=np.uint32), 3)
    assert len(pickle.dumps(Whole(ways))) < ways.nbytes / 4
