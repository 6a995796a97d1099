"""The bench of a store on PostgreSQL under load runs, and would tell what is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.store_load import lost

from nightside.store.postgres import PostgresStore
from nightside.store.postgres_address import PostgresAddress

if TYPE_CHECKING:
    from postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_lost_and_what_is_lost_is_told(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.url(postgres_server.new_database())
    words = ("--rows", "1", "--writers", "2", "--readers", "2", "--for-s", "2", "--reads-per-s", "5")
    out = tmp_path / "load.json"
    ran = subprocess.run(
        [sys.executable, "-m", "bench.store_load", url, str(tmp_path / "files"), *words, "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "nothing lost" in ran.stdout
    assert "288,000 rows of signals" in ran.stdout
    told = json.loads(out.read_text())
    assert (told["rows"], told["lost"]) == (288_000, [])
    assert told["reads"][-1]["times"] == sum(row["times"] for row in told["reads"][:-1]) > 0
    with PostgresStore(PostgresAddress(url)) as store:
        last = store.last_change()
        every = list(range(1, last + 1))
        assert any("samples of" in said for said in lost(store, 0, [1000, 1000], every))
        assert lost(store, 0, [1, 1], every[:-1])[-1] == "1 changes for who followed them"
        with store._writing() as connection:
            connection.execute("DELETE FROM change WHERE number = ?", (last - 1,))
        assert "numbers of changes" in lost(store, 0, [1, 1], every)
