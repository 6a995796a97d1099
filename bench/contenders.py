"""Who does what in each task, by which command; `FILE`, `FOLDER` and `COUNTRIES` stand for the input."""

from __future__ import annotations

import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from bench import answers, peers
from bench.inputs import Input
from bench.racing import Contender

NIGHTSIDE = shlex.quote(str(Path(sysconfig.get_path("scripts")) / "nightside"))
PYTHON = shlex.quote(sys.executable)
PROGRAMS = Path(__file__).resolve().parent / "programs"
OURS = "nightside"
FLIPS = f"{OURS}, columns to flips"

SLOW, SLOWEST = 3_000_000, 200_000
"""More entries than these take too long with a peer that needs 10 µs for each, or 40."""


def _program(name: str) -> str:
    return shlex.quote(str(PROGRAMS / f"{name}.py"))


def limit(file: Path) -> Contender:
    """Unpacking alone, as fast as it can be; of a file that is cut off, as far as it goes."""
    opener = "import bz2 as m" if file.suffix == ".bz2" else "from isal import igzip as m"
    code = f"import sys; {opener}; f = m.open(sys.argv[1]); b = bytearray(4 << 20)\n"
    code += "try:\n while f.readinto(b): pass\nexcept EOFError: pass"
    name = "bz2 alone" if file.suffix == ".bz2" else "isal alone"
    return Contender(name, f"{PYTHON} -c {shlex.quote(code)} {shlex.quote(str(file))}")


def _peer(label: str, needs: str, command: str, answer: object, entries: int, most: int) -> Contender:
    why = peers.missing(needs)
    if why is None and entries > most:
        why = "too slow for this size"
    rounds = 1 if entries >= SLOW or most == SLOWEST else 2
    return Contender(label, command, answer, why, rounds)  # type: ignore[arg-type]


def _in_python(task: str, file: str, answer: object, entries: int) -> list[Contender]:
    """The peers that are libraries for Python."""
    python_312 = shlex.quote(peers.quickrib_python() or "python3.12")
    who = (
        ("pybgpkit-parser", "pybgpkit_parser", "pybgpkit", PYTHON, SLOW if task == "peers" else SLOW - 1),
        ("mrtparse", "mrtparse", "mrtparse", PYTHON, SLOWEST),
        ("quickrib", "quickrib", "quickrib", python_312, SLOWEST),
        ("pybgpstream", "pybgpstream", "pybgpstream", PYTHON, SLOW),
    )
    return [
        _peer(label, needs, f"{python} {_program(f'{task}_{name}')} {file}", answer, entries, most)
        for label, needs, name, python, most in who
    ]


def iterate(of: Input) -> list[Contender]:
    """All elements of a file."""
    file, entries = shlex.quote(str(of.path)), of.entries or 0
    runs = [
        limit(of.path),
        Contender(f"{OURS} elements --summary", f"{NIGHTSIDE} elements --summary {file}", answers.summary),
    ]
    if entries <= SLOW:
        runs.append(Contender(f"{OURS} elements", f"{NIGHTSIDE} elements {file}", answers.lines))
    runs.append(_peer("bgpdump -m", "bgpdump", f"bgpdump -m {file}", answers.lines, entries, SLOW))
    return [*runs, *_in_python("iterate", file, answers.counts, entries)]


def peers_of(of: Input) -> list[Contender]:
    """Peers per prefix and per origin AS."""
    file, entries = shlex.quote(str(of.path)), of.entries or 0
    piped = f"bgpdump -m {file} | {PYTHON} {_program('peers_bgpdump')}"
    return [
        limit(of.path),
        Contender(f"{OURS}, columns", f"{PYTHON} {_program('peers_nightside')} {file}", answers.rows),
        _peer("bgpdump -m, piped to Python", "bgpdump", piped, answers.rows, entries, 10**9),
        *_in_python("peers", file, answers.rows, entries),
    ]


def shares(of: Input, countries: Path) -> list[Contender]:
    """Bytes to flips to each country's share every five minutes."""
    folder, map_file = shlex.quote(str(of.path)), shlex.quote(str(countries))
    entries = of.entries or 0
    ours = f"{PYTHON} {_program('shares_nightside')} {folder}"
    runs = [Contender(FLIPS, ours, answers.shares)]
    for label, needs, name, most in (
        ("bgpdump -m, piped to Python", "bgpdump", "bgpdump", 3 * SLOW),
        ("pybgpkit-parser", "pybgpkit_parser", "pybgpkit", SLOW),
    ):
        command = f"{PYTHON} {_program(f'shares_{name}')} {folder} {map_file}"
        runs.append(_peer(label, needs, command, answers.rows, entries, most))
    runs += [
        Contender("mrtparse", "", None, "too slow for this task"),
        Contender(
            "quickrib", "", None, "another rule: visible is more than half of sessions, not half of ASes"
        ),
    ]
    return runs


def map_of(folder: Path, countries: Path) -> None:
    """Write the country of each /24, for programs that have no map of their own."""
    if not countries.exists():
        command = [sys.executable, PROGRAMS / "shares_nightside.py", folder, "--map", countries]
        subprocess.run(command, check=True)


def processes(of: Input) -> list[Contender]:
    """Shares from two collectors by one process, and by two."""
    command = f"{PYTHON} {_program('shares_nightside')} {shlex.quote(str(of.path))} --processes"
    return [
        Contender(f"{OURS}, {words}", f"{command} {number}", answers.rows)
        for number, words in ((1, "one process"), (2, "two processes"))
    ]
