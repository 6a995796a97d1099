"""Mutated records, one after the other, at every entrance: a plain loop, the same for the same seed.

    python -m fuzz.records --seed 1 --begin 0 [--end 1000] [--seconds 60] [--entrance NAME]... [--progress FILE]

Ends with a line of JSON: inputs and findings. What ends the process itself is found by who started it: `progress`
holds the number and the entrance at hand.
"""

from __future__ import annotations

import argparse
import json
import mmap
import struct
import sys
import time
import traceback
from pathlib import Path

from fuzz.entrances import ENTRANCES
from fuzz.findings import Findings
from fuzz.inputs import made
from fuzz.limits import Limits

PROGRESS = struct.Struct("<QQ")
"""The number at hand, and the place of the entrance in ENTRANCES."""


def open_progress(path: Path) -> mmap.mmap:
    """Memory that outlives the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb+") as file:
        file.write(bytes(PROGRESS.size))
        file.flush()
        return mmap.mmap(file.fileno(), PROGRESS.size)


def main() -> int:
    """Run until the last number, or until the time is over."""
    parser = argparse.ArgumentParser(description="mutated records at every entrance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--begin", type=int, default=0)
    parser.add_argument("--end", type=int, default=2**60)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--entrance", action="append", choices=list(ENTRANCES))
    parser.add_argument("--progress", type=Path)
    parser.add_argument("--way", default="records")
    parser.add_argument("--build", default="plain")
    asked = parser.parse_args()
    names = list(ENTRANCES)
    progress = open_progress(asked.progress) if asked.progress else None
    findings, limits = Findings(asked.way, asked.build), Limits()
    until = time.monotonic() + asked.seconds
    number = asked.begin
    while number < asked.end and time.monotonic() < until:
        for name in asked.entrance or names:
            if progress is not None:
                progress[:] = PROGRESS.pack(number, names.index(name))
            content = made(name, asked.seed, number)
            try:
                limits.enter(name, content)
            except Exception:
                findings.add(name, content, traceback.format_exc())
        number += 1
    print(json.dumps({"next": number, "inputs": limits.entered, "findings": findings.counts}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
