"""BGPlay of a prefix: by which paths peers reached it at the begin, and all they said of it until the end, as JSON.

    python examples/bgplay.py FOLDER PREFIX BEGIN END

`begin` is what held before the first second. A peer in `unknown` was down then, not heard of, or its table was just
coming in: what it held is not known, or not all of it, which is not the same as having no path.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import Any

import nightside


def bgplay(folder: str, prefix: str, begin: str, end: str) -> dict[str, Any]:
    """The state before `begin`, and the events from then to before `end`."""
    before = datetime.fromisoformat(begin) - timedelta(seconds=1)
    family = 6 if ":" in prefix else 4
    table = nightside.rib(
        [folder], at=before, prefixes=[prefix], warn=lambda text: print(text, file=sys.stderr)
    )
    state = [{"peer": _peer(row), "path": row["path"]} for row in table.routes.to_pylist()]
    sessions = [row for row in table.peers.to_pylist() if row["family"] == family]
    unknown = [_peer(row) for row in sessions if row["standing"] != "known"]
    said = nightside.elements(
        [folder], prefixes=[prefix], kinds=["announce", "withdraw"], begin=begin, end=end
    )
    events: list[dict[str, Any]] = [
        {"time": e.time, "type": e.kind[0].upper(), "peer": _peer(e._asdict()), "path": e.path} for e in said
    ]
    events.sort(key=lambda event: event["time"])
    return {"prefix": prefix, "begin": state, "unknown": unknown, "events": events}


def _peer(row: dict[str, Any]) -> str:
    return f"{row['collector']} {row['peer_address']} AS{row['peer_asn']}"


if __name__ == "__main__":
    print(json.dumps(bgplay(*sys.argv[1:5]), indent=1))
