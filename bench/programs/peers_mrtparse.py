"""The rows of `peers_bgpdump.py`, by mrtparse; tables of the second kind (TABLE_DUMP_V2) alone.

python peers_mrtparse.py FILE
"""

from __future__ import annotations

import sys
from collections import defaultdict

from mrtparse import Reader

AS_PATH = 2
UNICAST = {2, 4}


def origin_of(entry, asn):
    for attribute in entry["path_attributes"]:
        if AS_PATH in attribute["type"] and attribute["value"]:
            segment = attribute["value"][-1]
            return segment["value"][0 if 1 in segment["type"] else -1]
    return asn


def main() -> None:
    by_prefix = defaultdict(set)
    by_origin = defaultdict(set)
    prefixes_of = defaultdict(set)
    peers = []
    for message in Reader(sys.argv[1]):
        data = message.data
        if 13 not in data["type"]:
            sys.exit("no table of the second kind")
        if 1 in data["subtype"]:
            peers = [(peer["peer_ip"], peer["peer_as"]) for peer in data["peer_entries"]]
        elif UNICAST & data["subtype"].keys():
            # Of the two lengths of a record (its own, and the prefix's) the second is what is left.
            prefix = f"{data['prefix']}/{data['length']}"
            for entry in data["rib_entries"]:
                peer = peers[entry["peer_index"]]
                origin = origin_of(entry, peer[1])
                by_prefix[prefix].add(peer)
                by_origin[origin].add(peer)
                prefixes_of[origin].add(prefix)
    out = sys.stdout
    out.writelines(f"P {prefix} {len(peers)}\n" for prefix, peers in by_prefix.items())
    out.writelines(f"O {asn} {len(peers)} {len(prefixes_of[asn])}\n" for asn, peers in by_origin.items())


if __name__ == "__main__":
    main()
