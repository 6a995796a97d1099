"""The benchmark of checks runs, and the whole of a round stays within the goal: resolver, runner, store and all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nginx_server import have_nginx
from nsd_server import have_nsd
from tests.conftest import missing

pytestmark = pytest.mark.xdist_group("timed")
TARGETS, EVERY_S = 100, 11
MOST_MS = 3.0
"""Half a core for 10,000 checks a minute."""


def test_a_round_of_all_kinds_stays_within_half_a_core(measured: Callable[[str], None]) -> None:
    if have_nginx() is None or have_nsd() is None:
        missing("nginx or nsd is not installed")
    words = ("--targets", str(TARGETS), "--every", str(EVERY_S), "--json")
    ran = subprocess.run(
        [sys.executable, "-m", "bench.checks", *words],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert {outcome.split()[1] for outcome in found["outcomes"]} == {"ok"}, found["outcomes"]
    assert found["warned"] == []
    # Five kinds; dns over UDP and over TCP.
    assert found["results"] == pytest.approx(6 * TARGETS, rel=0.05)
    check_ms = 1000 * found["cpu_s"] / (5 * TARGETS)
    measured(f"checks: {check_ms:.2f} ms of processor time for each of five kinds, all included")
    assert check_ms <= MOST_MS
