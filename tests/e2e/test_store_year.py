"""The made-up year to measure the store with: small, and what it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nightside.store.embedded import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]


def test_a_small_year_is_made_once_and_read(tmp_path: Path) -> None:
    words = [tmp_path, "--days", 2, "--countries", 3, "--asns", 4, "--incidents", 30, "--rounds", 3]
    outputs = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "bench.store_year", *map(str, words)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        outputs.append(done.stdout.splitlines())
    made, once_more = outputs
    assert made[0].startswith("made in ")
    assert len(made) == 1 + len(once_more)
    figures = [line for line in once_more if " cold " in line or " warm " in line]
    assert len(figures) == 2 * 9
    for line in figures:
        cpu, median, p99, worst = map(float, line.split()[-4:])
        assert 0 <= cpu < 1000
        assert 0 <= median <= p99 <= worst

    with EmbeddedStore(tmp_path, read_only=True) as store:
        everybody = store.entities()
        assert len(everybody) == 7
        assert {e.last_s - e.first_s for e in everybody} == {2 * 86400}
        assert len(list(store.incidents())) == 30
        one = everybody[0]
        assert store.samples(one.type, one.code, one.first_s, one.first_s + 86400).num_rows > 270
        assert store.rollup(one.type, one.code, one.first_s, one.last_s).num_rows == 48
