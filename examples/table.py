"""The table at one instant: what every peer held at the end of that second.

    python examples/table.py FOLDER TIME [OUT.parquet]

Lines of collector, peer's address, peer's AS, prefix and AS path; or all of it as Parquet.
"""

from __future__ import annotations

import sys

import pyarrow.parquet as pq

import nightside

if __name__ == "__main__":
    folder, at, *out = sys.argv[1:]
    table = nightside.rib([folder], at=at)
    if out:
        pq.write_table(table.routes, out[0])
    else:
        for row in table.routes.to_pylist():
            path = "?" if row["path"] is None else " ".join(map(str, row["path"]))
            print(row["collector"], row["peer_address"], row["peer_asn"], row["prefix"], path, sep="|")
    for row in table.peers.to_pylist():
        if row["standing"] != "known":
            peer = f"{row['peer_address']} AS{row['peer_asn']} at {row['collector']}"
            print(f"{peer}: IPv{row['family']} is {row['standing']}", file=sys.stderr)
