"""What a judge leaves to the next: what it knew, what came since, and what waits on its desk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from failing_files import failing_files

from nightside.engine.ingesters.desk import CopiedOutbox, Desk
from nightside.engine.ingesters.shared_state import SharedState
from nightside.engine.live.checkpoint import Checkpoint, DaemonFigures
from nightside.engine.live.journal import Entered, Told
from nightside.engine.live.watcher import Watcher
from nightside.model.channel import Channel
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles

pytestmark = pytest.mark.usefixtures("_own")
ENTRIES = [Entered(float(n), None) for n in range(9)]


@pytest.fixture
def _own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that judges make go with the test's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("own")))


def state(number: int) -> Checkpoint:
    """A state whose watcher is anything."""
    return Checkpoint(cast(Watcher, [number]), DaemonFigures(found=number), [], 7.5)


def judge(
    files: Files,
    generation: int,
    *,
    key: str = "KP",
    warn: Callable[[str], None] = lambda _text: None,
    is_mine: bool = True,
) -> SharedState:
    folder = Path(tempfile.mkdtemp())
    return SharedState(files, folder, generation, key, {}, warn, is_mine=lambda: is_mine)


def found(files: Files, generation: int, **more: Any) -> tuple[int, list[Entered | Told]] | None:
    after = judge(files, generation, **more)
    recovered = after.recover()
    if recovered is None:
        return None
    return recovered.state.figures.found, list(recovered.since)


def test_the_next_judge_knows_the_state_and_what_was_synced_since(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    assert found(files, 1) is None
    first = judge(files, 1)
    first.begin(state(1))()
    assert first.is_kept
    assert first.state_bytes > 0
    for entry in (ENTRIES[0], Told(1)):
        first.append(entry)
    first.sync()
    first.append(ENTRIES[1])
    first.sync()
    first.append(ENTRIES[2])
    assert first.journal_bytes > 0
    # What was not synced is in the relays still.
    assert found(files, 2) == (1, [ENTRIES[0], Told(1), ENTRIES[1]])


def test_a_state_that_never_became_whole_costs_nothing(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    first = judge(files, 1)
    first.begin(state(1))()
    first.append(ENTRIES[0])
    first.begin(state(2))
    first.append(ENTRIES[1])
    first.sync()
    assert found(files, 2) == (1, ENTRIES[:2])
    finish = first.begin(state(3))
    first.append(ENTRIES[2])
    finish()
    first.sync()
    assert found(files, 2) == (3, [ENTRIES[2]])
    assert not [name for name in files.names() if name < "000000001-000000003"]


def test_what_one_writes_that_was_only_asleep_is_read_by_nobody(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    asleep = judge(files, 1, is_mine=False)
    asleep.begin(state(1))()
    asleep.append(ENTRIES[0])
    asleep.sync()
    awake = judge(files, 2)
    recovered = awake.recover()
    assert recovered is not None
    awake.begin(state(2))()
    asleep.append(ENTRIES[1])
    asleep.begin(state(9))()
    asleep.sync()
    awake.append(ENTRIES[2])
    awake.sync()
    assert found(files, 3) == (2, [ENTRIES[2]])
    # Nor does it delete what others have.
    third = judge(files, 3)
    third.begin(state(3))()
    asleep.begin(state(10))()
    assert found(files, 4) == (3, [])


def test_a_damaged_piece_ends_the_journal_and_a_damaged_state_is_passed_over(tmp_path: Path) -> None:
    files, warned = LocalFiles(tmp_path), list[str]()
    first = judge(files, 1)
    first.begin(state(1))()
    for entry in ENTRIES[:3]:
        first.append(entry)
        first.sync()
    damage(tmp_path / "000000001-000000001-000000002")
    assert found(files, 2, warn=warned.append) == (1, ENTRIES[:1])
    assert any("damaged" in text for text in warned)
    damage(tmp_path / "000000001-000000001-state")
    assert found(files, 2) is None


def test_a_watch_of_something_else_goes_on_with_nothing(tmp_path: Path) -> None:
    files, warned = LocalFiles(tmp_path), list[str]()
    judge(files, 1).begin(state(1))()
    assert found(files, 2, key="SY", warn=warned.append) is None
    assert any("of other countries" in text for text in warned)
    anew = judge(files, 2, key="SY")
    anew.set_aside()
    assert files.names() == []


def test_a_full_disk_is_told_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    files, refusing = failing_files(tmp_path)
    first = judge(files, 1)
    first.begin(state(1))()
    refusing.writes = True
    first.append(ENTRIES[0])
    with pytest.raises(OSError, match="No space left"):
        first.sync()
    assert not first.is_kept
    with pytest.raises(OSError, match="No space left"):
        first.begin(state(2))()
    first.append(ENTRIES[1])
    refusing.writes = False
    first.sync()
    assert first.is_kept
    assert found(files, 2) == (1, ENTRIES[:2])


def damage(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)


def message(key: str) -> dict[str, Any]:
    return {
        "schema": "nightside.message/1",
        "key": key,
        "kind": "opened",
        "at": "2026-11-22T10:00:00Z",
        "severity": "total",
        "onset": "2026-11-22T10:00:00Z",
        "end": None,
        "entity": {"type": "country", "code": "KP", "name": "North Korea"},
        "incident": {"id": "KP-20261122T1000Z", "revision": 1, "stored": True},
        "share": {"baseline_units": 4, "lowest_units": 0, "lowest": 0.0},
        "reconstruction": False,
    }


def test_what_waits_for_a_channel_waits_on_the_next_desk(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "shared")
    channel = Channel("hook", "webhook", url="http://127.0.0.1:9/")

    async def main() -> None:
        first = Desk(files, tmp_path / "first", 1, fail)
        first.folder.mkdir()
        first.take_over()
        outbox = CopiedOutbox(first, first.folder / "outbox", [channel])
        for key in ("a", "b"):
            await outbox.put(message(key), {})
        assert len(files.names()) == 1
        outbox.spool.done("hook", [1])
        await first.copy()
        # Nothing has changed: nothing is written.
        before = files.names()
        await first.copy()
        assert files.names() == before

        second = Desk(files, tmp_path / "second", 2, fail)
        second.folder.mkdir()
        second.take_over()
        there = CopiedOutbox(second, second.folder / "outbox", [channel])
        assert [note.key for note in there.spool.first("hook")] == ["b"]
        await there.put(message("c"), {})
        # Who was only asleep takes nothing away, and adds nothing.
        await outbox.put(message("d"), {})
        third = Desk(files, tmp_path / "third", 3, fail)
        third.take_over()
        again = CopiedOutbox(third, third.folder / "outbox", [channel])
        assert [note.key for note in again.spool.first("hook")] == ["b", "c"]
        for one in (outbox, there, again):
            one.close()

    asyncio.run(main())


def test_a_desk_that_cannot_be_copied_is_told_once(tmp_path: Path) -> None:
    files, refusing = failing_files(tmp_path / "shared")
    warned: list[str] = []

    async def main() -> None:
        desk = Desk(files, tmp_path / "here", 1, warned.append)
        desk.folder.mkdir()
        (desk.folder / "confirming.json").write_text("{}")
        refusing.writes = True
        await desk.copy()
        await desk.copy()
        assert len(warned) == 1
        refusing.writes = False
        await desk.copy()
        assert len(files.names()) == 1

    asyncio.run(main())


def fail(text: str) -> None:
    raise AssertionError(text)
