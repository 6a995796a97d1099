"""A writer killed at any moment leaves a store that opens, with each incident and segment whole or absent."""

from __future__ import annotations

import json
import random
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from killed_program import killed

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore

CONTRACT = Path(__file__).resolve().parents[2] / "contract"

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import KP, finding
from nightside.model.signal import Signal
from nightside.store.embedded import EmbeddedStore
with EmbeddedStore(Path(sys.argv[2])) as store:
    store.put_samples([Signal(KP, [0], [4], 1)])
    for number in range(100_000):
        began = 1_419_131_400 + 7200 * number
        for version in ("1", "2"):
            store.put_incident(*finding(began, began + 3600, version=version))
        store.put_samples([Signal(KP, [10 * number], [number], 10 * number + 10)])
        print(number, flush=True)
"""
"""After the line with a number, both revisions of that incident and its samples are there for good."""


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_writer(tmp_path: Path, seed: int) -> None:
    arguments = [sys.executable, "-c", WRITER, str(CONTRACT), str(tmp_path)]
    said = killed(arguments, random.Random(seed).uniform(0, 0.2))
    # The last line may be cut off by the kill; what was promised is what came whole.
    promised = [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]

    schema = json.loads((files("nightside.model") / "schemas" / "incident-1.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    with EmbeddedStore(tmp_path) as store:
        found = list(store.incidents())
        for number, incident in enumerate(found):
            validator.validate(incident)
            assert incident["revision"] == 1 + len(incident["corrections"])
            assert incident["revision"] == int(incident["provenance"]["version"])
            series = store.series(incident["id"])
            assert series is not None
            assert series.begin == 1_419_131_400 + 7200 * number - 60
        complete = [incident for incident in found if incident["revision"] == 2]
        # Only the one it was at may be absent, or still without its second revision.
        assert len(promised) <= len(complete) <= len(found) <= len(promised) + 1
        samples = store.samples("country", "KP", 0, 10 * len(promised)).to_pylist()
        assert [row["units"] for row in samples] == promised
        store.put_samples([Signal(Entity("country", "SY", "Syria"), [0], [84], 1)])
        # What the killed one was writing has no name of a segment, and goes when it is old.
        left = {path.suffix for path in (tmp_path / "segments").iterdir()}
        assert left <= {".parquet", ".part"}


CHECKER = """
import sys
from pathlib import Path
from nightside.model.check import CheckResult
from nightside.store import result_segments, results
from nightside.store.embedded import EmbeddedStore
results.MOST_LOOSE, result_segments.MOST_SMALL = 4, 3
with EmbeddedStore(Path(sys.argv[1])) as store:
    for n in range(100_000):
        store.put_results([
            CheckResult(n, place, "KP", "news", "state media", "http", "", 4, None, "ok", None, None)
            for place in ("berlin", "tokyo")
        ])
        print(n, flush=True)
"""
"""Makes a segment of every second round, and one of every three segments, so that a kill falls into the midst."""


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_checker(tmp_path: Path, seed: int) -> None:
    arguments = [sys.executable, "-c", CHECKER, str(tmp_path)]
    said = killed(arguments, random.Random(seed).uniform(0, 0.3))
    promised = [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
    with EmbeddedStore(tmp_path) as store:
        rows = store.results("KP", 0, 100_000, columns=("at", "place")).to_pylist()
        rounds = [int(row["at"].timestamp()) for row in rows[::2]]
        assert [row["place"] for row in rows] == ["berlin", "tokyo"] * len(rounds)
        # Only the one it was at may be there though nobody was told.
        assert rounds in (promised, [*promised, len(promised)])
        assert store.results("KP", 0, 100_000).num_rows == len(rows)
