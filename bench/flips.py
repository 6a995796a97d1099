"""Bytes to flips to each country's share every five minutes: one collector's files, in one process.

    python -m bench.flips FOLDER

FOLDER is laid out as an archive's, with a table and then updates (`bench.one_collector` writes one). It is read, and
judged, as a replay of all countries reads and judges it: every file is decoded; prefixes and ways become numbers;
what changed becomes a log of flips; these move prefixes' visibility, units and countries; and each country's share of
its baseline is told at every full five minutes from the first to the last. What a replay does then with what it found
(episodes, networks, upstreams, causes) is not in it; nor is start-up, which is told apart.

It prints one JSON object:

    entries, updates     table entries, and announcements, withdrawals and what else updates hold
    user_s, decompression_s
                         user CPU from the first byte to the last share, and of unpacking the same files alone, by isal
                         or bz2, in a process of its own
    stages               the same in parts: reading the tables, reading the updates (the table is taken over in it),
                         judging (the merged timeline, visibility, shares)
    ns_per_entry         reading the tables, over unpacking them
    ns_per_element       what an update adds: all of it, less the same with the first file of updates alone (in a
                         process of its own), less unpacking the other files; over their elements
    flips, countries, shares
                         how many; `shares` is a SHA-256 of every country's share at every five minutes
    start_up_s, peak_rss_mib
                         before the first byte; and the most memory that the process had at any time
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

STEP_S = 300
UNPACK = """
import resource, sys
from isal import igzip
import bz2
piece = bytearray(1 << 20)
for name in sys.argv[1:]:
    f = (bz2 if name.endswith("bz2") else igzip).open(name)
    while f.readinto(piece): pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


def user_s() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def unpacking_s(paths: list[Path]) -> float:
    """User CPU of unpacking these files, without start-up."""

    def run(some: list[Path]) -> float:
        done = subprocess.run(
            [sys.executable, "-c", UNPACK, *map(str, some)], capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    return max(run(paths) - run([]), 0.0)


def measure(folder: Path, first_alone: bool) -> dict[str, Any]:
    """Read and judge once (`first_alone`: of the updates one file); what it took and what came out."""
    import numpy as np

    from nightside.detection.episodes import detect
    from nightside.engine import units as reading
    from nightside.engine.analysis import sight
    from nightside.engine.collect import collect
    from nightside.engine.subjects import country_subjects
    from nightside.engine.world_of_day import world_of_input
    from nightside.model.settings import Settings
    from nightside.signals.units import unit_signals
    from nightside.sources.layout import find_inputs

    settings = Settings()
    found = find_inputs([folder])
    snapshot = world_of_input(found, None, None, settings.table_margin_s)
    tables = [f.path for f in found.files if not f.path.name.startswith("updates.")]
    updates = sorted(f.path for f in found.files if f.path.name.startswith("updates."))
    if first_alone:
        del updates[1:]
        found = replace(found, files=[f for f in found.files if f.path in tables or f.path in updates])
    stages = {"tables_s": 0.0, "updates_s": 0.0}
    counts = {"tables_s": 0, "updates_s": 0}
    read = reading._Reader._file

    def timed(self: Any, file: Any) -> int:
        which = "updates_s" if file.path in updates else "tables_s"
        begun, before = user_s(), self.table.elements
        last = read(self, file)
        stages[which] += user_s() - begun
        counts[which] += self.table.elements - before
        return last

    def warn(text: str) -> None:
        print(text, file=sys.stderr)

    begun = start_up = user_s()
    with patch.object(reading._Reader, "_file", timed):
        collected = collect(
            found, snapshot, settings, begin=None, end=None, warn=warn, advance=lambda _n: None, processes=1
        )
    read_at = user_s()
    subjects = country_subjects(snapshot, [])
    seen = sight(collected, snapshot, [subjects], settings)
    if seen is None:
        sys.exit("bench: no table in the input")
    signals = unit_signals(seen.observation, subjects.entities, subjects.entity_of_unit)
    first = seen.observation.start + -seen.observation.start % STEP_S
    at = np.arange(first, seen.observation.end + 1, STEP_S)
    digest = hashlib.sha256()
    countries = 0
    for signal in signals.values():
        if not any(signal.units):
            continue
        countries += 1
        baseline = detect(signal, settings).baseline
        units = np.array(signal.units)[np.searchsorted(signal.times, at, "right") - 1]
        base = np.array([b for _s, b in baseline])[
            np.maximum(np.searchsorted([s for s, _b in baseline], at, "right") - 1, 0)
        ]
        digest.update(signal.entity.code.encode())
        digest.update(np.round(units / np.maximum(base, 1), 9).tobytes())
    ended = user_s()
    stages["judging_s"] = ended - read_at
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    of_tables, of_updates = unpacking_s(tables), unpacking_s(updates)
    return {
        "entries": counts["tables_s"],
        "updates": counts["updates_s"],
        "user_s": round(ended - begun, 3),
        "decompression_s": round(of_tables + of_updates, 3),
        "decompression_of_updates_s": round(of_updates, 3),
        "stages": {name: round(value, 3) for name, value in stages.items()},
        "ns_per_entry": round((stages["tables_s"] - of_tables) / max(counts["tables_s"], 1) * 1e9, 1),
        "flips": sum(len(log.kind) for log in collected.logs),
        "countries": countries,
        "shares": digest.hexdigest(),
        "start_up_s": round(start_up, 3),
        "peak_rss_mib": round(peak, 1),
    }


def told(folder: Path) -> dict[str, Any]:
    """What it took, with what an update adds."""
    whole = measure(folder, False)
    command = [sys.executable, "-m", "bench.flips", str(folder), "--first-alone"]
    first = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    user = whole["user_s"] - first["user_s"]
    unpacking = whole["decompression_of_updates_s"] - first["decompression_of_updates_s"]
    more = whole["updates"] - first["updates"]
    return whole | {"ns_per_element": round((user - unpacking) / max(more, 1) * 1e9, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first-alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.folder, True) if asked.first_alone else told(asked.folder)))


if __name__ == "__main__":
    main()
