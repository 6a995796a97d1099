"""Where NIGHTSIDE_NO_SKIPS is set, nothing may pass by being left out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parent.parent / "conftest.py"

CALLS = """
import pytest

def test_runs():
    pass

def test_gives_up():
    pytest.skip("no moon tonight")

@pytest.mark.skipif(True, reason="no sun today")
def test_is_marked():
    pass

@pytest.mark.xfail(reason="known", strict=True)
def test_is_known_to_fail():
    assert False

def test_lacks_data(shared_data):
    pass
"""
WHOLE_FILE = 'import pytest\npytest.importorskip("a_package_that_nobody_has")\n'


WORKERS = [
    pytest.param((), id="one process"),
    pytest.param(
        ("-p", "xdist.plugin", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"), id="two workers"
    ),
]
"""As a developer starts the tests, and as ci/check.py does."""
alone_and_with_workers = pytest.mark.parametrize("workers", WORKERS)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A small suite under our conftest, with no data folder in reach: 1 passes, 1 xfails, 3 skip."""
    tests = tmp_path / "checkout" / "tests"
    tests.mkdir(parents=True)
    shutil.copy(CONFTEST, tests)
    (tests / "test_calls.py").write_text(CALLS)
    return tests


def outcome(tests: Path, no_skips: bool, workers: tuple[str, ...]) -> tuple[int, dict[str, int], str]:
    """(exit code, counts of the closing line, output) of a run of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "NIGHTSIDE"))}
    # What counts is our conftest; the plugins of schemathesis and others take seconds to load.
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if no_skips:
        env["NIGHTSIDE_NO_SKIPS"] = "1"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-ra",
        *workers,
        f"--rootdir={tests}",
        str(tests),
    ]
    done = subprocess.run(command, env=env, cwd=tests, capture_output=True, text=True, check=False)
    closing = done.stdout.rstrip().splitlines()[-1]
    counts = {word.rstrip("s"): int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", closing)}
    return done.returncode, counts, done.stdout


@alone_and_with_workers
def test_at_home_a_skip_is_a_skip(suite: Path, workers: tuple[str, ...]) -> None:
    code, counts, said = outcome(suite, no_skips=False, workers=workers)
    assert code == 0, said
    assert (counts["passed"], counts["skipped"], counts["xfailed"]) == (1, 3, 1)


@alone_and_with_workers
def test_in_ci_a_skip_is_a_failure_with_its_reason(suite: Path, workers: tuple[str, ...]) -> None:
    code, counts, said = outcome(suite, no_skips=True, workers=workers)
    assert code == 1, said
    # Where a mark or a fixture skips, pytest counts an error before the test; the run fails all the same.
    assert (counts["passed"], counts["failed"], counts["error"], counts["xfailed"]) == (1, 1, 2, 1)
    assert "skipped" not in counts
    for reason in ("no moon tonight", "no sun today", "no real routing data at"):
        assert f"nothing may be skipped here, but: {reason}" in said.replace("Skipped: ", "")


@alone_and_with_workers
def test_in_ci_a_file_that_skips_itself_is_an_error(suite: Path, workers: tuple[str, ...]) -> None:
    # Beside one that passes: workers run what could be collected, and then fail.
    (suite / "test_calls.py").write_text("def test_runs():\n    pass\n")
    (suite / "test_whole_file.py").write_text(WHOLE_FILE)
    code, counts, said = outcome(suite, no_skips=True, workers=workers)
    assert code != 0, said
    assert counts["error"] == 1
    assert "a_package_that_nobody_has" in said
