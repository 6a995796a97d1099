"""How many peers have each prefix, and each origin AS, and how many prefixes that has: from the lines of `bgpdump -m`.

    bgpdump -m FILE | python peers_bgpdump.py

Prints a row "P prefix peers" for each prefix and "O asn peers prefixes" for each AS; the order says nothing. A peer is
an address and an AS. The origin is the last AS of the path, of a set there its first; the peer where there is no path.
"""

from __future__ import annotations

import sys
from collections import defaultdict


def main() -> None:
    by_prefix = defaultdict(set)
    by_origin = defaultdict(set)
    prefixes_of = defaultdict(set)
    for line in sys.stdin:
        fields = line.split("|", 7)
        if fields[2] in "BA":
            peer = fields[3], fields[4]
            prefix = fields[5]
            origin = fields[6].rpartition(" ")[2] or fields[4]
            if origin[0] == "{":
                origin = origin[1:-1].partition(",")[0]
            by_prefix[prefix].add(peer)
            by_origin[origin].add(peer)
            prefixes_of[origin].add(prefix)
    out = sys.stdout
    out.writelines(f"P {prefix} {len(peers)}\n" for prefix, peers in by_prefix.items())
    out.writelines(f"O {asn} {len(peers)} {len(prefixes_of[asn])}\n" for asn, peers in by_origin.items())


if __name__ == "__main__":
    main()
