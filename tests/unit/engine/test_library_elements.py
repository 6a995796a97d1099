"""The loop and the batches of the library: the same elements, filtered alike, with communities as bgpdump has them."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import pyarrow.compute as pc
import pytest
from small_archive import KP, T0, Archive, full_table, stamp

import nightside
from nightside.scenes.mrt_writer import State

A, B = "192.0.2.1", "192.0.2.2"
LARGE = re.compile(r" ?\b\d+:\d+:\d+")
MOST = 40_000
"""Lines of a file that are compared: several pieces and batches."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two collectors with a table each and ten minutes."""
    folder = tmp_path_factory.mktemp("archive")
    for name in ("rrc00", "rrc01"):
        archive = Archive(folder, name)
        archive.table(T0, full_table())
        archive.withdraw(T0 + 10, A, *KP)
        archive.announce(T0 + 20, A, KP[0], "8.8.0.0/16", path=(100, 3356, 3356, 64500))
        archive.announce(T0 + 30, B, KP[1], path=(200,))
        archive.state(T0 + 310, B, State.ESTABLISHED, State.IDLE)
        archive.finish(T0 + 600)
    return folder


def test_the_loop_and_the_batches_are_the_same(folder: Path) -> None:
    rows = nightside.batches([folder], communities=True).read_all().to_pylist()
    loop = list(nightside.elements([folder], communities=True))
    assert len(rows) == len(loop) > 50
    for row, element in zip(rows, loop, strict=True):
        mine = element._asdict()
        assert datetime.fromtimestamp(mine.pop("time"), UTC) == row["time"]
        for name in ("path", "communities"):
            value = mine.pop(name)
            assert (None if value is None else list(value)) == row[name]
        assert mine == {name: row[name] for name in mine}


def test_an_element_in_words(folder: Path) -> None:
    said = list(nightside.elements([folder], collectors=["rrc01"], kinds=["announce", "state"]))
    nothing = {"communities": None, "old_state": None, "new_state": None, "path_id": None}
    first = nightside.Element(
        **{"kind": "announce", "time": T0 + 20.0, "collector": "rrc01", "peer_address": A, "peer_asn": 100},
        **{"prefix": KP[0], "origin": 64500, "upstream": 3356, "path": (100, 3356, 3356, 64500)},
        **nothing,  # type: ignore[arg-type]
    )
    assert said[0] == first
    assert said[1] == first._replace(prefix="8.8.0.0/16")
    assert (said[2].origin, said[2].upstream, said[2].path) == (200, None, (200,))
    assert (said[3].kind, said[3].prefix, said[3].path) == ("state", None, None)
    assert (said[3].old_state, said[3].new_state) == (6, 1)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ({"prefixes": ["175.45.176.0/22"], "match": "more", "kinds": ["withdraw"]}, 2 * 4),
        ({"prefixes": [KP[0]]}, 2 * (5 + 1 + 1)),
        ({"prefixes": ["8.8.8.8"], "match": "less", "kinds": ["announce"]}, 2),
        ({"peer_asns": [200], "begin": datetime(2014, 12, 22, 0, 0, 30), "collectors": ["rrc00"]}, 2),
        ({"origins": [64500]}, 4),
        ({"end": "2014-12-22T00:00:20Z", "kinds": ["announce"]}, 0),
        ({"begin": "2014-12-23"}, 0),
        ({"collectors": ["rrc99"]}, 0),
    ],
)
def test_what_is_asked_for_is_what_comes(folder: Path, words: Any, count: int) -> None:
    assert len(list(nightside.elements([folder], **words))) == count
    assert nightside.batches([folder], **words).read_all().num_rows == count


def test_files_of_another_time_are_not_opened(folder: Path, tmp_path: Path) -> None:
    broken = Archive(tmp_path, "rrc00")
    broken.withdraw(T0 + 10, A, KP[0])
    broken.finish(T0 + 300)
    (broken.folder / f"updates.{stamp(T0 + 86400)}.gz").write_bytes(b"no routing data")
    heard: list[str] = []
    assert len(list(nightside.elements([tmp_path], end="2014-12-22T01:00Z", warn=heard.append))) == 1
    assert heard == []
    assert len(list(nightside.elements([tmp_path], warn=heard.append))) == 1
    assert len(heard) == 1
    assert "updates.20141223.0000.gz" in heard[0]


def test_errors_come_at_once(tmp_path: Path) -> None:
    for call in (nightside.elements, nightside.batches):
        with pytest.raises(nightside.InputError, match="cannot be read"):
            call([tmp_path / "nothing"])
        with pytest.raises(nightside.InputError, match="no routing data given"):
            call([])
        with pytest.raises(nightside.InputError, match="inputs is one place"):
            call(str(tmp_path))
        with pytest.raises(nightside.UsageError, match="not a time"):
            call([tmp_path], begin="soon")


@pytest.mark.shared_data
@pytest.mark.skipif(not shutil.which("bgpdump"), reason="bgpdump is not installed")
@pytest.mark.parametrize(
    "name",
    [
        "updates.20100722.2015.gz",
        "rrc06.updates.20150401.0000.gz",
        "bview.64k_stream_overflow.gz",
        "rib.20140523.0600.first-MiB.bz2",
    ],
)
def test_communities_are_bgpdumps(shared_data: Path, name: str) -> None:
    """Of real files: more than 64 KiB in one block, and tables of many pieces and batches."""
    path = shared_data / "mrt" / name
    with subprocess.Popen(["bgpdump", "-m", str(path)], stdout=PIPE, stderr=DEVNULL, text=True) as running:
        assert running.stdout is not None
        lines = [line.split("|", 12) for line in islice(running.stdout, MOST)]
        running.kill()
    theirs = [fields[11] for fields in lines if fields[2] in "AB"]
    reader = nightside.batches([path], kinds=["announce", "route"], communities=True)
    ours: list[str] = []
    for batch in reader:
        column = batch["communities"]
        assert column.null_count == 0
        # Large communities, of three numbers, are none of this bgpdump's.
        ours += [LARGE.sub("", said) for said in pc.binary_join(column, " ").to_pylist()]
        if len(ours) >= MOST:
            break
    assert ours[: len(theirs)] == theirs
    assert len(theirs) >= min(MOST, len(ours))
    assert any(theirs)
