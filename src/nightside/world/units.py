"""Units (/24s of IPv4) by country, and the country of a routed prefix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nightside.world.snapshot import Snapshot

ASNS_AT_ONCE = 1 << 16
"""Of millions the places alone would take more memory than the answer."""


def units_per_country(snapshot: Snapshot) -> NDArray[np.int64]:
    """How many /24s are registered in each country, by index into `snapshot.codes`; [0] are nobody's."""
    starts, codes = snapshot.ipv4_runs
    lengths = np.diff(np.append(starts, np.uint64(1 << 24)))
    counts = np.zeros(len(snapshot.codes), np.int64)
    np.add.at(counts, codes, lengths.astype(np.int64))
    return counts


def prefix_country(
    snapshot: Snapshot, hi: NDArray[np.uint64], length: NDArray[np.uint8], family: NDArray[np.uint8]
) -> NDArray[np.uint16]:
    """The index of the country in which most of each prefix is registered; nobody (0) counts like a country.

    `hi` is the high 64 bits of the address, left-aligned (IPv4: the 32 bits in the top half), `length` in
    bits, `family` 4 or 6; all three as long as the answer. IPv4 is weighed in /24s, and a longer prefix is
    its /24's; IPv6 in /64s. Ties: whoever has the lowest address.
    """
    out = np.zeros(len(hi), np.uint16)
    for version, bits, runs in ((4, 24, snapshot.ipv4_runs), (6, 64, snapshot.ipv6_runs)):
        chosen = np.flatnonzero(family == version)
        if len(chosen):
            first = hi[chosen] >> np.uint64(64 - bits)
            kept = np.minimum(length[chosen], bits).astype(np.uint64)
            # A shift by all 64 bits is not defined everywhere.
            host = np.where(kept == 64, np.uint64(0), ~np.uint64(0) >> (kept & np.uint64(63)))
            free = host >> np.uint64(64 - bits)
            out[chosen] = _most(*runs, first, first | free)
    return out


def _most(
    starts: NDArray[np.uint64], codes: NDArray[np.uint16], first: NDArray[np.uint64], last: NDArray[np.uint64]
) -> NDArray[np.uint16]:
    """The code with the largest part of each stretch [first, last], over the runs that begin at `starts`."""
    low = np.searchsorted(starts, first, "right") - 1
    answer = codes[low]
    run_last = np.append(starts[1:] - np.uint64(1), ~np.uint64(0))
    mixed = np.flatnonzero(last > run_last[low])
    if len(mixed):
        # A table names the same prefix many times; few prefixes span countries, and each is weighed once.
        pairs, same = np.unique(np.stack([first[mixed], last[mixed]], axis=1), axis=0, return_inverse=True)
        answer[mixed] = _weigh(starts, codes, pairs[:, 0], pairs[:, 1])[same.reshape(-1)]
    return answer


def _weigh(
    starts: NDArray[np.uint64], codes: NDArray[np.uint16], first: NDArray[np.uint64], last: NDArray[np.uint64]
) -> NDArray[np.uint16]:
    """`_most` for stretches that are all different: one row for each (stretch, run), summed by code."""
    low = np.searchsorted(starts, first, "right") - 1
    runs = np.searchsorted(starts, last, "right") - low
    stretch = np.repeat(np.arange(len(first)), runs)
    run = np.arange(len(stretch)) - np.repeat(np.cumsum(runs) - runs, runs) + np.repeat(low, runs)
    run_last = np.append(starts[1:] - np.uint64(1), ~np.uint64(0))
    begin, end = np.maximum(starts[run], first[stretch]), np.minimum(run_last[run], last[stretch])
    weight = end - begin + np.uint64(1)
    order = np.lexsort((begin, codes[run], stretch))
    stretch, code, begin, weight = stretch[order], codes[run][order], begin[order], weight[order]
    heads = np.flatnonzero(np.concatenate([[True], (stretch[1:] != stretch[:-1]) | (code[1:] != code[:-1])]))
    weight, stretch, code, begin = np.add.reduceat(weight, heads), stretch[heads], code[heads], begin[heads]
    # The largest weight first; among equals, the lowest address.
    best = np.lexsort((begin, ~weight, stretch))
    winners = best[np.concatenate([[True], stretch[best][1:] != stretch[best][:-1]])]
    answer: NDArray[np.uint16] = code[winners]
    return answer


def asn_country(snapshot: Snapshot, asns: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """The country index of each AS, 0 for none."""
    out = np.zeros(len(asns), np.uint16)
    for begin in range(0, len(asns), ASNS_AT_ONCE):
        some = asns[begin : begin + ASNS_AT_ONCE]
        at = np.minimum(np.searchsorted(snapshot.asn_numbers, some), len(snapshot.asn_numbers) - 1)
        out[begin : begin + ASNS_AT_ONCE] = np.where(
            snapshot.asn_numbers[at] == some, snapshot.asn_codes[at], 0
        )
    return out
