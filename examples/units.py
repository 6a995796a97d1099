"""How many /24s of an AS can be reached, every five minutes.

    python examples/units.py FOLDER ASN

A /24 counts while a prefix that covers it is visible: half of the full-feed peer ASes have a route to it. Where too
few of these are known, the number is unknown, and no zero.
"""

from __future__ import annotations

import sys
from datetime import datetime

import nightside


class Units:
    """Keeps, for each window, how many /24s of one AS are reachable at its end."""

    def __init__(self, asn: int) -> None:
        self.asn = asn
        self.course: list[tuple[datetime, int | None]] = []

    def window(self, _begin: datetime, end: datetime, view: nightside.View) -> None:
        """Called by `nightside.observe`."""
        self.course.append((end, view.units(self.asn)))


if __name__ == "__main__":
    folder, asn = sys.argv[1], int(sys.argv[2])
    units = Units(asn)
    nightside.observe([folder], [units], every_s=300, asns=[asn])
    for end, count in units.course:
        print(f"{end:%Y-%m-%dT%H:%MZ} {'unknown' if count is None else count}")
