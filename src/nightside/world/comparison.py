"""How many networks each country announces, and how many of them are originated from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CountryNetworks:
    """One country's routed prefixes, by the registry's word on whose they are."""

    index: int
    """Into the snapshot's `codes`."""
    networks: int
    origin_elsewhere: int
    """Of these: an origin AS is registered in another country."""
    origin_unknown: int
    """Of these: no origin AS has a country."""


def compare_countries(
    own: NDArray[np.uint16], elsewhere: NDArray[np.bool_], known: NDArray[np.bool_]
) -> list[CountryNetworks]:
    """Each country that has any of these prefixes, most first, then by code.

    By prefix: `own` is the index of its country (0: nobody's, not counted), `elsewhere` whether any of its origins is
    registered in another one, `known` whether any of its origins is registered anywhere.
    """
    size = int(own.max(initial=0)) + 1
    total = np.bincount(own, minlength=size)
    other = np.bincount(own[elsewhere], minlength=size)
    unknown = np.bincount(own[~known], minlength=size)
    return [
        CountryNetworks(i, int(total[i]), int(other[i]), int(unknown[i]))
        for i in sorted(range(1, size), key=lambda i: (-int(total[i]), i))
        if total[i]
    ]
