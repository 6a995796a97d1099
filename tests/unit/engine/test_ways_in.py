"""Sole ways, against sets in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

import numpy as np
import pytest

from nightside.engine.ways_in import UNITS, WaysIn

NO_ASN = 2**32 - 1


@pytest.mark.parametrize("seed", range(5))
def test_as_sets_have_it(seed: int) -> None:
    rng = Random(seed)
    found = WaysIn()
    expected: dict[int, set[int]] = defaultdict(set)
    for _ in range(60):
        upstream = rng.choice([0, 1, 4837, 20485, NO_ASN])
        first = rng.choice([0, 100, UNITS - 40])
        units = sorted(rng.sample(range(first, first + 40), rng.randint(1, 12)))
        found.add(upstream, np.array(units, np.int64))
        for unit in units:
            expected[unit].add(upstream)
    assert found.total() == len(expected)
    assert found.sole_ways() == Counter(next(iter(s)) for s in expected.values() if len(s) == 1)


def test_nothing_is_seen() -> None:
    assert (WaysIn().total(), WaysIn().sole_ways()) == (0, Counter())
