"""Fuzzing from the command line: `python -m fuzz run`, `replay`, `corpus`. See fuzz/README.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import traceback
from pathlib import Path

from fuzz import builds, campaign, corpus
from fuzz.entrances import ENTRANCES
from fuzz.findings import entrance_of
from fuzz.limits import Limits


def replay(paths: list[Path], build: str, entrances: list[str]) -> int:
    """Take files to the entrance that their names tell of, or to others; the exit code tells whether all is well."""
    if build != "plain" and "FUZZ_REPLAYS" not in os.environ:
        builds.make(build)
        environment = builds.environment(build) | {"FUZZ_REPLAYS": "1"}
        return subprocess.run(
            [sys.executable, "-m", "fuzz", *sys.argv[1:]], env=environment, check=False
        ).returncode
    limits, bad = Limits(), 0
    for path in paths:
        for name in entrances or [entrance_of(path)]:
            try:
                limits.enter(name, path.read_bytes())
            except Exception:
                bad += 1
                print(f"{path} at the entrance {name}:\n{traceback.format_exc()}")
    print(f"{limits.entered} inputs held, {bad} did not")
    return 1 if bad else 0


def main() -> int:
    """Do what is asked."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Nightside's fuzzing")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fuzz each way for so long; goes on where it was interrupted")
    run.add_argument("--minutes", type=float, default=10, help="for each way")
    run.add_argument("--processes", type=int, default=2, help="ways at a time")
    run.add_argument("--way", action="append", choices=list(campaign.WAYS), help="all unless named")
    again = verbs.add_parser("replay", help="take files to their entrances again")
    again.add_argument("files", nargs="+", type=Path)
    again.add_argument("--build", choices=builds.BUILDS, default="plain")
    again.add_argument(
        "--entrance", action="append", choices=list(ENTRANCES), help="instead of the file's own"
    )
    verbs.add_parser("corpus", help="write the committed corpus anew")
    asked = parser.parse_args()
    if asked.verb == "replay":
        return replay(asked.files, asked.build, asked.entrance or [])
    if asked.verb == "corpus":
        return corpus.write()
    return campaign.run(asked.way or list(campaign.WAYS), asked.minutes * 60, asked.processes)


if __name__ == "__main__":
    sys.exit(main())
