"""All checks in one go: style, types, layers, then the tests. Stops at the first failure, with its output.

    python ci/check.py [--lint-only]

The tests run last and in the open: pytest's closing line is the last line of the output, since CI reads it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
FOLDERS = ("src", "tests", "bench", "ci", "examples", "fuzz", "tools", "scripts")
PYTEST = [sys.executable, "-m", "pytest"]
STYLED = [name for name in FOLDERS if (ROOT / name).is_dir()]

LINT: tuple[tuple[str, list[str]], ...] = (
    ("style: ruff check", ["ruff", "check", *STYLED]),
    ("format: ruff format --check (mend with `make format`)", ["ruff", "format", "--check", *STYLED]),
    ("types: mypy", ["mypy"]),
    ("layers: import-linter", ["lint-imports", "--no-cache"]),
)

# What is compiled is kept, whatever the environment says: each worker and each program under test starts with it.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
WAITING = 2
"""Workers more than processors: so many tests at a time wait rather than calculate (for routers, browsers, clocks)."""


def quietly(heading: str, command: list[str]) -> int:
    """Run one tool of the environment; its output is shown only where it fails. Returns its exit code."""
    print(f"== {heading} ... ", end="", flush=True)
    begun = time.monotonic()
    done = subprocess.run(
        [SCRIPTS / command[0], *command[1:]],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    took = f"({time.monotonic() - begun:.1f} s)"
    if done.returncode == 0:
        print(f"ok {took}", flush=True)
    else:
        print(f"FAILED {took}", flush=True)
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
    return done.returncode


def lint() -> int:
    """Style, types and layers; the exit code is the first failure's, or 0."""
    for heading, command in LINT:
        code = quietly(heading, command)
        if code:
            return code
    return 0


def main() -> int:
    """Run the checks in order; the exit code is the first failure's, or 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--lint-only", action="store_true", help="leave the tests out")
    asked = parser.parse_args()
    if asked.lint_only:
        return lint()
    # Meanwhile the tests are compiled as pytest compiles them: else every worker does that for itself. What is wrong
    # with them is told when they run.
    quiet = subprocess.DEVNULL
    compiling = subprocess.Popen(
        [*PYTEST, "--collect-only", "-q"], cwd=ROOT, env=ENVIRONMENT, stdin=quiet, stdout=quiet, stderr=quiet
    )
    code = lint()
    if code:
        compiling.kill()
    compiling.wait()
    if code:
        return code
    print("== tests: pytest", flush=True)
    # In the order of the files: the long ones of tests/e2e come first, and many short ones fill up the end.
    workers = ["-n", str((os.cpu_count() or 1) + WAITING), "--dist", "loadgroup", "--no-loadscope-reorder"]
    return subprocess.run(
        [*PYTEST, *workers], cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
