"""`nightside elements`: outputs, messages and exit codes, through the command line's own door."""

from __future__ import annotations

import io
import json
import os
import pty
import struct
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

TIME = 1419264900
SESSION = struct.pack("!IIHH", 65001, 12654, 0, 1) + b"\xc0\0\2\1" + b"\xc0\0\2\xfe"
BLOCK = b"\x40\x01\x01\x00" + b"\x40\x02\x0a\x02\x02" + struct.pack("!II", 65001, 4837)
NLRI = b"\x18\xaf\x2d\xb0" + b"\x18\xaf\x2d\xb1"
COMMAND = [sys.executable, "-c", "from nightside.cli.main import main; main()", "elements"]


def record(kind: int, subtype: int, body: bytes) -> bytes:
    return struct.pack("!IHHI", TIME, kind, subtype, len(body)) + body


STATE = record(16, 5, SESSION + struct.pack("!HH", 6, 1))
MESSAGE = struct.pack("!HH", 0, len(BLOCK)) + BLOCK + NLRI
UPDATE = record(16, 4, SESSION + b"\xff" * 16 + struct.pack("!HB", 19 + len(MESSAGE), 2) + MESSAGE)
OLD = record(9, 1, b"old")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "rrc00.updates.20141222.1615.gz"
    path.write_bytes(STATE + OLD + UPDATE + OLD)
    return path


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"some text and no routing data\n")
    return path


def elements(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, check=False)


def test_lines(good: Path) -> None:
    done = elements(good)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [
        "BGP4MP|1419264900|STATE|192.0.2.1|65001|6|1",
        "BGP4MP|1419264900|A|192.0.2.1|65001|175.45.176.0/24|65001 4837|IGP|255.255.255.255|0|0||NAG||",
        "BGP4MP|1419264900|A|192.0.2.1|65001|175.45.177.0/24|65001 4837|IGP|255.255.255.255|0|0||NAG||",
    ]
    warning = f"nightside: warning: {good}: byte {len(STATE)}: MRT type 9 is not read (2 records)"
    assert done.stderr.decode().splitlines() == [warning]


def test_summary(good: Path) -> None:
    done = elements("--summary", good)
    assert json.loads(done.stdout) == {
        "records": 4,
        "announcements": 2,
        "withdrawals": 0,
        "states": 1,
        "routes": 0,
        "peers": 1,
        "prefixes": 2,
        "origins": 1,
        "skipped": [
            {"file": good.name, "offset": len(STATE), "reason": "MRT type 9 is not read", "count": 2}
        ],
    }


def test_ndjson_and_parquet_say_the_same(good: Path) -> None:
    lines = elements("--format", "ndjson", good).stdout.decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[0] == {
        "time": "2014-12-22T16:15:00.000000Z",
        "kind": "state",
        "collector": "rrc00",
        "peer_address": "192.0.2.1",
        "peer_asn": 65001,
        "family": None,
        "prefix": None,
        "origin": None,
        "upstream": None,
        "path": None,
        "old_state": 6,
        "new_state": 1,
        "file": good.name,
        "offset": 0,
        "path_id": None,
        "local": False,
    }
    assert (rows[2]["prefix"], rows[2]["path"], rows[2]["origin"]) == ("175.45.177.0/24", [65001, 4837], 4837)
    table = pq.read_table(io.BytesIO(elements("--format", "parquet", good).stdout)).to_pylist()
    for row in table:
        row["time"] = row["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert table == rows


def test_not_mrt_alone(text: Path) -> None:
    done = elements(text)
    assert (done.returncode, done.stdout) == (3, b"")
    assert f"{text}: byte 0: not an MRT file" in done.stderr.decode()


def test_not_mrt_among_others(good: Path, text: Path) -> None:
    done = elements("--summary", text, good)
    assert done.returncode == 0
    assert f"{text}: byte 0: not an MRT file" in done.stderr.decode()
    assert json.loads(done.stdout)["announcements"] == 2


def test_nothing_usable(text: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes(text.read_bytes())
    done = elements("--summary", text, other)
    assert (done.returncode, done.stdout) == (3, b"")


def test_missing_file(tmp_path: Path) -> None:
    done = elements(tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (3, b"")
    assert f"{tmp_path / 'nothing'}: cannot be read: No such file" in done.stderr.decode()


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = elements(tmp_path / "empty")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_truncated_file_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "cut.mrt"
    path.write_bytes(STATE + UPDATE[:-1])
    done = elements(path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert f"{path}: byte {len(STATE)}: the file ends inside a record" in done.stderr.decode()


def test_folder_with_other_files_warns_once(good: Path, text: Path) -> None:
    done = elements("--summary", good.parent)
    warnings = [line for line in done.stderr.decode().splitlines() if "passed over" in line]
    assert (done.returncode, len(warnings)) == (0, 1)


def test_summary_and_format_exclude_each_other(good: Path) -> None:
    done = elements("--summary", "--format", "ndjson", good)
    assert (done.returncode, done.stdout) == (2, b"")


def test_no_parquet_on_a_terminal(good: Path) -> None:
    leader, follower = pty.openpty()
    done = subprocess.run(
        [*COMMAND, "--format", "parquet", str(good)], stdout=follower, stderr=subprocess.PIPE, check=False
    )
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert b"not for a terminal" in done.stderr
