"""What a watch keeps: the newest whole state and all journals since; one watch at a time."""

from __future__ import annotations

import errno
import os
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from nightside.engine.live.checkpoint import Checkpoint, DaemonFigures
from nightside.engine.live.journal import Ended, Entered, Journal, Told
from nightside.engine.live.kept_state import KeptState, Recovered
from nightside.engine.live.ownership import why_not_ours
from nightside.engine.live.watcher import Watcher
from nightside.model.errors import UsageError

ENTRIES = [Entered(float(n), None) for n in range(6)]


class Same:
    """Stands for what is the same in every run: it is never written."""

    def __reduce__(self) -> str:
        raise AssertionError("this was to be left out")


SAME = Same()


def state(number: int) -> Checkpoint:
    """A state whose watcher is anything; it holds what is the same in every run."""
    return Checkpoint(cast(Watcher, [number, SAME]), DaemonFigures(found=number), [], 7.5)


class Opened:
    """A folder opened as a watch opens it, and left as a crash leaves it."""

    def __init__(self, folder: Path, key: str = "KP") -> None:
        self.warnings: list[str] = []
        self.kept = KeptState(folder, key, {"same": SAME}, self.warnings.append)

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.kept.close()

    def begin(self, number: int) -> Callable[[], None]:
        return self.kept.begin(state(number))


def found(folder: Path) -> tuple[int, list[Entered | Told]]:
    with Opened(folder) as after:
        recovered = after.kept.recover()
        assert isinstance(recovered, Recovered)
        number, same = cast(list[object], recovered.state.watcher)
        assert same is SAME
        assert recovered.state.entered_at_s == 7.5
        return cast(int, number), list(recovered.since)


def test_at_first_there_is_nothing(tmp_path: Path) -> None:
    with Opened(tmp_path / "live") as first:
        assert first.kept.recover() is None
        assert not first.warnings


