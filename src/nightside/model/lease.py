"""A lease: for a while one of several programs that share a store does something alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """What `holder` alone may do until `until_s`, unless it takes it again before."""

    name: str
    """What is done alone: `judge`, `collector rrc00`, `backfill 2014-12-21`."""
    holder: str
    """Who does it: host, process, and when it was started."""
    number: int
    """Grows by one whenever somebody else takes it, so that who has lost it without noticing can be told."""
    until_s: float
    """By the store's clock, in seconds since the epoch."""
