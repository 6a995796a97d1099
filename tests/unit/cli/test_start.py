"""What a call imports, and that a call which skips the reading of options means the same as one that does not."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

DOOR = "from nightside.cli.main import main; main()"
SESSION = struct.pack("!IIHH", 65001, 12654, 0, 1) + b"\xc0\0\2\1" + b"\xc0\0\2\xfe"
STATE = struct.pack("!IHHI", 1419264900, 16, 5, len(SESSION) + 4) + SESSION + struct.pack("!HH", 6, 1)


def run(folder: Path, *words: str, script: str = DOOR) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-c", script, *words]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "updates.20141222.1615").write_bytes(STATE * 3 + STATE[:-1])
    (tmp_path / "notes.txt").write_bytes(b"some text and no routing data\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("updates.20141222.1615", ()),
        ("updates.20141222.1615", ("--summary",)),
        ("notes.txt", ()),
        ("nothing", ()),
    ],
)
def test_the_short_way_says_what_the_long_one_says(folder: Path, name: str, options: tuple[str, ...]) -> None:
    short = run(folder, "elements", *options, name)
    turned = run(folder, "elements", name, *options)  # options may follow
    long = run(folder, "elements", *options, "--", name)  # the short way knows no such word
    assert (short.returncode, short.stdout, short.stderr) == (long.returncode, long.stdout, long.stderr)
    assert (turned.returncode, turned.stdout, turned.stderr) == (long.returncode, long.stdout, long.stderr)


@pytest.mark.parametrize("words", [("elements",), ("elements", "--summary"), ("elements", "--sumary", "x")])
def test_wrong_usage_is_still_told(folder: Path, words: tuple[str, ...]) -> None:
    done = run(folder, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: " in done.stderr


def test_only_the_command_that_is_asked_for_is_imported(folder: Path) -> None:
    script = (
        "import json, sys\nfrom nightside.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(n for n in sys.modules if n.startswith('nightside.cli.'))))"
    )
    done = run(folder, "doctor", "--help", script=script)
    imported = json.loads(done.stdout.splitlines()[-1])
    assert "nightside.cli.doctor" in imported
    assert {"nightside.cli.serve", "nightside.cli.replay", "nightside.cli.elements"}.isdisjoint(imported)
    done = run(folder, "--version", script=script)
    assert json.loads(done.stdout.splitlines()[-1]) == ["nightside.cli.commands", "nightside.cli.main"]
