"""Units read by other processes: the same parts, the same words, and a clear end whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from several_collectors import NAMES, write

from nightside.engine import unit_processes
from nightside.engine.collect import collect
from nightside.engine.unit_processes import WORTH_BYTES, read_units
from nightside.engine.units import Unit, units_of
from nightside.model.errors import InputError, NightsideError
from nightside.model.settings import Settings
from nightside.sources.layout import find_inputs
from nightside.world.snapshot import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "archive", 3)
    return tmp_path / "archive"


def units(*inputs: Path) -> list[Unit]:
    return units_of(find_inputs(inputs), Settings(), begin=None, end=None, keeps_table=False)


def children() -> list[int]:
    """Processes below this one that read units."""
    done = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "executors.process"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(pid) for pid in done.stdout.split()]


def gathered(processes: int, *inputs: Path) -> tuple[list[str], int]:
    """The warnings, and how many bytes were told of."""
    warnings: list[str] = []
    told: list[int] = []
    collect(
        find_inputs(inputs),
        load(),
        Settings(),
        begin=None,
        end=None,
        warn=warnings.append,
        advance=told.append,
        processes=processes,
    )
    return warnings, sum(told)


def test_the_same_warnings_in_the_same_order_and_every_byte_told(folder: Path) -> None:
    for name in NAMES:
        files = sorted((folder / name).rglob("updates*"))
        files[3].write_bytes(b"no MRT at all, and long enough to be seen as such")
        files[7].write_bytes(files[7].read_bytes()[:-12])
    here, bytes_here = gathered(1, folder)
    apart, bytes_apart = gathered(3, folder)
    assert apart == here
    assert [sum(f"/{name}/" in text for text in here) for name in NAMES] == [2, 2, 2]
    # Of a file that is no MRT the first piece shows it; the rest is read from both alike.
    assert bytes_apart == bytes_here
    assert children() == []


def test_nothing_of_use_is_the_same_error(folder: Path) -> None:
    for path in folder.rglob("*.gz"):
        path.write_bytes(b"")
    said = []
    for processes in (1, 2):
        with pytest.raises(InputError) as caught:
            gathered(processes, folder)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "holds MRT records" in said[0]


def test_processes_that_are_killed_each_time_are_an_error_that_names_the_collector(folder: Path) -> None:
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.02):
            for pid in children():
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(
            NightsideError, match=r"rrc0\d: each process that did it was ended by SIGKILL\n.*processes"
        ):
            list(read_units(units(folder), load(), lambda _read: None, 2))
    finally:
        stop.set()
        killer.join()
    assert children() == []


def test_a_process_that_is_killed_takes_no_unit_with_it(folder: Path) -> None:
    told: list[int] = []

    def kill_once(read: int) -> None:
        if not told:
            os.kill(children()[0], signal.SIGKILL)
        told.append(read)

    ours = units(folder)
    parts = list(read_units(ours, load(), kill_once, 2))
    assert [part.unit.collector for part in parts] == [unit.collector for unit in ours]
    # What was read twice is told once.
    assert sum(told) == sum(file.path.stat().st_size for unit in ours for file in unit.files)
    assert children() == []


def test_an_interrupt_leaves_no_process(folder: Path) -> None:
    def interrupt(_read: int) -> None:
        assert len(children()) == 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_units(units(folder), load(), interrupt, 2))
    assert children() == []


def test_an_error_there_is_one_here(folder: Path, capfd: Any) -> None:
    ours = units(folder)
    odd = replace(ours[1].files[0], cadence_s="five minutes")
    ours[1] = replace(ours[1], files=(odd,))
    with pytest.raises(NightsideError, match=r"^rrc01: TypeError: "):
        list(read_units(ours, load(), lambda _read: None, 3))
    # Where it came from is told too.
    assert "Traceback" in capfd.readouterr().err
    assert children() == []


def test_a_pipe_of_ours_is_read_here(folder: Path, tmp_path: Path) -> None:
    table = next((folder / "rrc03").rglob("bview*"))
    pipe = tmp_path / "rrc03" / "2014.12" / table.name
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    threading.Thread(target=lambda: pipe.write_bytes(table.read_bytes()), daemon=True).start()
    ours = units(folder / "rrc00", folder / "rrc01", pipe)
    parts = list(read_units(ours, load(), lambda _read: _nobody(), 3))
    assert [part.elements for part in parts][2] == 5 * 6


def _nobody() -> None:
    assert children() == []


@pytest.mark.parametrize(
    ("sizes", "processes", "number"),
    [
        ([WORTH_BYTES, WORTH_BYTES], None, 2),
        ([WORTH_BYTES, WORTH_BYTES - 1], None, 1),
        ([100 * WORTH_BYTES, WORTH_BYTES // 2, WORTH_BYTES // 2], None, 3),
        ([100 * WORTH_BYTES, 5], None, 1),
        ([WORTH_BYTES] * 9, None, 4),
        ([5, 5], 2, 2),
        ([5, 5], 9, 2),
        ([WORTH_BYTES] * 3, 1, 1),
        ([WORTH_BYTES], 4, 1),
    ],
)
def test_how_many(
    sizes: list[int], processes: int | None, number: int, monkeypatch: Any, tmp_path: Path
) -> None:
    ours = []
    for place, size in enumerate(sizes):
        path = tmp_path / f"rrc{place:02}" / "2014.12" / "bview.20141222.0000.gz"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            file.truncate(size)
        ours += units(path)
    monkeypatch.setattr(unit_processes, "cores", lambda: 4)
    assert unit_processes._how_many(ours, processes) == number
