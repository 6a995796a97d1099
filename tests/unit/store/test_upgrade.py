"""A store of version 1 is brought up to date with all that it held, or left as it was."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal
from nightside.model.state import EntityState
from nightside.model.token import Token
from nightside.store import upgrade
from nightside.store.embedded import EmbeddedStore

CHECKED = CheckResult(
    1.5, "berlin", "KP", "news", "state media", "http", "", 4, None, "timed_out", "connect", None
)

VERSION_1 = """
CREATE TABLE incident (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, code TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER,
    reach INTEGER NOT NULL, severity INTEGER NOT NULL, revision INTEGER NOT NULL,
    merged_into TEXT REFERENCES incident (id), series TEXT NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revision (id, revision) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX incident_in_order ON incident (began, type, code);
CREATE INDEX incident_of_entity ON incident (type, code, began);
CREATE TABLE revision (
    id TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,
    revision INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment (name TEXT PRIMARY KEY, written INTEGER NOT NULL UNIQUE) STRICT, WITHOUT ROWID;
CREATE TABLE segment_signal (
    segment TEXT NOT NULL REFERENCES segment (name), signal INTEGER NOT NULL, type TEXT NOT NULL,
    code TEXT NOT NULL, begin_s INTEGER NOT NULL, end_s INTEGER NOT NULL, PRIMARY KEY (segment, signal)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_signal_of_entity ON segment_signal (type, code, begin_s);
PRAGMA user_version = 1;
"""
"""As version 1 made them."""

T0 = 1_419_131_400
"""2014-12-21T03:10:00Z."""
FIRST, SECOND = "1" * 64, "2" * 64
SEGMENTS = {
    # (type, code, signal, begin, end, units)
    FIRST: [
        ("country", "KP", 0, T0, T0 + 3000, 4),
        ("country", "KP", 0, T0 + 3000, T0 + 3600, None),
        ("country", "SY", 1, T0, T0 + 3600, 84),
    ],
    SECOND: [("country", "KP", 0, T0 + 600, T0 + 1200, 0)],
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An incident in two revisions, one that was merged into it, and two segments of which the later counts."""
    (tmp_path / "segments").mkdir()
    connection = sqlite3.connect(tmp_path / "nightside.sqlite", isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL;" + VERSION_1)
    put = [
        ("KP-20141221T0310Z", 2, None, [incident("KP-20141221T0310Z", n, "restored") for n in (1, 2)]),
        ("KP-20141221T0510Z", 1, "KP-20141221T0310Z", [incident("KP-20141221T0510Z", 1, "closed")]),
    ]
    for id, last, merged_into, revisions in put:
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO incident VALUES (?, 'country', 'KP', ?, ?, ?, 3, ?, ?, ?)",
            (id, T0, T0 + 3600, T0 + 3600, last, merged_into, json.dumps(SERIES)),
        )
        for n, text in enumerate(revisions, 1):
            connection.execute("INSERT INTO revision VALUES (?, ?, ?)", (id, n, json.dumps(text)))
        connection.execute("COMMIT")
    for written, (name, rows) in enumerate(SEGMENTS.items(), 1):
        connection.execute("INSERT INTO segment VALUES (?, ?)", (name, written))
        for signal in sorted({r[2] for r in rows}):
            mine = [r for r in rows if r[2] == signal]
            connection.execute(
                "INSERT INTO segment_signal VALUES (?, ?, ?, ?, ?, ?)",
                (name, signal, mine[0][0], mine[0][1], mine[0][3], mine[-1][4]),
            )
        columns = [list(c) for c in zip(*rows, strict=True)]
        table = pa.table(
            {
                "type": columns[0],
                "code": columns[1],
                "signal": pa.array(columns[2], pa.int32()),
                "begin_s": pa.array(columns[3], pa.int64()),
                "end_s": pa.array(columns[4], pa.int64()),
                "units": pa.array(columns[5], pa.int64()),
                "quality": ["unknown" if u is None else "known" for u in columns[5]],
            }
        )
        pq.write_table(table, tmp_path / "segments" / f"{name}.parquet", row_group_size=2)
    connection.close()
    return tmp_path


SERIES = {
    "begin": T0,
    "end": T0 + 1,
    "times": [T0],
    "units": [4],
    "baseline": [4],
    "unknown": [],
    "lanes": [],
}


def incident(id: str, revision: int, status: str) -> dict[str, Any]:
    return {
        "schema": "nightside.incident/1",
        "id": id,
        "revision": revision,
        "entity": {"type": "country", "code": "KP", "name": "North Korea"},
        "status": status,
        "networks": [{"prefix": "175.45.176.0/24"}],
        "operators": [],
        "settings": {},
        "provenance": {"inputs": [{"name": "a", "sha256": "b"}], "note": "kept"},
    }


def points(store: EmbeddedStore, code: str) -> list[tuple[int, int | None]]:
    rows = store.samples("country", code, 0, T0 + 3600).to_pylist()
    assert all(row["baseline"] is None for row in rows)
    return [(int(row["time"].timestamp()) - T0, row["units"]) for row in rows]


def test_all_is_there_and_what_is_new_is_filled_in(old: Path) -> None:
    for _ in range(2):
        with EmbeddedStore(old) as store:
            assert [i["id"] for i in store.incidents()] == ["KP-20141221T0310Z"]
            assert store.incident("KP-20141221T0510Z") == {
                **incident("KP-20141221T0510Z", 1, "closed"),
                "reports": [],
                "acknowledgements": [],
            }
            assert store.revisions("KP-20141221T0310Z") == [1, 2]
            assert store.revision("KP-20141221T0310Z", 1) == {
                **incident("KP-20141221T0310Z", 1, "restored"),
                "reports": [],
                "acknowledgements": [],
            }
            assert [i["provenance"] for i in store.incidents(status="restored", summaries=True)] == [
                {"note": "kept"}
            ]
            series = store.series("KP-20141221T0510Z")
            assert series is not None
            assert series.begin == T0
            assert store.messages("KP-20141221T0310Z") == []
            assert points(store, "KP") == [(0, 4), (600, 0), (1200, 4), (3000, None)]
            assert points(store, "SY") == [(0, 84)]
            assert store.entities() == [
                EntityState("country", "KP", "North Korea", T0, T0 + 3600, None, None, "unknown"),
                # Nobody told version 1 the name of who had no incident.
                EntityState("country", "SY", "SY", T0, T0 + 3600, 84, None, "known"),
            ]
            # 03:10 to 04:00 is 2400 s of 4 and 600 s of 0, and ten minutes are not stored.
            (first, second) = store.rollup("country", "KP", 0, T0 + DAY).to_pylist()
            assert (first["lowest"], first["highest"], first["mean"], first["unknown_s"]) == (0, 4, 3.2, 600)
            assert (second["lowest"], second["unknown_s"]) == (None, 3600)


DAY = 86400


def test_what_is_put_later_goes_on_from_there(old: Path) -> None:
    from nightside.model.entity import Entity

    with EmbeddedStore(old) as store:
        before = store.last_change()
        kp = Entity("country", "KP", "North Korea")
        store.put_samples([Signal(kp, [T0 + 3600], [3], T0 + 7200)], {kp: [(T0, 4)]})
        assert [c.kind for c in store.changes(before, 9)] == ["samples"]
        assert store.entities("country")[0].units == 3
        hours = store.rollup("country", "KP", T0, T0 + DAY).to_pylist()
        assert [(h["lowest"], h["baseline"], h["unknown_s"]) for h in hours] == [
            (0, None, 600),
            (3, 4, 600),
            (3, 4, 3000),
        ]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more")])
def test_a_damaged_segment_does_not_take_the_rest_with_it(
    old: Path, damage: Callable[[Path], object]
) -> None:
    damage(old / "segments" / f"{SECOND}.parquet")
    with EmbeddedStore(old) as store:
        assert len(list(store.incidents())) == 1
        assert points(store, "SY") == [(0, 84)]
        with pytest.raises(NightsideError, match="samples cannot be read"):
            points(store, "KP")


def test_an_upgrade_that_fails_leaves_the_old_store(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "register", fails)
        with pytest.raises(RuntimeError):
            EmbeddedStore(old)
    with sqlite3.connect(old / "nightside.sqlite") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM segment_signal").fetchone() == (3,)
    connection.close()
    test_all_is_there_and_what_is_new_is_filled_in(old)


def test_to_be_read_only_it_must_be_up_to_date(old: Path) -> None:
    before = (old / "nightside.sqlite").read_bytes()
    with pytest.raises(NightsideError, match="older") as caught:
        EmbeddedStore(old, read_only=True)
    assert "nightside incidents" in caught.value.advice
    assert (old / "nightside.sqlite").read_bytes() == before
    EmbeddedStore(old).close()
    with EmbeddedStore(old, read_only=True) as store:
        assert len(store.entities()) == 2


TO_5 = "DROP TABLE lease; DROP TABLE note; DROP INDEX piece_of_segment;"
TO_4 = f"{TO_5} DROP TABLE acknowledgement; ALTER TABLE token DROP COLUMN expires_s;"
TO_3 = f"{TO_5} DROP TABLE acknowledgement; DROP TABLE withdrawal; DROP TABLE report; DROP INDEX incident_merged;"


def test_version_5_gets_a_place_for_leases_and_notes(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([Signal(Entity("country", "KP", "North Korea"), [0], [4], 60)])
    connection = sqlite3.connect(tmp_path / "nightside.sqlite", isolation_level=None)
    connection.executescript(f"{TO_5} PRAGMA user_version = 5;")
    connection.close()
    with pytest.raises(NightsideError, match="older"):
        EmbeddedStore(tmp_path, read_only=True)
    with EmbeddedStore(tmp_path) as store:
        assert store.leases() == []
        assert store.notes() == {}
        assert store.take_lease("judge", "a", 9) is not None
        store.put_note("n", "kept")
    with EmbeddedStore(tmp_path) as store:
        assert [lease.holder for lease in store.leases()] == ["a"]
        assert store.note("n") == "kept"
        assert store.samples("country", "KP", 0, 60).num_rows == 1


def test_version_4_gets_a_place_for_acknowledgements_and_keeps_its_tokens(tmp_path: Path) -> None:
    token = Token("checks", "tokyo-1", b"\x01" * 32, 7)
    with EmbeddedStore(tmp_path) as store:
        store.put_token(token)
    connection = sqlite3.connect(tmp_path / "nightside.sqlite", isolation_level=None)
    connection.executescript(f"{TO_4} PRAGMA user_version = 4;")
    connection.close()
    with pytest.raises(NightsideError, match="older"):
        EmbeddedStore(tmp_path, read_only=True)
    for _ in range(2):
        with EmbeddedStore(tmp_path) as store:
            assert store.acknowledgements("KP-20141221T0310Z") == []
            assert store.tokens() == [token]


def test_version_3_gets_a_place_for_reports(tmp_path: Path) -> None:
    EmbeddedStore(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "nightside.sqlite", isolation_level=None)
    connection.executescript(f"{TO_3} PRAGMA user_version = 3;")
    connection.close()
    with pytest.raises(NightsideError, match="older"):
        EmbeddedStore(tmp_path, read_only=True)
    for _ in range(2):
        with EmbeddedStore(tmp_path) as store:
            assert store.reports("KP-20141221T0310Z") == []


def test_version_2_gets_a_place_for_results(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        store.put_samples([Signal(Entity("country", "KP", "North Korea"), [0], [4], 60)])
    connection = sqlite3.connect(tmp_path / "nightside.sqlite", isolation_level=None)
    connection.executescript(
        f"DROP TABLE result; DROP TABLE result_segment; DROP TABLE token; {TO_3} PRAGMA user_version = 2;"
    )
    connection.close()
    with pytest.raises(NightsideError, match="older"):
        EmbeddedStore(tmp_path, read_only=True)
    for new in (1, 0):
        with EmbeddedStore(tmp_path) as store:
            assert store.put_results([CHECKED]) == new
            assert store.results("KP", 0, 9).num_rows == 1
            assert store.tokens("checks") == []
            assert store.samples("country", "KP", 0, 60).num_rows == 1
