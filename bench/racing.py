"""Programs over the same input, one after the other in each round, in turning order; what each took, and its answer.

User and system CPU and the most memory are the kernel's figures of the whole process (`wait4`), with those of what it
started and waited for: of a pipe, CPU is of all of it and memory of its largest process. A busy machine slows all of
one round alike, so that ratios within rounds hold where the figures do not.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contender:
    """A program in a race."""

    name: str
    command: str
    """For a shell; as it stands in the tables but for the places of files."""
    answer: Callable[[Path], Answer] | None = None
    """Its answer, from what it printed; None for who only unpacks."""
    missing: str | None = None
    """Why it cannot run, or does not here."""
    rounds: int = 99
    """In so many rounds at most; who is slow need not run often."""


@dataclass
class Row:
    """What came of a contender."""

    name: str
    status: str = "ok"
    """`ok`, `limit`, `other answer`, `failed`, or why it did not run."""
    user_s: dict[int, float] = field(default_factory=dict)
    """By round."""
    system_s: dict[int, float] = field(default_factory=dict)
    wall_s: dict[int, float] = field(default_factory=dict)
    peak_mib: float = 0.0
    """0 where it is less than the benchmark's own."""
    answer: Answer | None = None


def run(command: str, output: Path) -> tuple[int, str, float, os.stat_result | Any]:
    """Run it; its exit code, what it said, how long it took by the clock, and what the kernel counted."""
    begun = time.perf_counter()
    with output.open("wb") as out, output.with_suffix(".err").open("w+b") as err:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - begun
        err.seek(0)
        said = err.read().decode(errors="replace")
    return process.returncode, said, took, usage


def race(contenders: Sequence[Contender], rounds: int, output: Path) -> list[Row]:
    """Run all; the rows in the order of the contenders, each answer held against `judge` later."""
    rows = {one.name: Row(one.name, one.missing or ("ok" if one.answer else "limit")) for one in contenders}
    for number in range(rounds):
        order = contenders if number % 2 == 0 else contenders[::-1]
        for one in order:
            row = rows[one.name]
            if number >= one.rounds or row.status not in ("ok", "limit"):
                continue
            code, said, took, usage = run(one.command, output)
            if code:
                row.status = "failed"
                print(f"bench: {one.command} ended with {code}:\n{said[-2000:]}", file=sys.stderr)
                continue
            row.user_s[number] = usage.ru_utime
            row.system_s[number] = usage.ru_stime
            row.wall_s[number] = took
            # A process begins with its parent's figure: what is no larger than ours is not known.
            if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
                row.peak_mib = max(row.peak_mib, usage.ru_maxrss / 1024)
            if one.answer:
                try:
                    answer = one.answer(output)
                except (ValueError, LookupError) as error:
                    row.status = f"its answer cannot be read ({error})"
                    continue
                if row.answer is not None and answer != row.answer:
                    row.status = "another answer each time"
                row.answer = answer
            print(f"  {one.name}: {usage.ru_utime:.2f} s", file=sys.stderr, flush=True)
    return list(rows.values())


def judge(rows: Sequence[Row], oracle: Answer) -> None:
    """Whoever answers otherwise than the oracle, in anything that both tell, has no speed."""
    for row in rows:
        if row.status == "ok" and row.answer is not None:
            both = row.answer.keys() & oracle.keys()
            if not both or any(row.answer[key] != oracle[key] for key in both):
                row.status = "other answer"