def test_a_state_and_what_came_since(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        first.kept.append(Told(1))
    assert found(tmp_path) == (1, [ENTRIES[0], Told(1)])


def test_a_state_that_was_not_finished_costs_nothing(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        first.begin(2)
        first.kept.append(ENTRIES[1])
        first.begin(3)
        first.kept.append(ENTRIES[2])
    assert found(tmp_path) == (1, ENTRIES[:3])


def test_a_finished_state_takes_the_place_of_all_before(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        finish = first.begin(2)
        first.kept.append(ENTRIES[1])
        finish()
    assert found(tmp_path) == (2, [ENTRIES[1]])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal-000000002", "lock", "state-000000002"]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_state_is_told_and_the_one_before_it_used(tmp_path: Path, damage: str) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        before = (tmp_path / "state-000000001").read_bytes()
        first.begin(2)()
        first.kept.append(ENTRIES[1])
    whole = (tmp_path / "state-000000002").read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    broken = {"cut": whole[:-3], "changed": bytes(changed), "empty": b""}[damage]
    (tmp_path / "state-000000002").write_bytes(broken)
    (tmp_path / "state-000000001").write_bytes(before)
    with Opened(tmp_path) as after:
        recovered = after.kept.recover()
        assert recovered is not None
        assert recovered.state.figures.found == 1
        assert len(after.warnings) == 1
        assert "state-000000002" in after.warnings[0]


def test_a_state_of_others_is_told_and_not_used(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
    with Opened(tmp_path, key="YE") as other:
        assert other.kept.recover() is None
        assert "other countries" in other.warnings[0]


def test_one_watch_at_a_time(tmp_path: Path) -> None:
    with Opened(tmp_path), pytest.raises(UsageError, match="another watch"):
        Opened(tmp_path)


def test_after_a_full_disk_nothing_is_believed_that_lacks_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_journal: Journal, _entry: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        with monkeypatch.context() as disk:
            disk.setattr(Journal, "append", full)
            with pytest.raises(OSError, match="No space"):
                first.kept.append(ENTRIES[1])
        assert not first.kept.is_kept
        # Said once; then it is left until the next state is begun.
        first.kept.append(ENTRIES[2])
        finish = first.begin(2)
        first.kept.append(ENTRIES[3])
    # Behind the lost entries nothing may be taken as if it came next.
    assert found(tmp_path) == (1, [ENTRIES[0]])
    del finish


def test_when_there_is_room_again_everything_is_kept_again(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        with pytest.MonkeyPatch.context() as disk:
            disk.setattr(Journal, "append", lambda *_: (_ for _ in ()).throw(OSError("full")))
            with pytest.raises(OSError, match="full"):
                first.kept.append(ENTRIES[1])
        finish = first.begin(2)
        assert not first.kept.is_kept
        finish()
        assert first.kept.is_kept
        first.kept.append(ENTRIES[3])
    assert found(tmp_path) == (2, [ENTRIES[3]])


@pytest.mark.parametrize("fails", ["append", "sync"])
def test_a_journal_to_which_nothing_leads_is_of_no_use_until_a_state_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    real = Journal.append

    def no_end(journal: Journal, entry: Any) -> None:
        if isinstance(entry, Ended):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(journal, entry)

    def no_sync(_journal: Journal) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        with monkeypatch.context() as disk:
            disk.setattr(Journal, fails, no_end if fails == "append" else no_sync)
            with pytest.raises(OSError, match=r"No space|Input/output"):
                first.begin(2)
        assert not first.kept.is_kept
        first.kept.append(ENTRIES[1])
        # Nor is what comes behind it, as long as no state is.
        first.begin(3)
        assert not first.kept.is_kept
        first.kept.append(ENTRIES[2])
        assert [p.name for p in sorted(tmp_path.glob("journal-*"))] == [
            "journal-000000001",
            "journal-000000003",
        ]
    assert found(tmp_path) == (1, ENTRIES[:1])


def test_after_an_end_that_could_not_be_written_the_next_whole_state_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        with monkeypatch.context() as disk:
            disk.setattr(Journal, "sync", lambda _journal: (_ for _ in ()).throw(OSError("I/O error")))
            with pytest.raises(OSError, match="I/O"):
                first.begin(2)
        first.kept.append(ENTRIES[0])
        finish = first.begin(3)
        first.kept.append(ENTRIES[1])
        finish()
        assert first.kept.is_kept
        first.begin(4)
        first.kept.append(ENTRIES[2])
    assert found(tmp_path) == (3, ENTRIES[1:3])


def test_a_disk_that_stays_full_is_not_filled_with_what_is_of_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        monkeypatch.setattr(Journal, "append", full)
        for number in range(2, 20):
            with pytest.raises(OSError, match="No space"):
                first.kept.append(ENTRIES[1])
            first.begin(number)
        assert len(list(tmp_path.glob("journal-*"))) == 2
        monkeypatch.undo()
    assert found(tmp_path) == (1, [ENTRIES[0]])


def test_what_a_kill_left_of_a_state_goes_with_the_next_start(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        (tmp_path / "state-000000002.part").write_bytes(b"a half")
        # Whoever does not get the lock touches nothing: it may be in the midst of being written.
        with pytest.raises(UsageError):
            Opened(tmp_path)
        assert list(tmp_path.glob("*.part"))
    assert found(tmp_path) == (1, [])
    assert not list(tmp_path.glob("*.part"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_may_write_what_is_kept_whatever_is_usual_here(tmp_path: Path) -> None:
    folder, usual = tmp_path / "store" / "live", os.umask(0)
    try:
        with Opened(folder) as first:
            first.begin(1)()
            first.kept.append(ENTRIES[0])
    finally:
        os.umask(usual)
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "journal-000000001": 0o600,
        "lock": 0o600,
        "state-000000001": 0o600,
    }
    assert found(folder) == (1, [ENTRIES[0]])


@pytest.mark.parametrize("others", [0o020, 0o002])
@pytest.mark.parametrize("name", [".", "state-000000001"])
def test_what_others_may_write_is_not_loaded_and_it_begins_anew(
    tmp_path: Path, name: str, others: int
) -> None:
    folder = tmp_path / "live"
    with Opened(folder) as first:
        first.begin(1)()
    (folder / name).chmod(mode(folder / name) | others)
    with Opened(folder) as after:
        assert after.kept.recover() is None
        (said,) = after.warnings
        assert said.startswith(str(folder / name))
        assert "others than its owner may write it" in said
        after.begin(2)()
        assert after.kept.is_kept
    assert not (folder / "state-000000001").exists()


def test_a_journal_that_others_may_write_is_not_loaded(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
    (tmp_path / "journal-000000001").chmod(0o666)
    with Opened(tmp_path) as after:
        recovered = after.kept.recover()
        assert recovered is not None
        assert list(recovered.since) == []
        assert [w for w in after.warnings if "journal-000000001: not used: others" in w]


@pytest.mark.parametrize(("uid", "is_ours"), [(os.geteuid(), True), (0, True), (4711, False)])
def test_what_belongs_to_another_user_is_not_ours(uid: int, is_ours: bool) -> None:
    found = os.stat_result((stat.S_IFREG | 0o644, 1, 1, 1, uid, 4711, 9, 0, 0, 0))
    assert (why_not_ours(found) is None) == is_ours


def test_what_is_set_aside_is_not_read_again(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
    for _ in range(2):
        with Opened(tmp_path) as after:
            assert after.kept.recover() is not None
            after.kept.set_aside()
            assert after.kept.recover() is None
            assert len(list(tmp_path.glob("*.aside"))) == 2
            after.begin(2)()
    assert found(tmp_path) == (2, [])


def test_a_state_says_what_was_when_it_was_begun(tmp_path: Path) -> None:
    with Opened(tmp_path) as first:
        first.begin(1)()
        figures = DaemonFigures(found=2)
        finish = first.kept.begin(Checkpoint(cast(Watcher, [2, SAME]), figures, [], 7.5))
        figures.found = 3
        finish()
    with Opened(tmp_path) as after:
        recovered = after.kept.recover()
        assert recovered is not None
        assert recovered.state.figures.found == 2


def test_a_state_for_which_there_is_no_room_leaves_nothing_and_the_journals_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, *_: object) -> None:
            pass

        def dump(self, _state: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with Opened(tmp_path) as first:
        first.begin(1)()
        first.kept.append(ENTRIES[0])
        with monkeypatch.context() as disk:
            disk.setattr("nightside.engine.live.checkpoint._Pickler", Full)
            with pytest.raises(OSError, match="No space"):
                first.begin(2)
        assert not list(tmp_path.glob("*.part"))
        assert first.kept.is_kept
        first.kept.append(ENTRIES[1])
    assert found(tmp_path) == (1, ENTRIES[:2])


def test_a_state_takes_no_memory_while_it_is_written(tmp_path: Path) -> None:
    size = 1 << 26
    large = Checkpoint(cast(Watcher, [1, bytearray(size)]), DaemonFigures(), [], 7.5)
    with Opened(tmp_path) as first:
        tracemalloc.start()
        try:
            first.kept.begin(large)()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert first.kept.state_bytes > size
    assert peak < size / 8
