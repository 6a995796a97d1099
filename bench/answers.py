"""What a program printed, as an answer that can be held against another's."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench.racing import Answer

PIECE = 1 << 20


def counts(output: Path) -> Answer:
    """Of the programs that count."""
    said: Answer = json.loads(output.read_text())
    return {**said, "elements": sum(int(number) for number in said.values())}


def summary(output: Path) -> Answer:
    """Of `nightside elements --summary`."""
    said = json.loads(output.read_text())
    announced, withdrawn = said["announcements"] + said["routes"], said["withdrawals"]
    # Of other kinds of routes (multicast) it says only how many it passed over; others tell them like all.
    over = sum(skip["count"] for skip in said["skipped"] if skip["reason"].endswith("are not read"))
    elements = {"elements": announced + withdrawn + over}
    return elements if over else {"announced": announced, "withdrawn": withdrawn, **elements}


def lines(output: Path) -> Answer:
    """Of lines in `bgpdump -m`'s form: how many of each kind, and a digest of all of them as they stand."""
    digest, kinds = hashlib.sha256(), Counter[bytes]()
    with output.open("rb") as said:
        while piece := said.readlines(PIECE):
            digest.update(b"".join(piece))
            kinds.update(line.split(b"|", 3)[2] for line in piece)
    return {
        "announced": kinds[b"A"] + kinds[b"B"],
        "withdrawn": kinds[b"W"],
        "elements": kinds[b"A"] + kinds[b"B"] + kinds[b"W"],
        "lines": digest.hexdigest(),
    }


def rows(output: Path) -> Answer:
    """Of rows in any order: how many, and a digest of them in order."""
    plain = {**os.environ, "LC_ALL": "C"}
    with subprocess.Popen(["sort", output], stdout=subprocess.PIPE, env=plain) as run:
        assert run.stdout is not None
        digest, count = hashlib.sha256(), 0
        while piece := run.stdout.read(PIECE):
            digest.update(piece)
            count += piece.count(b"\n")
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, "sort")
    return {"rows": count, "digest": digest.hexdigest()}


def shares(output: Path) -> Answer:
    """Of our rows of shares: besides, the digest that `bench.flips` must tell."""
    program = Path(__file__).resolve().parent / "programs" / "flips_digest.py"
    with output.open("rb") as said:
        done = subprocess.run(
            [sys.executable, program], stdin=said, capture_output=True, text=True, check=True
        )
    return {**rows(output), "flips": done.stdout.strip()}
