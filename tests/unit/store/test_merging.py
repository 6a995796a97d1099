"""Segments merged on disk: how many files there are, who is killed in between, who reads what is gone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore
from nightside.store.merging import MOST_SMALL

KP = Entity("country", "KP", "North Korea")

WRITER = """
import sys
from pathlib import Path
from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore
KP = Entity("country", "KP", "North Korea")
with EmbeddedStore(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2]), 100_000):
        store.put_samples([Signal(KP, [10 * number], [number], 10 * number + 10)])
        print(number, flush=True)
"""


def put(store: EmbeddedStore, first: int, behind: int) -> None:
    for i in range(first, behind):
        store.put_samples([Signal(KP, [60 * i], [i], 60 * i + 60)])


def test_files_stay_few(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        put(store, 0, 10 * MOST_SMALL)
        units = [row["units"] for row in store.samples("country", "KP", 0, 60 * 10 * MOST_SMALL).to_pylist()]
    assert units == list(range(10 * MOST_SMALL))
    # Those that stand, those of the last merging, and what came since.
    assert len(list((tmp_path / "segments").iterdir())) <= 2 * MOST_SMALL + 4


def test_large_segments_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nightside.store.merging.SMALL_BYTES", 1)
    with EmbeddedStore(tmp_path) as store:
        put(store, 0, 2 * MOST_SMALL)
        assert store.merge_samples() == 0
    assert len(list((tmp_path / "segments").iterdir())) == 2 * MOST_SMALL


def test_what_was_looked_up_and_is_gone_is_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(tmp_path) as store, EmbeddedStore(tmp_path) as reader:
        put(store, 0, MOST_SMALL)
        held = reader._held("country", "KP", 0, 60 * MOST_SMALL)
        put(store, MOST_SMALL, 3 * MOST_SMALL)
        first = iter([held])
        real = reader._held
        monkeypatch.setattr(reader, "_held", lambda *asked: next(first, None) or real(*asked))
        rows = reader.samples("country", "KP", 0, 60 * MOST_SMALL).to_pylist()
    assert [row["units"] for row in rows] == list(range(MOST_SMALL))


def test_what_is_missing_is_an_error_still(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        put(store, 0, 3)
    for file in (tmp_path / "segments").iterdir():
        file.unlink()
    with EmbeddedStore(tmp_path) as store:
        with pytest.raises(NightsideError, match="cannot be read"):
            store.samples("country", "KP", 0, 180)
        put(store, 3, 3 * MOST_SMALL)


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_instant(tmp_path: Path, seed: int) -> None:
    """Several times one after the other: what was promised is there, once, and the next one goes on."""
    random_ = random.Random(seed)
    number = 0
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _line in range(MOST_SMALL + random_.randrange(-6, 6)):
            assert writer.stdout.readline()
        time.sleep(random_.uniform(0, 0.02))
        writer.send_signal(signal.SIGKILL)
        rest, said = writer.communicate(timeout=30)
        assert (writer.returncode, said) == (-signal.SIGKILL, "")
        with EmbeddedStore(tmp_path) as store:
            last = store.entities()[0].last_s
            units = [row["units"] for row in store.samples("country", "KP", 0, last).to_pylist()]
            assert units == list(range(last // 10))
            assert last // 10 >= number + MOST_SMALL - 6 + rest.count("\n")
        number = last // 10
    with EmbeddedStore(tmp_path) as store:
        for i in range(number, number + 3 * MOST_SMALL):
            store.put_samples([Signal(KP, [10 * i], [i], 10 * i + 10)])
    assert len(list((tmp_path / "segments").iterdir())) <= 2 * MOST_SMALL + 4
