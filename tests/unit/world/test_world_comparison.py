"""Countries by their networks, and registry against origin, counted by hand."""

from __future__ import annotations

import numpy as np

from nightside.world.comparison import CountryNetworks, compare_countries


def test_counted_by_hand() -> None:
    own = np.array([2, 2, 1, 0, 3, 2, 1], np.uint16)
    elsewhere = np.array([1, 0, 0, 1, 0, 0, 1], bool)
    known = np.array([1, 0, 1, 1, 0, 1, 1], bool)
    assert compare_countries(own, elsewhere, known) == [
        CountryNetworks(2, 3, 1, 1),
        CountryNetworks(1, 2, 1, 0),
        CountryNetworks(3, 1, 0, 1),
    ]


def test_nothing_is_no_country() -> None:
    nobody = np.zeros(2, np.uint16)
    assert compare_countries(nobody, np.ones(2, bool), np.ones(2, bool)) == []
    assert compare_countries(nobody[:0], np.zeros(0, bool), np.zeros(0, bool)) == []
