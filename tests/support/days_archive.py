"""Four days of two RouteViews collectors in its archive's layout: quick to make, to fetch and to read.

North Korea's four networks are lost by five peers: within a day, over midnight, for a day and a half, for minutes; at
one collector a file is missing, one is no MRT, one is cut off.
"""

from __future__ import annotations

import bz2
from pathlib import Path

from small_archive import KP, PEERS, T0, Archive, full_table, outage, stamp

DAY_S = 86400
SLOT_S = 900
FROM, TO = "2014-12-23", "2014-12-26"
DAYS = 4
"""What is asked for; the day before is there too."""
COLLECTORS = ("route-views2", "route-views.sydney")
HOUR_S = 3600


class _RouteViews(Archive):
    """Slots of 15 minutes, packed with bzip2."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.slots = name, {}
        own = folder / "bgpdata" if name == "route-views2" else folder / name / "bgpdata"
        self.folder = own / "2014.12"
        for kind in ("RIBS", "UPDATES"):
            (self.folder / kind).mkdir(parents=True)

    def finish(self, until: int, *, missing: object = ()) -> None:
        slots: dict[int, list[bytes]] = {slot: [] for slot in range(T0, until, SLOT_S)}
        for at, records in sorted(self.slots.items()):
            slots[at - at % SLOT_S] += records
        for slot, records in slots.items():
            self._write(f"updates.{stamp(slot)}.gz", records)

    def _write(self, name: str, records: list[bytes]) -> None:
        kind, when = name.removesuffix(".gz").split(".", 1)
        tables = kind == "bview"
        path = self.folder / ("RIBS" if tables else "UPDATES") / f"{'rib' if tables else kind}.{when}.bz2"
        path.write_bytes(bz2.compress(b"".join(records), 1))

    def updates(self, at: int) -> Path:
        return self.folder / "UPDATES" / f"updates.{stamp(at)}.bz2"


def write_days(folder: Path) -> None:
    """Write the archive of both collectors."""
    for number, name in enumerate(COLLECTORS):
        archive = _RouteViews(folder, name)
        for day in range(DAYS):
            archive.table(T0 + day * DAY_S, _held(T0 + day * DAY_S))
        # A little noise, so that no two days are the same.
        for at in range(T0 + 600, T0 + DAYS * DAY_S, 7 * HOUR_S):
            archive.withdraw(at, list(PEERS)[at % 5], KP[at % 4])
            archive.announce(at + 40, list(PEERS)[at % 5], KP[at % 4])
        for begin, end in OUTAGES:
            outage(archive, begin + number, end + number)
        archive.finish(T0 + DAYS * DAY_S)
        if number:
            archive.updates(T0 + DAY_S + 15 * HOUR_S).unlink()
            archive.updates(T0 + 2 * DAY_S + 5 * HOUR_S).write_bytes(b"<html>no</html>")
            cut = archive.updates(T0 + 3 * DAY_S + 6 * HOUR_S)
            cut.write_bytes(cut.read_bytes()[:-9])


OUTAGES = [
    (T0 + DAY_S + 4 * HOUR_S, T0 + DAY_S + 7 * HOUR_S),
    (T0 + DAY_S + 20 * HOUR_S, T0 + 2 * DAY_S + 3 * HOUR_S),
    (T0 + 2 * DAY_S + 12 * HOUR_S, T0 + 3 * DAY_S + 9 * HOUR_S),
    (T0 + 3 * DAY_S + 20 * HOUR_S, T0 + 3 * DAY_S + 20 * HOUR_S + 400),
]


def _held(at: int) -> dict[str, dict[str, tuple[int, ...]]]:
    """What a table holds: nobody's way to networks that are lost at that time."""
    lost = any(begin <= at < end for begin, end in OUTAGES)
    return {prefix: paths for prefix, paths in full_table().items() if not lost or prefix not in KP}
