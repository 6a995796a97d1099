"""The spool: what is kept comes out once and in order, whatever ends the program in between."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from check_results import result

from nightside.engine.checks.spool import Spool
from nightside.model.check_reading import read_result
from nightside.model.errors import NightsideError, UsageError

NOW = 1_795_345_200


@pytest.fixture
def said() -> list[str]:
    return []


def opened(folder: Path, said: list[str], **other: Any) -> Spool:
    return Spool(folder / "spool", warn=said.append, **other)


def numbered(first: int, count: int) -> list[Any]:
    return [result(NOW + i, target=f"t{i}") for i in range(first, first + count)]


def targets(body: bytes) -> list[int]:
    return [int(json.loads(line)["target"][1:]) for line in body.splitlines()]


def emptied(spool: Spool, most_lines: int = 10) -> list[int]:
    found: list[int] = []
    while (batch := spool.batch(most_lines, 1 << 20)) is not None:
        assert batch.count == len(batch.body.splitlines()) <= most_lines
        found += targets(batch.body)
        spool.done(batch)
    return found


def test_what_is_kept_comes_out_once_and_in_order(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said, segment_bytes=4_000)
    spool.keep(numbered(0, 25))
    spool.keep([])
    spool.keep(numbered(25, 20))
    assert spool.waiting() == 45
    assert len(list((tmp_path / "spool").glob("*.ndjson"))) > 3
    assert emptied(spool) == list(range(45))
    assert (spool.waiting(), spool.batch(1, 1)) == (0, None)
    spool.keep(numbered(45, 1))
    assert emptied(spool) == [45]
    assert said == []


def test_what_was_not_done_comes_again(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said)
    spool.keep(numbered(0, 5))
    first = spool.batch(2, 1 << 20)
    assert first is not None
    assert spool.batch(2, 1 << 20) == first
    spool.done(first)
    assert emptied(spool) == [2, 3, 4]


def test_bytes_bound_a_batch_but_one_line_always_goes(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said)
    spool.keep(numbered(0, 10))
    one = spool.batch(10, 1)
    assert one is not None
    assert one.count == 1
    some = spool.batch(10, 3 * len(one.body) + 5)
    assert some is not None
    assert some.count == 3


def test_it_goes_on_where_it_was(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said, segment_bytes=4_000)
    spool.keep(numbered(0, 30))
    for _ in range(2):
        batch = spool.batch(7, 1 << 20)
        assert batch is not None
        spool.done(batch)
    left = spool.waiting()
    spool.close()
    again = opened(tmp_path, said)
    assert again.waiting() == left
    again.keep(numbered(30, 3))
    assert emptied(again) == list(range(33 - left - 3, 33))


def test_half_a_line_is_cut_off_and_told(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said)
    spool.keep(numbered(0, 3))
    spool.close()
    (segment,) = (tmp_path / "spool").glob("*.ndjson")
    segment.write_bytes(segment.read_bytes()[:-20])
    again = opened(tmp_path, said)
    again.keep(numbered(3, 1))
    assert emptied(again) == [0, 1, 3]
    assert len(said) == 1
    assert "half written" in said[0]


@pytest.mark.parametrize("position", ["", "x y", "1", "1 999999", "7 3", "-1 -1", "1 -5"])
def test_a_position_that_makes_no_sense_sends_again_and_loses_nothing(
    tmp_path: Path, said: list[str], position: str
) -> None:
    spool = opened(tmp_path, said)
    spool.keep(numbered(0, 4))
    batch = spool.batch(2, 1 << 20)
    assert batch is not None
    spool.done(batch)
    spool.close()
    (tmp_path / "spool" / "handed-in").write_text(position)
    assert emptied(opened(tmp_path, said)) == [0, 1, 2, 3]


def test_beyond_its_bound_the_oldest_go_and_are_counted(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said, segment_bytes=4_000, most_bytes=20_000)
    spool.keep(numbered(0, 5))
    batch = spool.batch(5, 1 << 20)
    assert batch is not None
    spool.done(batch)
    spool.keep(numbered(5, 195))
    assert sum(one.stat().st_size for one in (tmp_path / "spool").glob("*.ndjson")) <= 20_000
    left = emptied(spool)
    assert left == list(range(200 - len(left), 200))
    lost = [int(words.partition("the oldest ")[2].partition(" ")[0]) for words in said]
    # The first five were handed in: these are not lost.
    assert sum(lost) == 195 - len(left)


def test_what_is_too_old_goes(tmp_path: Path, said: list[str]) -> None:
    clock = [time.time()]
    spool = opened(tmp_path, said, segment_bytes=4_000, now=lambda: clock[0])
    spool.keep(numbered(0, 12))
    old = sorted((tmp_path / "spool").glob("*.ndjson"))[0]
    count = len(old.read_bytes().splitlines())
    os.utime(old, (clock[0] - 7 * 86_400 - 5,) * 2)
    assert emptied(spool) == list(range(count, 12))
    assert len(said) == 1
    assert f"the oldest {count} results are lost" in said[0]
    assert "7 days" in said[0]


def test_what_is_removed_under_a_batch_is_no_matter(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said, segment_bytes=4_000, most_bytes=20_000)
    spool.keep(numbered(0, 5))
    batch = spool.batch(5, 1 << 20)
    assert batch is not None
    spool.keep(numbered(5, 195))
    spool.done(batch)
    left = emptied(spool)
    assert left == list(range(200 - len(left), 200))


def test_two_agents_do_not_share_it(tmp_path: Path, said: list[str]) -> None:
    first = opened(tmp_path, said)
    with pytest.raises(UsageError, match="another agent"):
        opened(tmp_path, said)
    first.close()
    opened(tmp_path, said).close()


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(NightsideError, match="cannot be kept"):
        opened(tmp_path, said)


def test_what_a_server_would_refuse_is_cut_before(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said)
    odd = "\ud800 " + "ㄱ" * 300
    spool.keep(
        [result(NOW, detail=odd, facts={"page": "x" * 5_000}), result(NOW, target="t1", facts={"page": odd})]
    )
    batch = spool.batch(9, 1 << 20)
    assert batch is not None
    first, second = (read_result(json.loads(line)) for line in batch.body.splitlines())
    assert (first.detail, first.facts) == ("? " + "ㄱ" * 198, {"left_out_bytes": len('{"page": ""}') + 5_000})
    assert second.facts == {"page": "? " + "ㄱ" * 300}


def test_what_is_no_json_is_refused_and_nothing_of_it_written(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said)
    for facts in ({"a": float("nan")}, {"a": object()}):
        with pytest.raises(UsageError, match="no plain JSON"):
            spool.keep([result(NOW), result(NOW, facts=facts)])
    assert spool.waiting() == 0


def test_nobody_else_can_read_it(tmp_path: Path, said: list[str]) -> None:
    spool = opened(tmp_path, said)
    spool.keep(numbered(0, 1))
    modes = {one.stat().st_mode & 0o077 for one in [tmp_path / "spool", *(tmp_path / "spool").iterdir()]}
    assert modes == {0}


def test_a_full_disk_is_told_and_nothing_is_half_there(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(tmp_path, said)
    spool.keep(numbered(0, 2))
    real, room = os.write, [1_000]

    def full(file: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        part = data[: room[0]]
        room[0] -= len(part)
        return real(file, part)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NightsideError, match="No space left"):
        spool.keep(numbered(2, 5))
    monkeypatch.setattr(os, "write", real)
    # Whoever keeps gives all of them again.
    spool.keep(numbered(2, 5))
    out = emptied(spool)
    assert sorted(set(out)) == list(range(7))
    assert said == []


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from check_results import result
from nightside.engine.checks.spool import Spool
spool = Spool(Path(sys.argv[1]), warn=lambda text: None, segment_bytes=8_000)
number = int(sys.argv[2])
while True:
    spool.keep([result(1_795_345_200 + number + i, target=f"t{number + i}", detail="d" * 150) for i in range(7)])
    number += 7
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    batch = spool.batch(3, 1 << 20)
    if number % 2 and batch is not None:
        sys.stdout.buffer.write(b"OUT " + batch.body.replace(b"\\n", b"\\x00") + b"\\n")
        sys.stdout.flush()
        spool.done(batch)
"""


def test_killed_at_any_moment_it_loses_nothing_that_was_kept(tmp_path: Path, said: list[str]) -> None:
    chance = random.Random(11)
    support = str(Path(__file__).resolve().parents[2] / "support")
    kept, out = 0, set()
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "spool"), str(kept), support],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        heard = [process.stdout.readline()]
        time.sleep(chance.uniform(0.0, 0.1))
        process.send_signal(signal.SIGKILL)
        heard += process.stdout.readlines()
        process.stdout.close()
        process.wait(20)
        for told in heard:
            if told.startswith(b"OUT ") and told.endswith(b"\n"):
                out |= set(targets(told[4:-1].replace(b"\0", b"\n")))
            elif told.strip().isdigit() and told.endswith(b"\n"):
                kept = max(kept, int(told))
    assert kept >= 6 * 7
    spool = Spool(tmp_path / "spool", warn=said.append)
    # The last lines may have been written without the word having got out.
    assert set(range(kept)) <= out | set(emptied(spool, 1_000))
