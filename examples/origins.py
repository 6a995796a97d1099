"""Origin changes: peers that reach a prefix at another AS than before.

    python examples/origins.py FOLDER [PREFIX...]      # PREFIX: only these and what lies inside of them

A change is one peer's: a prefix of several origins (anycast, multihoming) is none, as long as each peer stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import nightside


def changes(elements: Iterable[nightside.Element]) -> Iterator[tuple[nightside.Element, int]]:
    """Each element that names another origin than the one before of its peer and prefix, and that one."""
    last: dict[tuple[str, str, int, str | None], int] = {}
    for element in elements:
        if element.origin is None:
            continue
        who = (element.collector, element.peer_address, element.peer_asn, element.prefix)
        before = last.get(who, element.origin)
        last[who] = element.origin
        if before != element.origin:
            yield element, before


if __name__ == "__main__":
    folder, *prefixes = sys.argv[1:]
    found = nightside.elements([folder], prefixes=prefixes, match="more", kinds=["route", "announce"])
    for element, before in changes(found):
        at = datetime.fromtimestamp(element.time, UTC)
        print(
            f"{at:%Y-%m-%dT%H:%M:%SZ} {element.prefix} AS{before} -> AS{element.origin} "
            f"by AS{element.peer_asn} ({element.peer_address} at {element.collector})"
        )
