"""The rows of `peers_bgpdump.py`, by pybgpstream.

python peers_pybgpstream.py FILE
"""

from __future__ import annotations

import sys
from collections import defaultdict

from pybgpstream_stream import elements


def main() -> None:
    by_prefix = defaultdict(set)
    by_origin = defaultdict(set)
    prefixes_of = defaultdict(set)
    for element in elements():
        if element.type in "RA":
            peer = element.peer_address, element.peer_asn
            prefix = element.fields["prefix"]
            origin = element.fields["as-path"].rpartition(" ")[2] or str(element.peer_asn)
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
