"""The rows of `peers_bgpdump.py`, by quickrib: its table is built, and counted through. Needs Python 3.12.

    python peers_quickrib.py FILE

Its reader is pybgpkit-parser, as it is by default. What is downloaded and which peers have a full feed is no part.
"""

from __future__ import annotations

import sys
from collections import defaultdict

from pybgpflux.parsers.pybgpkit import PyBGPKITParser
from quickrib.quickrib import process_path
from quickrib.rib_table import RIBTable


def main() -> None:
    table = RIBTable()
    for element in PyBGPKITParser(sys.argv[1], is_rib=True, collector="one"):
        path = process_path(element)
        if path:
            element.fields["as-path"] = path
            table.update_rib(element)
    by_prefix = defaultdict(set)
    by_origin = defaultdict(set)
    prefixes_of = defaultdict(set)
    for _collector, peer, prefix, data in table:
        origin = data["as-path"][-1]
        by_prefix[prefix].add(peer)
        by_origin[origin].add(peer)
        prefixes_of[origin].add(prefix)
    out = sys.stdout
    out.writelines(f"P {prefix} {len(peers)}\n" for prefix, peers in by_prefix.items())
    out.writelines(f"O {asn} {len(peers)} {len(prefixes_of[asn])}\n" for asn, peers in by_origin.items())


if __name__ == "__main__":
    main()
