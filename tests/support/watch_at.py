"""The program with a clock on the wall that is wrong by so many seconds: `python watch_at.py SECONDS WORD...`."""

from __future__ import annotations

import sys
import time

_right, _wrong_by_s = time.time, float(sys.argv.pop(1))
time.time = lambda: _right() + _wrong_by_s

# Only now: whoever is imported takes this clock.
from nightside.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
