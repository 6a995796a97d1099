"""One backfill at a time in a range: who comes second is told who is there; who died is followed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nightside.engine.backfill import lease as range_lease
from nightside.engine.backfill.lease import RangeTakenError, alone
from nightside.engine.backfill.plan import Asked
from nightside.model.errors import LeaseLostError
from nightside.model.instants import parse
from nightside.store.location import open_store

HELD = "backfill 2014-12-21T00:00:00Z 2014-12-24T00:00:00Z"


def asked(folder: Path, begin: str = "2014-12-21", end: str = "2014-12-24") -> Asked:
    return Asked(["rrc00"], parse(begin), parse(end), ["KP"], [], folder)


def test_another_of_an_overlapping_range_is_told_who_is_there(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, alone(store, asked(tmp_path)):
        (lease,) = store.leases("backfill ")
        assert lease.name == HELD
        # The days that are read before belong to a range: the last lies four days behind the end of the first.
        for begin, end in (
            ("2014-12-21", "2014-12-24"),
            ("2014-12-23", "2015-01-01"),
            ("2014-12-27", "2014-12-28"),
        ):
            with pytest.raises(RangeTakenError) as refused, alone(store, asked(tmp_path, begin, end)):
                pytest.fail("it may not begin")
            said = str(refused.value)
            assert "from 2014-12-21T00:00:00Z to 2014-12-24T00:00:00Z is under way" in said
            assert f"{socket.gethostname()}, process {os.getpid()}, since " in said
            assert " until 20" in said
        with alone(store, asked(tmp_path, "2014-12-28", "2014-12-30")):
            assert len(store.leases("backfill ")) == 2
    with open_store(tmp_path) as store:
        assert store.leases() == []
        with alone(store, asked(tmp_path)):
            pass


def test_of_many_at_once_one_begins(tmp_path: Path) -> None:
    came: list[str] = []
    all_here = threading.Barrier(5)

    def begin(number: int) -> None:
        all_here.wait(20)
        try:
            with alone(store, asked(tmp_path, "2014-12-21", f"2014-12-{22 + number}")):
                came.append("in")
                all_done.wait(20)
        except RangeTakenError:
            came.append("refused")

    all_done = threading.Event()
    with open_store(tmp_path) as store:
        threads = [threading.Thread(target=begin, args=(n,)) for n in range(5)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 30
        while len(came) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        all_done.set()
        for thread in threads:
            thread.join(20)
    assert sorted(came) == ["in"] + ["refused"] * 4


def test_who_was_killed_on_this_host_is_followed_at_once(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from nightside.engine.backfill.lease import alone\n"
        "from nightside.engine.backfill.plan import Asked\n"
        "from nightside.store.location import open_store\n"
        "folder = Path(sys.argv[1])\n"
        "with open_store(folder) as store, "
        "alone(store, Asked(['rrc00'], 1419120000, 1419379200, ['KP'], [], folder)):\n"
        "    print('in', flush=True); time.sleep(60)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        with open_store(tmp_path) as store:
            with pytest.raises(RangeTakenError, match=f"process {other.pid},"), alone(store, asked(tmp_path)):
                pytest.fail("it may not begin")
            other.kill()
            other.wait(20)
            with alone(store, asked(tmp_path)):
                assert [lease.name for lease in store.leases("backfill ")] == [HELD]
    finally:
        other.kill()
        other.wait(20)
        assert other.stdout is not None
        other.stdout.close()


def test_one_of_another_host_is_followed_when_its_time_is_over(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        assert store.take_lease(HELD, "elsewhere, process 1, since then", 1.0) is not None
        with pytest.raises(RangeTakenError, match="elsewhere, process 1"), alone(store, asked(tmp_path)):
            pytest.fail("it may not begin")
        time.sleep(1.1)
        with alone(store, asked(tmp_path)) as mine:
            mine.put_note("written", "by the second")


def test_another_host_of_the_same_name_is_another(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(20)
    holder = f"{socket.gethostname()}, process {ended.pid}, since then (0f1e2d-3c4b5a)"
    with open_store(tmp_path) as store:
        assert store.take_lease(HELD, holder, 60.0) is not None
        with pytest.raises(RangeTakenError, match=f"process {ended.pid},"), alone(store, asked(tmp_path)):
            pytest.fail("it may not begin")


def test_it_is_renewed_while_it_lasts_and_what_lost_it_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_lease, "LEASE_S", 0.4)
    with open_store(tmp_path) as store, alone(store, asked(tmp_path)) as mine:
        first = store.leases("backfill ")[0]
        time.sleep(1.0)
        (lease,) = store.leases("backfill ")
        assert (lease.holder, lease.number) == (first.holder, first.number)
        assert lease.until_s > first.until_s
        mine.put_note("written", "in time")
        assert store.release_lease(lease)
        assert store.take_lease(HELD, "elsewhere, process 1, since then", 60) is not None
        with pytest.raises(LeaseLostError):
            mine.put_note("written", "too late")
        assert store.note("written") == "in time"
