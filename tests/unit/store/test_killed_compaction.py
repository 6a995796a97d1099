"""A compaction that is killed at any instant leaves the store as it was before, or as it is after."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore

KP, SY = Entity("country", "KP", "North Korea"), Entity("country", "SY", "Syria")
DAY_S = 86_400
DAYS = 62

COMPACTER = """
import sys
from pathlib import Path
from nightside.store.embedded import EmbeddedStore
with EmbeddedStore(Path(sys.argv[1])) as store:
    print("begins", flush=True)
    store.compact(exact_days=int(sys.argv[2]))
    print("ended", flush=True)
"""


Rows = list[dict[str, Any]]


def told(store: EmbeddedStore, code: str, begin: int, end: int) -> Rows:
    rows: Rows = store.samples("country", code, begin, end).to_pylist()
    return rows


def by_the_hour(rows: Rows) -> bool:
    return {row["resolution_s"] for row in rows if row["units"] is not None} == {3600}


@pytest.fixture(scope="module")
def many_segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two months of samples, two segments for each fourth day."""
    folder = tmp_path_factory.mktemp("many-segments")
    random_ = random.Random(0)
    with EmbeddedStore(folder) as store:
        for day in range(0, DAYS, 4):
            for part in (0, 1):
                begin = day * DAY_S + part * DAY_S // 2
                times = list(range(begin, begin + DAY_S // 2, 500))
                units = [random_.randrange(9) for _ in times]
                store.put_samples([Signal(e, times, units, begin + DAY_S // 2) for e in (KP, SY)])
    return folder


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_instant(many_segments: Path, tmp_path: Path, seed: int) -> None:
    random_ = random.Random(seed)
    shutil.copytree(many_segments, tmp_path, dirs_exist_ok=True)
    january, end = 31 * DAY_S, DAYS * DAY_S
    with EmbeddedStore(tmp_path) as store:
        exact = {code: told(store, code, january, end) for code in ("KP", "SY")}
        hours = {code: store.rollup("country", code, 0, end).to_pylist() for code in ("KP", "SY")}
        before = {code: told(store, code, 0, january) for code in ("KP", "SY")}
    # January alone is old enough to be thinned out.
    words = [sys.executable, "-c", COMPACTER, str(tmp_path), str(int(time.time()) // DAY_S - 31 - 1)]
    compacter = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert compacter.stdout is not None
    assert compacter.stdout.readline() == "begins\n"
    time.sleep(random_.uniform(0, 0.5))
    compacter.send_signal(signal.SIGKILL)
    _rest, said = compacter.communicate(timeout=30)
    assert said == ""
    with EmbeddedStore(tmp_path) as store:
        # What it was writing is too young to be anybody's concern.
        assert list(store.check()) == []
        for code in ("KP", "SY"):
            assert told(store, code, january, end) == exact[code]
            now = told(store, code, 0, january)
            assert now == before[code] or by_the_hour(now)
        store.compact(exact_days=int(words[-1]))
        for code in ("KP", "SY"):
            assert told(store, code, january, end) == exact[code]
            assert store.rollup("country", code, 0, end).to_pylist() == hours[code]
            assert by_the_hour(told(store, code, 0, january))
        assert list(store.check()) == []
