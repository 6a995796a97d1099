"""The arithmetic of the figures: intervals for shares, bounds for counts, percentiles. No dependency."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, lgamma, log, sqrt

Z_95 = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927, score interval without continuity correction); None of nothing."""
    if of == 0:
        return None
    share, z2 = hits / of, Z_95 * Z_95
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z_95 * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    # At the ends the bound is exact; rounding must not push it past the share itself.
    return (0.0 if hits == 0 else max(0.0, centre - half), 1.0 if hits == of else min(1.0, centre + half))


def poisson_upper(events: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper bound for the mean of a Poisson count (Garwood 1936): 2.996 for no event."""
    low, high = 0.0, 10.0 + 2.0 * events + 10.0 * sqrt(events + 1.0)
    for _ in range(200):
        middle = (low + high) / 2
        if _poisson_at_most(events, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _poisson_at_most(events: int, mean: float) -> float:
    """P(X <= events) for a Poisson mean."""
    if mean == 0:
        return 1.0
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(events + 1))


def percentile(ordered: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile of sorted values: one that was measured, never one between two."""
    if not ordered:
        return None
    return ordered[max(ceil(share * len(ordered)), 1) - 1]
