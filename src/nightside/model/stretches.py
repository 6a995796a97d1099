"""A signal as stretches of one value each, the unknown ones among them."""

from __future__ import annotations

from typing import Any

from nightside.model.signal import Signal


def stretches(signal: Signal) -> tuple[Any, Any, Any, Any]:
    """A signal as stretches without holes: begins, ends, units (int64; 0 where unknown), unknown (bool)."""
    import numpy as np

    times, units = np.asarray(signal.times, "<i8"), np.asarray(signal.units, "<i8")
    if len(times) != len(units) or np.any(times[1:] < times[:-1]):
        raise ValueError(f"the times of {signal.entity} go backwards, or are not as many as its units")
    blind = [*signal.unknown, *signal.in_doubt]
    lost = np.sort(np.array([u.begin for u in blind], "<i8"))
    back = np.sort(np.array([u.end for u in blind], "<i8"))
    cuts = np.unique(np.concatenate((times, lost, back)))
    cuts = cuts[cuts < signal.end]
    last = np.searchsorted(times, cuts, side="right") - 1
    inside = np.searchsorted(lost, cuts, side="right") > np.searchsorted(back, cuts, side="right")
    unknown = inside | (last < 0)
    value = np.where(unknown, 0, units[last] if len(units) else 0)
    new = np.ones(len(cuts), bool)
    new[1:] = (value[1:] != value[:-1]) | (unknown[1:] != unknown[:-1])
    begins = cuts[new]
    ends = np.append(begins[1:], np.int64(signal.end))[: len(begins)]
    return begins, ends, value[new], unknown[new]
