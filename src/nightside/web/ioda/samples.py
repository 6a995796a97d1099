"""Our change points as IODA's values: one every so many seconds, null where unknown. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

NATIVE_STEP_S = 300
"""IODA's for `bgp`; ours are known to the second, and `/api/1/signals` tells them so."""
STEPS_S = (
    *(300, 600, 900, 1800, 3600, 7200, 21600, 43200),
    *(86400, 172800, 604800, 1209600, 2419200, 31536000),
)
"""Those of IODA that its `bgp` can have."""


def step_of(begin: int, until: int, most_points: int | None, native_s: int = NATIVE_STEP_S) -> int:
    """The smallest step with which the range has at most so many values; the longest where none is enough."""
    if most_points is None:
        return native_s
    steps = [step for step in STEPS_S if step >= native_s]
    return next((step for step in steps if (until - begin) / step <= most_points), steps[-1])


def grid(begin: int, until: int, step: int) -> tuple[int, int]:
    """(first instant, how many): the range in whole steps of unix time, from the one in which it begins."""
    first = begin // step * step
    return first, -(-(until - first) // step)


def sampled(table: pa.Table, first: int, count: int, step: int) -> list[int | float | None]:
    """The values of `Store.samples` from `first` on, `count` of them.

    At IODA's native step a value is what held at its instant. At longer ones it is the mean of those within it that
    are known, as IODA makes it.
    """
    each = step // NATIVE_STEP_S
    units = _at(table, first + NATIVE_STEP_S * np.arange(count * each, dtype=np.int64))
    if each == 1:
        return [
            None if unknown else int(value) for value, unknown in zip(units, np.isnan(units), strict=True)
        ]
    rows = units.reshape(count, each)
    known = np.sum(~np.isnan(rows), axis=1)
    sums = np.nansum(rows, axis=1)
    return [
        None if not of else _number(float(total) / int(of)) for total, of in zip(sums, known, strict=True)
    ]


def _at(table: pa.Table, instants: NDArray[np.int64]) -> NDArray[np.float64]:
    """The units at these instants, NaN where unknown, and before the first row."""
    import pyarrow as pa

    if not table.num_rows:
        return np.full(len(instants), np.nan)
    times = table["time"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_numpy()
    units = table["units"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    at = np.searchsorted(times, instants, side="right") - 1
    return np.where(at < 0, np.nan, units[np.maximum(at, 0)])


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else round(value, 6)
