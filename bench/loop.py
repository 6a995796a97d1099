"""What one element costs in a loop of Python: by `nightside.elements`, and by pybgpkit-parser where it is installed.

    python -m bench.loop FILE... [--rounds 5]

Each file in each way, in turns, in a process of its own; the least of the rounds, in nanoseconds of CPU an element.
Each loop looks at what most loops look at: kind, time, peer, prefix, path.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

OURS = """
import nightside
from time import process_time_ns
next(iter(nightside.elements([sys.argv[1]])))
begun, n, seen = process_time_ns(), 0, 0
for e in nightside.elements([sys.argv[1]]{words}):
    n += 1
    seen += (e.kind == "withdraw") + (e.time > 0) + e.peer_asn + len(e.prefix or "") + len(e.path or ())
print(process_time_ns() - begun, n)
"""
THEIRS = """
from pybgpkit_parser import Parser
from time import process_time_ns
begun, n, seen = process_time_ns(), 0, 0
for e in Parser(url=sys.argv[1]):
    n += 1
    seen += (e.elem_type == "W") + (e.timestamp > 0) + e.peer_asn + len(e.prefix or "") + len(e.as_path or "")
print(process_time_ns() - begun, n)
"""
WAYS = {
    "nightside.elements": OURS.format(words=""),
    "with communities": OURS.format(words=", communities=True"),
    "of one peer AS in a thousand": OURS.format(words=", peer_asns=[1]"),
    "pybgpkit-parser": THEIRS,
}


def once(way: str, file: Path) -> tuple[int, int]:
    """Nanoseconds of CPU, and how many elements there were."""
    code = "import sys\n" + WAYS[way]
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    ns, count = done.stdout.split()
    return int(ns), int(count)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("files", nargs="+", type=Path)
    asked.add_argument("--rounds", type=int, default=5)
    words = asked.parse_args()
    for file in words.files:
        figures: dict[str, list[tuple[int, int]]] = {way: [] for way in WAYS}
        for _round in range(words.rounds):
            for way in WAYS:
                figures[way].append(once(way, file))
        elements = figures["nightside.elements"][0][1]
        for way, taken in figures.items():
            print(f"{file.name}  {way}: {min(ns for ns, _ in taken) / elements:,.0f} ns ({taken[0][1]:,})")


if __name__ == "__main__":
    main()
