"""Whether an installed Nightside tells the demo: run by whatever has just installed it, away from the checkout.

    PYTHON ci/demo_told.py       # exit code 0, and one line, where it does

PYTHON is the interpreter of the environment that is looked at. Nothing else of the checkout is used.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

SECONDS = 600
"""Enough where another kind of processor is made up."""
TOTALS = [("2014-12-22T16:15", "2014-12-23T01:46"), ("2014-12-27T10:30", None)]
"""When all networks of North Korea were gone: 9 hours 31 minutes (Dyn Research, December 2014), and from half past
seven in the evening, Pyongyang's time (Xinhua, 27 December 2014), until when is not agreed on."""


def wrong(incidents: list[dict[str, Any]]) -> str | None:
    """What is not as documented of what `demo --json` printed."""
    if [one["entity"]["code"] for one in incidents] != ["KP"] * len(TOTALS):
        return f"{len(TOTALS)} incidents, of KP, were expected: {[one['id'] for one in incidents]}"
    for one, (onset, end) in zip(incidents, TOTALS, strict=True):
        found = (one["severity"], one["onset"][:16], one["end"][:16])
        if found != ("total", onset, end or found[2]):
            return f"the headline of {one['id']} is not the documented one: {found}"
        if one["provenance"]["reconstruction"] is not True:
            return f"{one['id']} does not say that it is a reconstruction"
    return None


def main() -> int:
    """Run the program that this environment has on its path."""
    program = Path(sysconfig.get_path("scripts")) / "nightside"
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [program, "demo", "--json", "--no-serve"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    if done.returncode:
        sys.exit(f"nightside demo ended with {done.returncode}: {done.stderr}")
    fault = wrong([json.loads(line) for line in done.stdout.splitlines()])
    if fault:
        sys.exit(fault)
    print(f"the demo is told as documented, in {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
