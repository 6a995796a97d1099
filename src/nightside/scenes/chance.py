"""Chance that hangs on a seed and on nothing else: streams of numbers, and numbers by place."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

UInt64 = NDArray[np.uint64]

_STEP, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


def stream(seed: int, *words: int | str) -> np.random.Generator:
    """A generator of its own for each (seed, words): what one part draws does not move the others."""
    keys = [zlib.crc32(w.encode()) if isinstance(w, str) else w & 0xFFFFFFFF for w in words]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([abs(seed), *keys])))


def hashed(seed: int, word: str, *parts: NDArray[np.generic] | int) -> UInt64:
    """A number (uint64) for each place in the broadcast `parts`: splitmix64 (Steele, Lea, Flood 2014)."""
    state = np.uint64((abs(seed) * 0x632BE59BD9B4E019 + zlib.crc32(word.encode())) & 0xFFFFFFFFFFFFFFFF)
    mixed: UInt64 = np.atleast_1d(np.asarray(state))
    with np.errstate(over="ignore"):
        for part in parts:
            whole = np.asarray(part)
            mixed = _finish(mixed + (whole.astype(np.uint64) + np.uint64(1)) * _STEP)
    return mixed


def _finish(value: UInt64) -> UInt64:
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))


def log_uniform(rng: np.random.Generator, least: float, most: float) -> float:
    """A number between the two whose logarithm is spread evenly."""
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))
