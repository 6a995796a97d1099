"""The cache: a size that holds, the longest unused first, nothing that anybody uses."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nightside.model.errors import NightsideError
from nightside.sources.cache import archive_folder, lease, lease_aside
from nightside.sources.download import note_of, part_of

Put = Callable[..., Path]

HOLD = """
import sys
from pathlib import Path
from nightside.sources.cache import lease
folder = Path(sys.argv[1])
with lease(folder, 1) as run:
    run.hold([folder / name for name in sys.argv[2:]])
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def put(folder: Path) -> Put:
    """Writes a file of so many bytes, used last at a time."""

    def put(name: str, size: int, used: int) -> Path:
        path = folder / "ris@host" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (used, used))
        return path

    return put


def names(folder: Path) -> set[str]:
    return {p.name for p in (folder / "ris@host").rglob("*") if p.is_file()}


def test_the_longest_unused_go_first_and_no_more_than_needed(folder: Path, put: Put) -> None:
    for n in range(5):
        put(f"rrc00/file{n}", 100, used=1000 + n)
    with lease(folder, 500) as run:
        assert run.make_room(0) == 0
        assert len(names(folder)) == 5
        assert run.make_room(150) == 0
        assert names(folder) == {"file2", "file3", "file4"}


def test_use_makes_young_and_safe(folder: Path, put: Put) -> None:
    old, middle, young = put("a", 100, 1000), put("b", 100, 2000), put("c", 100, 3000)
    with lease(folder, 200) as run:
        run.hold([old])
        run.make_room(0)
        assert not middle.exists()
        assert old.exists()
        # Everything else may go, and still it does not fit.
        assert run.make_room(200) == 100
        assert not young.exists()
        assert old.exists()
    with lease(folder, 200) as run:
        assert run.make_room(200) == 0
        assert not old.exists()


def test_unfinished_files_count_and_go_unless_they_are_under_way(folder: Path, put: Put) -> None:
    wanted = folder / "ris@host" / "wanted"
    other = folder / "ris@host" / "other"
    for path in (wanted, other):
        put(part_of(path).name, 100, 1000)
        put(note_of(path).name, 10, 1000)
    with lease(folder, 150) as run:
        run.hold([wanted])
        assert run.make_room(0) == 0
        assert names(folder) == {part_of(wanted).name, note_of(wanted).name}


def test_a_file_that_another_program_uses_stays(folder: Path, put: Put) -> None:
    used, free = put("used", 100, 1000), put("free", 100, 2000)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), "ris@host/used"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with lease(folder, 10) as run:
            assert run.make_room(0) == 90
        assert used.exists()
        assert not free.exists()
        # A program that is killed uses nothing any more.
        other.kill()
        other.wait(10)
        with lease(folder, 10) as run:
            assert run.make_room(0) == 0
        assert not used.exists()
        assert list((folder / "in-use").iterdir()) == []
    finally:
        other.kill()
        other.communicate()


def test_what_is_damaged_is_not_kept(folder: Path, put: Put) -> None:
    path = put("damaged", 100, 1000)
    with lease(folder, 1000) as run:
        run.use_once(path)
        assert path.exists()
    assert not path.exists()


def test_what_is_damaged_goes_with_the_last_who_uses_it(folder: Path, put: Put) -> None:
    path = put("damaged", 100, 1000)
    with lease(folder, 1000) as second:
        with lease(folder, 1000) as first:
            first.hold([path])
            first.use_once(path)
            second.hold([path])
            assert (first.is_shared(), second.is_shared()) == (True, True)
        assert path.exists()
        assert not second.is_shared()
    assert not path.exists()


def test_what_another_has_made_room_for_counts_before_it_comes(folder: Path, put: Put) -> None:
    with lease(folder, 1000) as first, lease(folder, 1000) as second:
        first.hold([folder / "ris@host" / "a", folder / "ris@host" / "b"])
        assert first.make_room(700) == 0
        assert second.make_room(400) == 100
        put("a", 500, 1000)
        # 500 are here, and 200 are still to come.
        assert second.make_room(400) == 100
        assert second.make_room(300) == 0
        # Room for both is made, and nobody gets more.
        assert first.make_room(201) == 1


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(NightsideError, match="cannot be used as the cache") as caught,
        lease(tmp_path / "file", 1),
    ):
        pass
    assert "NIGHTSIDE_CACHE" in caught.value.advice


def test_a_folder_that_cannot_be_used_any_more_is_said_too(folder: Path) -> None:
    with lease(folder, 1) as run:
        shutil.rmtree(folder)
        with pytest.raises(NightsideError, match="cannot be used as the cache: No such file"):
            run.hold([folder / "ris@host" / "a"])
        with pytest.raises(NightsideError, match="cannot be used as the cache: No such file"):
            run.make_room(1)


def test_who_waits_aside_for_another_program_does_not_stand_still(folder: Path) -> None:
    folder.mkdir()
    turns = 0

    async def main() -> None:
        nonlocal turns
        with (folder / "lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            waiting = asyncio.create_task(taken())
            while turns < 5:
                await asyncio.sleep(0.01)
                turns += 1
            assert not waiting.done()
            assert list((folder / "in-use").iterdir()) == []
        await asyncio.wait_for(waiting, 20)
        assert list((folder / "in-use").iterdir()) == []

    async def taken() -> None:
        async with lease_aside(folder, 1):
            assert len(list((folder / "in-use").iterdir())) == 1

    asyncio.run(main())
    assert turns == 5


def test_an_archive_in_the_place_of_another_has_a_folder_of_its_own() -> None:
    public = archive_folder("ris", "https://data.ris.ripe.net", public=True)
    assert public == "ris@data.ris.ripe.net"
    others = {
        archive_folder("ris", url, public=False) for url in ("http://a:1", "http://a:2", "http://a:1/x")
    }
    assert len(others | {public}) == 4
