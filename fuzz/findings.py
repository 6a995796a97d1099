"""What was found: the input as a file, beside it what happened and how to play it again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

FOUND = Path(__file__).resolve().parent / "found"
MOST_ALIKE = 3
"""So many inputs are kept for which the same happened."""


class Findings:
    """Keeps inputs for which a rule is broken; few of each kind, counts all."""

    def __init__(self, way: str, build: str) -> None:
        self.way, self.build = way, build
        self.counts: dict[str, int] = {}

    def add(self, entrance: str, content: bytes, said: str) -> None:
        """Keep one. `said` is what happened; without its numbers it is the kind."""
        lines = [line for line in said.splitlines() if line.strip()] or ["no word"]
        kind = re.sub(r"0x[0-9a-f]+|\d+", "N", f"{entrance}: {lines[-1]}")[:80]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] > MOST_ALIKE:
            return
        folder = FOUND / self.way
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{entrance}-{hashlib.sha1(content).hexdigest()[:12]}.bin"
        path.write_bytes(content)
        replay = f".venv/bin/python -m fuzz replay --build {self.build} fuzz/found/{self.way}/{path.name}"
        path.with_suffix(".txt").write_text(f"{replay}\n\n{said}\n")

    @property
    def total(self) -> int:
        """How many kinds."""
        return len(self.counts)


def kept(way: str) -> list[Path]:
    """The inputs that are kept of one way."""
    return sorted((FOUND / way).glob("*.bin"))


def entrance_of(path: Path) -> str:
    """The entrance that a file's name, or that of its folder, tells of."""
    return path.name.partition("-")[0] if path.suffix == ".bin" else path.parent.name
