"""The benchmark of executors counts what was made, the same by all, and says so in the shape that is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.inputs import SIZES, archive
from bench.tell_engines import executors
from dask_cluster import program_of_tests

pytestmark = pytest.mark.xdist_group("dask")
ROOT = Path(__file__).resolve().parent.parent.parent


def test_all_executors_read_every_element(tmp_path: Path) -> None:
    told = tmp_path / "executors.json"
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import same_program; from bench.executors import main; main()",
            *("--tiny", "--units", "100", "--rounds", "1", "--out", told),
        ],
        check=True,
        cwd=ROOT,
        env={**os.environ, **program_of_tests()},
        stdout=subprocess.DEVNULL,
    )
    result = json.loads(told.read_text())
    one = archive(tmp_path, SIZES["tiny"])
    assert one.entries is not None
    assert result["windows"]["elements"] == 8 * one.entries
    assert {row["executor"] for row in result["handed_out"]} == {"local", "dask"}
    assert executors(result)
