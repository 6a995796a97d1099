"""Streams alarm, archives confirm: what was told live is looked at again over a local archive server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from archive_server import ArchiveServer, Fault, archive_server, use_archive
from small_archive import SLOT, T0, A, Archive, B, full_table, outage, stamp

from nightside.engine.live.archive_replay import Job, Replayed, do, replay_apart
from nightside.engine.live.confirmed import (
    confirmed_until,
    is_confirmed,
    put_live,
    still_to_tell,
    told_together,
)
from nightside.engine.live.confirming import Confirming
from nightside.engine.live.outlets import told_json
from nightside.engine.live.starting import start_from
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.model.errors import NightsideError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.publish.headlines import headline
from nightside.publish.posts import post
from nightside.sources.endpoints import read_endpoints
from nightside.sources.polite_http import Manners
from nightside.store.location import open_store
from nightside.store.protocol import Store
from nightside.world.snapshot import load

DOWN, UP, END = T0 + 1198, T0 + 2111, T0 + 4200
ONSET, BACK = DOWN + 2, UP + 2
"""Of five peers the third decides both."""
MISSED = T0 + 900
"""The slot of five minutes in which DOWN lies; ONSET is in the next."""
QUICK = Manners(tries=1, first_pause_s=0.01, connect_s=2.0, silence_s=2.0)
Json = dict[str, Any]


def written(folder: Path, *, down: bool = True, end: int = END, peers: tuple[str, ...] = ()) -> Archive:
    archive = Archive(folder)
    table = full_table()
    if peers:
        table = {prefix: {p: paths[p] for p in peers} for prefix, paths in table.items()}
    archive.table(T0, table)
    if down:
        outage(archive, DOWN, UP)
    archive.finish(end)
    return archive


def heard(folder: Path, until: int = END) -> list[Found]:
    """What the daemon finds in what it hears: the files of a folder, where a missing one is a silence."""
    snapshot = load()
    watch = Watcher(snapshot, country_subjects(snapshot, ["KP"]))
    start_from(watch, [folder], lambda _text: None)
    found: list[Found] = []
    for second in range(T0, until, 60):
        found += watch.until(second)
    return found


def keep_live(store: Store, found: list[Found]) -> list[str]:
    """As the daemon writes it; returns the keys of what it tells."""
    told = []
    for one in found:
        stored = put_live(store, one).incident
        before = store.messages(stored["id"])
        told += [m.key for m in still_to_tell(before, one.new)]
        store.put_messages(stored["id"], told_together(before, one.messages))
    return told


class House:
    """One store, one archive server, a clock, and everybody who is told something."""

    def __init__(self, folder: Path, server: ArchiveServer) -> None:
        self.folder, self.server = folder, server
        self.now = float(END + 1200)
        self.told: list[Json] = []
        self.warnings: list[str] = []
        self.jobs: list[Job] = []

    def store(self) -> Store:
        return open_store(self.folder)

    async def hear(self, stored: Json, message: Json) -> None:
        self.told.append(told_json(stored, message))

    async def here(self, job: Job) -> Replayed:
        self.jobs.append(job)
        return do(job)

    def confirming(
        self,
        store: Store,
        *,
        collectors: tuple[str, ...] = ("rrc00",),
        replay: Callable[[Job], Awaitable[Replayed]] | None = None,
        lock: asyncio.Lock | None = None,
    ) -> Confirming:
        return Confirming(
            store,
            self.folder,
            collectors,
            self.hear,
            read_endpoints(),
            self.warnings.append,
            now=lambda: self.now,
            manners=QUICK,
            replay=replay or self.here,
            lock=lock,
        )

    def look(self, store: Store, **more: Any) -> int:
        return asyncio.run(self.confirming(store, **more).look())

    @property
    def kinds(self) -> list[tuple[str, str, str | None]]:
        return [(m["kind"], m["onset"], m["end"]) for m in self.told]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    root = tmp_path / "archive"
    root.mkdir()
    with archive_server(root) as server:
        use_archive(server, monkeypatch, tmp_path)
        yield House(tmp_path / "store", server)


def only(store: Store) -> Json:
    (incident,) = store.incidents()
    return incident


def with_a_hole(house: House, tmp_path: Path) -> list[Found]:
    """The stream was silent when it began."""
    written(house.server.root)
    archive = Archive(tmp_path / "heard")
    archive.table(T0, full_table())
    outage(archive, DOWN, UP)
    archive.finish(END, missing=[MISSED])
    return heard(tmp_path / "heard")


def test_what_a_silence_had_blurred_is_corrected_to_the_second(house: House, tmp_path: Path) -> None:
    found = with_a_hole(house, tmp_path)
    with house.store() as store:
        told = keep_live(store, found)
        live = only(store)
        assert live["onset_range"] is not None, "nobody saw it begin"
        assert live["onset"] != iso(ONSET)
        # In a process of its own, as it is.
        assert house.look(store, replay=replay_apart) == 1
        assert house.kinds == [("corrected", iso(ONSET), iso(BACK))]
        incident = only(store)
        assert incident["id"] == live["id"]
        assert incident["revision"] == live["revision"] + 1
        assert (incident["onset"], incident["end"], incident["onset_range"]) == (iso(ONSET), iso(BACK), None)
        assert "onset" in incident["corrections"][-1]["changed"]
        assert incident["provenance"]["inputs"]
        # Ten minutes and a little after the return, to the end of a file.
        assert confirmed_until(incident) == T0 + 3600
        flips = store.flips(incident["id"])
        assert flips is not None
        assert flips.read_all().num_rows > 0
        messages = store.messages(incident["id"])
        assert [m["key"] for m in messages][:-1] == told
        assert messages[-1]["kind"] == "corrected"
        # Once is enough, after a new start too.
        house.now += 3600
        assert house.look(store) == 0
        assert len(house.told) == 1
        # Whatever was told, live too, has its shape and its words.
        for message in messages:
            schema(told_json(incident, message))
        assert post(messages[-1], incident) == (
            "Correction: North Korea's Internet was down from 00:20 to 00:35 UTC on 22 December 2014 (09:20 to 09:35 "
            "in Pyongyang, UTC+09:00), 15 minutes in all. This replaces what was said before. "
            "Data: routes from RIPE NCC RIS."
        )


def schema(message: Json) -> None:
    text = (files("nightside.model") / "schemas" / "message-1.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    jsonschema.Draft202012Validator(json.loads(text)).validate(message)


def test_what_the_archives_say_too_is_confirmed_without_a_word(house: House) -> None:
    written(house.server.root)
    with house.store() as store:
        keep_live(store, heard(house.server.root))
        before = only(store)
        assert house.look(store) == 1
        assert house.told == []
        after = only(store)
        assert after["provenance"]["inputs"]
        same = ("onset", "end", "episodes", "severity", "networks", "id")
        assert {k: after[k] for k in same} == {k: before[k] for k in same}


def test_a_stream_that_lied_is_withdrawn(house: House, tmp_path: Path) -> None:
    written(house.server.root, down=False)
    written(tmp_path / "heard")
    with house.store() as store:
        found = heard(tmp_path / "heard")
        keep_live(store, found)
        assert house.look(store) == 1
        assert house.kinds == [("withdrawn", iso(ONSET), iso(BACK))]
        schema(house.told[0])
        incident = only(store)
        assert (incident["status"], incident["closed_as"]) == ("closed", "withdrawn")
        assert post(house.told[0], incident).startswith("Withdrawn: that North Korea's Internet was down at ")
        assert headline(incident) == "The alarm about North Korea's Internet is withdrawn"
        assert incident["provenance"]["inputs"], "what says so"
        assert [m["kind"] for m in store.messages(incident["id"])][-1] == "withdrawn"
        # Whatever the daemon still says of it changes nothing.
        assert keep_live(store, found) == []
        assert only(store) == incident
        assert house.look(store) == 0


def test_what_still_goes_on_is_confirmed_as_it_is_and_later_again(house: House, tmp_path: Path) -> None:
    written(house.server.root, end=T0 + 5400)
    until = UP - 11
    lasting = heard(house.server.root, until)
    with house.store() as store:
        keep_live(store, lasting)
        assert only(store)["status"] == "ongoing"
        house.now = float(until)
        assert house.look(store) == 0, "not before it is an hour old"
        house.now = float(ONSET + 3700)
        server_until = house.now - house.now % 900
        assert house.look(store) == 1
        assert house.jobs[-1].end == server_until
        # The archives saw the end, which the daemon has not told.
        assert house.kinds == [("corrected", iso(ONSET), iso(BACK))]
        assert only(store)["status"] == "restored"


def test_what_the_archives_cannot_see_stays_as_it_is(house: House, tmp_path: Path) -> None:
    written(house.server.root, down=False, peers=(A, B))
    written(tmp_path / "heard")
    with house.store() as store:
        keep_live(store, heard(tmp_path / "heard"))
        before = only(store)
        assert house.look(store, collectors=("edge1.example",)) == 0, "no archive has such a collector"
        assert house.look(store, collectors=("edge1.example", "rrc00")) == 1
        assert house.told == []
        assert only(store) == before
        assert [w for w in house.warnings if "told from 5 peer ASes, and the archives have 2" in w]
        # Nor is it asked again as long as it stays so.
        assert house.look(store, collectors=("rrc00",)) == 0


def test_archives_that_begin_within_it_or_end_before_it_does_judge_nothing(
    house: House, tmp_path: Path
) -> None:
    archive = Archive(house.server.root)
    archive.table(DOWN + 300, {"8.8.8.0/24": full_table()["8.8.8.0/24"]})
    outage(archive, DOWN, UP)
    archive.finish(END)
    written(tmp_path / "heard")
    with house.store() as store:
        keep_live(store, heard(tmp_path / "heard"))
        before = only(store)
        assert house.look(store) == 1
        assert (house.told, only(store)) == ([], before)
        assert [w for w in house.warnings if "the archives do not have all of its time" in w]


def test_archives_that_are_late_are_waited_for(house: House, tmp_path: Path) -> None:
    found = with_a_hole(house, tmp_path)
    late = {f"/rrc00/2014.12/updates.{stamp(at)}.gz" for at in range(UP - UP % SLOT, END, SLOT)}
    for path in late:
        (house.server.root / path[1:]).rename(tmp_path / path.rpartition("/")[2])
    with house.store() as store:
        keep_live(store, found)
        confirming = house.confirming(store)
        assert asyncio.run(confirming.look()) == 0
        house.now += 60
        asked = len(house.server.asked)
        assert asyncio.run(confirming.look()) == 0
        assert len(house.server.asked) == asked, "archives are not asked every minute"
        for path in late:
            (tmp_path / path.rpartition("/")[2]).rename(house.server.root / path[1:])
        house.now += 300
        assert asyncio.run(confirming.look()) == 1
        assert house.kinds == [("corrected", iso(ONSET), iso(BACK))]


def test_after_a_day_what_there_is_must_do(house: House, tmp_path: Path) -> None:
    found = with_a_hole(house, tmp_path)
    for at in range(T0 + 3000, END, SLOT):
        (house.server.root / f"rrc00/2014.12/updates.{stamp(at)}.gz").unlink()
    with house.store() as store:
        keep_live(store, found)
        assert house.look(store) == 0
        house.now = END + 90_000.0
        assert house.look(store) == 1
        assert house.kinds == [("corrected", iso(ONSET), iso(BACK))]
        assert [w for w in house.warnings if "confirmed without what rrc00 told" in w]


def test_an_archive_that_is_away_is_asked_again_and_given_up_after_a_day(
    house: House, tmp_path: Path
) -> None:
    found = with_a_hole(house, tmp_path)
    house.server.always["/"] = Fault(status=500)
    with house.store() as store:
        keep_live(store, found)
        before = only(store)
        assert house.look(store) == 0
        house.now = END + 90_000.0
        assert house.look(store) == 0
        assert only(store) == before
        assert [w for w in house.warnings if "cannot be confirmed" in w]
        house.server.always.clear()
        assert house.look(store) == 0


class Killed(BaseException):
    """The process is gone in this instant."""


class Falling:
    """A store whose process dies at the n-th write."""

    def __init__(self, store: Store, dies_at: int) -> None:
        self._store, self._left = store, dies_at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not name.startswith(("put_", "close_")):
            return method

        def write(*args: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Killed
            return method(*args)

        return write


@pytest.mark.parametrize(
    ("lied", "dies_at"), [*((False, n) for n in range(4)), *((True, n) for n in range(3))]
)
def test_whoever_falls_in_the_middle_tells_and_keeps_it_once(
    house: House, tmp_path: Path, dies_at: int, lied: bool
) -> None:
    if lied:
        written(house.server.root, down=False)
        written(tmp_path / "heard")
        found = heard(tmp_path / "heard")
    else:
        found = with_a_hole(house, tmp_path)
    with house.store() as store:
        keep_live(store, found)
        live = only(store)
        with pytest.raises(Killed):
            house.look(Falling(store, dies_at))  # type: ignore[arg-type]
        assert house.look(store) == 1
        incident = only(store)
        assert incident["revision"] == live["revision"] + 1
        kinds = [m["kind"] for m in store.messages(incident["id"])]
        assert kinds == ["opened", "recovering", "restored", "withdrawn" if lied else "corrected"]
        # Told at least once, and by one key.
        assert len({m["key"] for m in house.told}) == 1
        assert house.look(store) == 0


def test_the_daemon_leaves_what_is_confirmed_until_something_new_happens(
    house: House, tmp_path: Path
) -> None:
    found = with_a_hole(house, tmp_path)
    with house.store() as store:
        keep_live(store, found)
        house.look(store)
        confirmed = only(store)
        assert keep_live(store, found) == []
        assert only(store) == confirmed
        # It goes down again an hour later, within the six hours that make it one incident.
        archive = Archive(tmp_path / "later")
        archive.table(T0, full_table())
        outage(archive, DOWN, UP)
        again = T0 + 7207
        outage(archive, again, again + 1800)
        archive.finish(T0 + 10800, missing=[MISSED])
        keep_live(store, heard(tmp_path / "later", T0 + 10800))
        incident = only(store)
        assert incident["revision"] > confirmed["revision"]
        onsets = [e["onset"] for e in incident["episodes"] if e["severity"] == "severe"]
        assert onsets == [iso(ONSET), iso(again + 2)], "what is known better stays"
        assert incident["onset_range"] is None
        assert not is_confirmed(incident), "it is to be confirmed again"
        kinds = [m["kind"] for m in store.messages(incident["id"])]
        assert sorted(kinds) == sorted(["opened", "recovering", "restored"] * 2 + ["corrected"])


class Watched:
    """A store that notes by which writes the lock is held."""

    def __init__(self, store: Store, lock: asyncio.Lock) -> None:
        self._store, self._lock = store, lock
        self.held: list[tuple[str, bool]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not name.startswith(("put_", "close_")):
            return method

        def write(*args: Any) -> Any:
            self.held.append((name, self._lock.locked()))
            return method(*args)

        return write


def test_the_daemon_waits_for_the_confirmed_incident_and_not_for_its_samples(
    house: House, tmp_path: Path
) -> None:
    found = with_a_hole(house, tmp_path)
    lock = asyncio.Lock()
    with house.store() as store:
        keep_live(store, found)
        watched = Watched(store, lock)
        assert house.look(watched, lock=lock) == 1  # type: ignore[arg-type]
    writes = [("put_samples", False), ("put_incident", True), ("put_flips", True), ("put_messages", True)]
    assert watched.held == writes


def test_the_process_of_a_replay_ends_with_whoever_asked_for_it(house: House, tmp_path: Path) -> None:
    archive = written(tmp_path / "heard")
    job = Job([archive.folder.parent.parent], ["KP"], [], T0, END, Settings())

    async def cancelled() -> None:
        task = asyncio.create_task(replay_apart(job))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    nothing = Job([tmp_path / "nowhere"], ["KP"], [], T0, END, Settings())
    with pytest.raises(NightsideError, match="nowhere"):
        asyncio.run(replay_apart(nothing))
