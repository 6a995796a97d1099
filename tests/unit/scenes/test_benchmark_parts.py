"""The small parts of the benchmark: order, chance, claims, clocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nightside.scenes.chance import hashed, stream
from nightside.scenes.claims import Claims
from nightside.scenes.clock import Clock
from nightside.scenes.ordering import stable_order


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**33)), max_size=60))
def test_stable_order_is_that_of_lexsort(rows: list[tuple[int, int]]) -> None:
    columns = np.array(rows, np.int64).reshape(-1, 2)
    expected = np.lexsort((columns[:, 1], columns[:, 0]))
    assert stable_order(columns[:, 0], columns[:, 1]).tolist() == expected.tolist()


def test_stable_order_of_keys_too_wide_to_pack() -> None:
    wide = np.array([2**62, 1, 2**62, 0], np.int64)
    assert stable_order(wide, wide).tolist() == [3, 1, 0, 2]


def test_chance_hangs_on_seed_and_words() -> None:
    numbers = np.arange(1000)
    one = hashed(1, "a", numbers)
    assert np.array_equal(one, hashed(1, "a", numbers))
    assert not np.array_equal(one, hashed(2, "a", numbers))
    assert not np.array_equal(one, hashed(1, "b", numbers))
    # Spread over all 64 bits: of each bit about half are set.
    ones = [int(((one >> np.uint64(bit)) & np.uint64(1)).sum()) for bit in range(64)]
    assert min(ones) > 400
    assert max(ones) < 600
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random()
    assert stream(1, "a", 2).random() != stream(1, "a", 3).random()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(1, 20)), max_size=30))
def test_claims_keep_apart_what_meets(asked: list[tuple[int, int, int]]) -> None:
    claims, held = Claims(), list[tuple[int, int, int]]()
    for i, (prefix, begin, length) in enumerate(asked):
        end = begin + length
        free = not any(p == prefix and a < end and begin < b for p, a, b in held)
        if i % 3 == 2:
            assert claims.free(np.array([prefix]), np.array([begin]), np.array([end])).tolist() == [free]
        assert claims.take(np.array([prefix]), begin, end) == free
        if free:
            held.append((prefix, begin, end))


def test_a_clock_never_goes_backwards_and_is_off_by_what_was_said() -> None:
    for off in (-90, -5, 7, 90):
        clock = Clock([(100_000, 120_000, off)])
        seconds = np.arange(95_000, 125_000)
        stamps = clock.stamps(seconds)
        assert (np.diff(stamps) >= 0).all()
        assert set((stamps - seconds)[(seconds > 101_801) & (seconds < 120_000)].tolist()) == {off}
        assert stamps[0] == 95_000
        assert stamps[-1] == 124_999
        for stamp in (100_500, 110_000, 121_000):
            second = clock.true(stamp)
            before, then = clock.stamps(np.array([second - 1, second])).tolist()
            assert before < stamp <= then
