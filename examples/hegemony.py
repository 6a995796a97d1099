"""AS hegemony: how much of what peers reach, they reach through each AS.

    python examples/hegemony.py FOLDER TIME [ASN]      # ASN: only of the ways to what this AS announces

R. Fontugne, A. Shah, E. Aben: The (thin) Bridges of AS Connectivity: Measuring Dependency using AS Hegemony, PAM 2018.
Each peer AS gives an AS the share of its addresses (IPv4) that it reaches through it. The lowest and the highest
tenth of these shares are left out (trimming of 10 % on each side), which takes away what only those see that are
near; the mean of the others is the hegemony. Simpler than the paper: where prefixes lie in one another, their
addresses count twice, and all sessions of a peer AS count as one. Routes without a known path are left out.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import nightside

TRIMMED = 0.1


def hegemony(routes: Iterable[dict[str, Any]]) -> dict[int, float]:
    """By AS its hegemony over these rows of a table; only full feeds of IPv4 count, and known paths."""
    total: Counter[int] = Counter()
    through: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for route in routes:
        if route["full_feed"] and route["family"] == 4 and route["path"]:
            addresses = 2 ** (32 - int(route["prefix"].rpartition("/")[2]))
            total[route["peer_asn"]] += addresses
            for asn in set(route["path"]):
                through[asn][route["peer_asn"]] += addresses
    cut = int(TRIMMED * len(total))
    scores = {}
    for asn, reached in through.items():
        shares = sorted(reached[peer] / total[peer] for peer in total)
        kept = shares[cut : len(shares) - cut]
        scores[asn] = sum(kept) / len(kept)
    return scores


if __name__ == "__main__":
    folder, at, *origin = sys.argv[1:]
    table = nightside.rib([folder], at=at, origins=[int(asn) for asn in origin])
    scores = hegemony(table.routes.to_pylist())
    for asn, score in sorted(scores.items(), key=lambda row: (-row[1], row[0]))[:20]:
        print(f"AS{asn:<10} {score:.3f}")
