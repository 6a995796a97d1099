"""What is measured on: made-up tables and archives, written once into a folder and kept there, and real files.

All made-up inputs come from `bench.generate`, `bench.one_collector` and `bench.churned`, with the same bytes each
time. Real files are those that lie in ../shared/data/mrt beside the checkout, where it is there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.peers import ROOT

REAL = ROOT.parent / "shared" / "data" / "mrt"
REAL_FILES = {
    "updates.20070211.0141.gz": 53_657,
    "updates.et-header.2015.gz": 577_740,
    "bview.20020722.2337.gz": 115_521,
    "rib.20140523.0600.first-MiB.bz2": 270_005,
}
"""Updates and tables of both kinds, small and large, that all of the peers can read; their elements, by bgpdump."""
SMALL_FILE = "updates.20070211.0141.gz"


@dataclass(frozen=True, slots=True)
class Size:
    """How large the made-up inputs of one size are."""

    name: str
    entries: int
    """Of the table of one file, by 40 peers."""
    bz2: bool
    """Whether that is written as bzip2 too."""
    archive: tuple[int, int, int] | None
    """Peers, prefixes and update elements of one collector's archive."""


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 2_000, True, (4, 400, 2_000)),
        Size("small", 100_000, True, (12, 20_000, 300_000)),
        Size("middle", 3_000_000, True, (30, 50_000, 3_000_000)),
        Size("large", 15_000_000, False, None),
    )
}
"""`tiny` is for tests."""
FULL_PEERS, FULL_PREFIXES, FULL_UPDATES = 60, 1_200_000, 500_000
"""One collector as large as any is: what memory is measured on."""
CHURNED = {"prefixes": 120_000, "hours": 4, "rate": 300}
"""Of the archive of two collectors, by which processes are measured."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file or folder, and how much is in it (None: not known)."""

    path: Path
    words: str
    entries: int | None = None


def table(folder: Path, size: Size, packing: str) -> Input:
    """A made-up table in one file."""
    from bench import generate

    path = folder / f"table-{size.name}.{packing}"
    if not path.exists():
        generate.write(path, size.entries)
    words = f"{size.entries:,} table entries of 40 peers, {packing}, {_mb(path)}"
    return Input(path, words, size.entries)


def _archive(folder: Path, name: str, write: Callable[[Path], dict[str, int]], words: str) -> Input:
    path, told = folder / name, folder / f"{name}.json"
    if not told.exists():
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        told.write_text(json.dumps(write(path)))
    counts = json.loads(told.read_text())
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Input(path, f"{words.format(**counts)}, gz, {size / 1e6:.1f} MB", sum(counts.values()))


def archive(folder: Path, size: Size) -> Input:
    """One collector's table and updates."""
    assert size.archive
    peers, prefixes, updates = size.archive
    return one_collector(folder, f"archive-{size.name}", peers, prefixes, updates)


def full_collector(folder: Path) -> Input:
    """The largest collector that memory is promised for."""
    return one_collector(folder, "archive-full", FULL_PEERS, FULL_PREFIXES, FULL_UPDATES)


def one_collector(folder: Path, name: str, peers: int, prefixes: int, updates: int) -> Input:
    """One collector of any size; `name` is of it alone."""
    from bench import one_collector as collector

    def write(path: Path) -> dict[str, int]:
        entries, elements = collector.write(path, peers=peers, prefixes=prefixes, updates=updates)
        return {"entries": entries, "updates": elements}

    words = f"one collector, {peers} peers, {prefixes:,} prefixes: {{entries:,}} table entries, {{updates:,}} updates"
    return _archive(folder, name, write, words)


def two_collectors(folder: Path, *, tiny: bool) -> Input:
    """A table and hours of churn at each of two collectors."""
    from bench import churned

    shape = {"prefixes": 2_000, "hours": 2, "rate": 4} if tiny else CHURNED

    def write(path: Path) -> dict[str, int]:
        return {"records": churned.write(path, **shape)}

    name = "collectors-tiny" if tiny else "collectors"
    return _archive(folder, name, write, "two collectors: {records:,} routes and updates")


def real(name: str) -> Input | None:
    """A real file; None where it is not there."""
    path = REAL / name
    return Input(path, f"{name}, {_mb(path)}", REAL_FILES[name]) if path.exists() else None


def _mb(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"
