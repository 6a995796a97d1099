"""The rows of `peers_bgpdump.py`, by pybgpkit-parser.

python peers_pybgpkit.py FILE
"""

from __future__ import annotations

import sys
from collections import defaultdict

from pybgpkit_parser import Parser


def main() -> None:
    by_prefix = defaultdict(set)
    by_origin = defaultdict(set)
    prefixes_of = defaultdict(set)
    for element in Parser(url=sys.argv[1]):
        if element.elem_type == "A":
            peer = element.peer_ip, element.peer_asn
            prefix = element.prefix
            origin = (element.as_path or "").rpartition(" ")[2] or str(element.peer_asn)
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
