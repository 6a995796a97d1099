"""Churn: re-routes, prepended paths, duplicates, single networks that blink. Most of what collectors hear."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.chance import stream
from nightside.scenes.claims import Claims
from nightside.scenes.ground import GONE, LONGER, OTHER, PREPENDED, USUAL, Ground
from nightside.scenes.turns import MOST_DELAY_S, Moves

_A_DAY = 0.04
"""So many events for each network and day."""
_REROUTE, _PREPEND, _DUPLICATE, _FEW, _ALL = range(5)
_WEIGHTS = (0.5, 0.15, 0.15, 0.12, 0.08)
_LASTS_S = ((120, 5400), (300, 20_000), (60, 61), (15, 300), (30, 2400))
_SHARES = ((0.05, 0.6), (0.2, 0.5), (0.1, 1.0), (0.02, 0.3), (1.0, 1.0))
_SMALL = 0.07
"""Only networks with less of their country's units blink for all ASes."""
DAY_S = 86400


def churn(
    ground: Ground, units: NDArray[np.int64], begin: int, end: int, claims: Claims, seed: int, number: int
) -> Iterator[Moves]:
    """The churn of a block, day by day; `units` are those of each country, `claims` what it keeps away from."""
    for day, at in enumerate(range(begin, end, DAY_S)):
        yield _of_day(ground, units, at, min(at + DAY_S, end), claims, stream(seed, "churn", number, day))


def _of_day(
    ground: Ground,
    units: NDArray[np.int64],
    begin: int,
    end: int,
    claims: Claims,
    rng: np.random.Generator,
) -> Moves:
    n_table, n_as = len(ground.routes), len(ground.audience.asns)
    n = round(_A_DAY * n_table * (end - begin) / DAY_S)
    prefix = np.unique(rng.integers(n_table, size=n))
    n = len(prefix)
    kind = rng.choice(len(_WEIGHTS), n, p=_WEIGHTS)
    big = ground.size[prefix] > _SMALL * units[ground.country[prefix]]
    kind[big & (kind == _ALL)] = _REROUTE
    spans = np.log(np.array(_LASTS_S, float))[kind]
    lasts = np.exp(rng.uniform(spans[:, 0], spans[:, 1])).astype(np.int64)
    # A short blink is over everywhere before the network is back anywhere.
    within = np.minimum(MOST_DELAY_S, lasts * 2 // 3)
    at = rng.integers(begin, max(end - 300, begin + 1), n)
    over = at + lasts + within + 1
    keep = (over < end) & claims.free(prefix, at - MOST_DELAY_S, over + MOST_DELAY_S)
    keep &= ~np.isin(prefix, ground.hovering)
    prefix, kind, lasts, within, at = prefix[keep], kind[keep], lasts[keep], within[keep], at[keep]
    n = len(prefix)
    shares = np.array(_SHARES)[kind]
    share = rng.uniform(shares[:, 0], shares[:, 1])
    usual = ground.usual[:, prefix]
    says = (rng.random((n_as, n)) < share) & (usual > GONE)
    value = np.select(
        [kind == _REROUTE, kind == _PREPEND, kind == _DUPLICATE],
        [np.where(usual == USUAL, np.uint8(OTHER), np.uint8(USUAL)), np.uint8(PREPENDED), usual],
        np.uint8(GONE),
    ).astype(np.uint8)
    first = at + _delays(rng, n_as, within)
    second = at + lasts + _delays(rng, n_as, within)
    hunts = says & (kind == _ALL) & (rng.random((n_as, n)) < 0.3) & (first > at + 3)
    returns = says & (kind != _DUPLICATE)
    parts = [
        _part(at + (first - at) // 2, np.full_like(usual, LONGER), prefix, hunts),
        _part(first, value, prefix, says),
        _part(second, usual, prefix, returns),
    ]
    return Moves.joined(parts)


def _delays(rng: np.random.Generator, n_as: int, within: NDArray[np.int64]) -> NDArray[np.int64]:
    drawn = rng.lognormal(np.log(20.0), 0.8, (n_as, len(within))) * (within / MOST_DELAY_S)
    found: NDArray[np.int64] = np.minimum(drawn, within).astype(np.int64)
    return found


def _part(
    second: NDArray[np.int64], value: NDArray[np.uint8], prefix: NDArray[np.int64], says: NDArray[np.bool_]
) -> Moves:
    who, which = np.nonzero(says)
    return Moves(second[who, which], who.astype(np.uint8), prefix[which].astype(np.int32), value[who, which])
