"""A replay by many workers tells, to the byte, what one process tells that reads all."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import entangled_countries
import pytest
import several_collectors
import told_all
from all_stored import all_stored
from dask_cluster import SUPPORT, DaskCluster
from mortal_jobs import Mortal, OneByOne
from small_archive import SLOT, T0, stamp

from nightside.engine.executors.open import open_executor
from nightside.engine.executors.protocol import Job
from nightside.engine.record import replay_into
from nightside.engine.shards import keys
from nightside.engine.shards.sharded import clear, replay_on
from nightside.model.errors import InputError, NightsideError, NotMrtError, UnreadableError, UsageError
from nightside.model.settings import Settings
from nightside.store.files import Files, files_at
from nightside.store.location import open_store


@pytest.fixture
def work(tmp_path: Path) -> Files:
    return files_at(tmp_path / "work")


def files_in(work: Files) -> list[tuple[Files, str]]:
    return [(work.child(room), name) for room in work.children() for name in work.child(room).names()]


@pytest.fixture(scope="module")
def entangled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("entangled")
    entangled_countries.write(folder, 0)
    return folder


@pytest.fixture(scope="module")
def told_here(entangled: Path) -> told_all.Told:
    found = told_all.here([entangled])
    assert len(found["incidents"]) >= 8
    assert min(len(flips) for flips in found["flips"]) > 500
    return found


# ---- whoever does it ---------------------------------------------------------------------------------------


@pytest.mark.xdist_group("dask")
@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "workers killed"])
@pytest.mark.parametrize("engine", ["local", "dask"])
def test_every_executor_tells_the_same(
    engine: str,
    killed: bool,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    entangled: Path,
    told_here: told_all.Told,
    work: Files,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    word = "local" if engine == "local" else request.getfixturevalue("cluster").address
    with open_executor(word, 2) as executor:
        if killed:
            mortal = Mortal(executor, tmp_path / "notes", seed=5)
            assert told_all.on(mortal, work, [entangled], shards=6) == told_here
            assert len(list((tmp_path / "notes").iterdir())) >= 4
        else:
            assert told_all.on(executor, work, [entangled], shards=6) == told_here


@pytest.mark.xdist_group("dask")
def test_the_store_has_the_same_and_nothing_is_left(
    cluster: DaskCluster, entangled: Path, tmp_path: Path
) -> None:
    stored = {}
    for name, engine in (("here", None), ("there", cluster.address)):
        warnings: list[str] = []
        done = replay_into(
            tmp_path / name,
            [entangled],
            countries=["KR", "CL"],
            warn=warnings.append,
            started=lambda _bytes: None,
            advance=lambda _bytes: None,
            engine=engine,
        )
        with open_store(tmp_path / name) as store:
            stored[name] = (all_stored(store), done.stored, done.observed, done.blank, warnings)
    assert stored["there"] == stored["here"]
    assert any("CL: the input has no network of it" in text for text in stored["here"][4])
    assert len(stored["here"][1]) == 1
    assert {folder.name for folder, _name in files_in(files_at(tmp_path / "there" / "work"))} == {"maps"}


# ---- however it is divided ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 9])
def test_the_number_of_shards_does_not_matter(
    shards: int, entangled: Path, told_here: told_all.Told, work: Files
) -> None:
    assert told_all.on(OneByOne(), work, [entangled], shards=shards) == told_here


@pytest.mark.parametrize("shards", [1, 5])
def test_a_country_that_is_reached_because_others_are(shards: int, work: Files, tmp_path: Path) -> None:
    entangled_countries.write_saved_by_others(tmp_path / "in")
    found, _flips = replay_on(OneByOne(), work, [tmp_path / "in"], shards=shards)
    (incident,) = [incident for incident, _series in found.incidents if incident.entity.code == "KP"]
    # The first is over when a stranger is let in, because most of what it announces is reachable.
    totals = [(e.onset, e.end) for e in incident.episodes if e.severity == "total"]
    assert totals == [
        (entangled_countries.LOST, entangled_countries.SAVED),
        (entangled_countries.ALONE, entangled_countries.BACK),
    ]
    assert told_all.on(OneByOne(), work, [tmp_path / "in"], shards=shards) == told_all.here([tmp_path / "in"])


@pytest.mark.xdist_group("s3")
def test_a_work_place_on_shared_storage(s3_bucket: str, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 5)
    here, place = told_all.here([tmp_path / "in"]), files_at(f"{s3_bucket}/work")
    assert told_all.on(OneByOne(), place, [tmp_path / "in"], shards=3) == here
    again = OneByOne()
    assert told_all.on(again, place, [tmp_path / "in"], shards=3) == here
    assert again.made == []
    found, _flips = replay_on(OneByOne(), place, [tmp_path / "in"], shards=3)
    clear(place, found)
    assert {folder.name for folder, _name in files_in(place)} == {"maps"}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens(seed: int, work: Files, tmp_path: Path) -> None:
    chance = random.Random(seed)
    several_collectors.write(tmp_path / "in", seed)
    shards = chance.choice([1, 3, 30])
    assert told_all.on(OneByOne(), work, [tmp_path / "in"], shards=shards) == told_all.here([tmp_path / "in"])


@pytest.mark.parametrize(
    "asked",
    [
        {"countries": ["JP", "kr"]},
        {"asns": [131279, 4766]},
        {"asns": [131279], "countries": ["KR"]},
        {"settings": Settings(country_by="origin")},
        {"settings": Settings(country_by="both"), "countries": ["KR"]},
        {"begin": T0 + 7200, "end": T0 + 14400},
        {"settings": Settings(visible_among_usual=True, shortest_cover_ipv4=7)},
    ],
    ids=["countries", "ASes", "both", "by origin", "by both", "a time", "shorter covers"],
)
def test_whatever_is_asked(asked: dict[str, Any], entangled: Path, work: Files) -> None:
    here = told_all.here([entangled], **asked)
    assert here["incidents"]
    assert told_all.on(OneByOne(), work, [entangled], shards=4, **asked) == here


@pytest.mark.parametrize(
    "names",
    [("updates.20020722.2238.gz", "bview.20020722.2337.gz"), ("rib.20140523.0600.first-MiB.bz2",)],
    ids=["a day of 2002", "cut off"],
)
def test_real_files(names: tuple[str, ...], shared_data: Path, work: Files) -> None:
    inputs = [shared_data / "mrt" / name for name in names]
    here = told_all.here(inputs)
    assert len(here["signals"]) > 50
    assert told_all.on(OneByOne(), work, inputs, shards=3) == here


# ---- what was done is not done again -----------------------------------------------------------------------


class BrokenOffError(Exception):
    """Somebody ended the program."""


@pytest.mark.parametrize("after", [2, 5, 8])
def test_a_run_that_was_broken_off_does_only_what_is_missing(
    after: int, entangled: Path, told_here: told_all.Told, work: Files
) -> None:
    class Ended(OneByOne):
        def next(self) -> Any:
            if len(self.made) == after:
                raise BrokenOffError
            return super().next()

    first, second = Ended(), OneByOne()
    with pytest.raises(BrokenOffError):
        told_all.on(first, work, [entangled], shards=4)
    assert told_all.on(second, work, [entangled], shards=4) == told_here
    # Three parts, four shards, the flips of three.
    assert len(second.made) == 10 - after
    assert not set(first.made) & set(second.made)


def test_content_matters_and_paths_do_not(
    entangled: Path, told_here: told_all.Told, work: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told_all.on(OneByOne(), work, [entangled], shards=2) == told_here
    (tmp_path / "other").symlink_to(entangled)
    monkeypatch.chdir(tmp_path)
    again = OneByOne()
    assert told_all.on(again, work, [Path("other")], shards=2) == told_here
    assert again.made == []
    # The same files, written anew: they are read, and what they give is there.
    for name in entangled_countries.NAMES:
        for path in (entangled / name).rglob("*.gz"):
            copy = tmp_path / "copy" / path.relative_to(entangled)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    anew = OneByOne()
    assert told_all.on(anew, work, [tmp_path / "copy"], shards=2) == told_here
    assert sorted(anew.made) == sorted(entangled_countries.NAMES)


def test_a_file_in_another_s_place_with_its_size_and_time_is_read(work: Files, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 3)
    path = tmp_path / "in" / "rrc00" / "2014.12" / f"updates.{stamp(T0 + 6 * SLOT)}.gz"
    before = told_all.on(OneByOne(), work, [tmp_path / "in"])
    stood, data = path.stat(), path.read_bytes()
    # In the middle of what is packed: the size stays.
    path.write_bytes(data[: len(data) // 2] + bytes(8) + data[len(data) // 2 + 8 :])
    os.utime(path, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    there = told_all.on(OneByOne(), work, [tmp_path / "in"])
    assert there == told_all.here([tmp_path / "in"]) != before


def test_another_program_of_the_same_version_makes_all_anew(
    entangled: Path, work: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = OneByOne(), OneByOne()
    told_all.on(first, work, [entangled], shards=2)
    monkeypatch.setattr(keys, "digest", lambda: "of other sources")
    told_all.on(second, work, [entangled], shards=2)
    assert second.made == first.made


def test_what_is_asked_otherwise_is_made_anew(entangled: Path, work: Files) -> None:
    told_all.on(OneByOne(), work, [entangled], shards=2)
    rules = Settings(visible_share=0.7)
    other = OneByOne()
    assert told_all.on(other, work, [entangled], shards=2, settings=rules) == told_all.here(
        [entangled], settings=rules
    )
    assert len(other.made) == 8


# ---- what is damaged, gone, or shared ----------------------------------------------------------------------


def test_whatever_is_damaged_is_noticed_and_made_anew(work: Files, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 2)
    chance = random.Random(1)
    here = told_all.here([tmp_path / "in"])
    assert told_all.on(OneByOne(), work, [tmp_path / "in"], shards=2) == here
    there = files_in(work)
    # A map, three parts of four files, which of them were read, two shards, the flips of three.
    assert len(there) == 1 + 12 + 3 + 2 + 3
    one_of_each = {(folder.name, name.partition(".")[2]): (folder, name) for folder, name in there}
    assert len(one_of_each) == 8
    for (room, _what), (folder, name) in one_of_each.items():
        data = bytearray(folder.read_bytes(name))
        data[chance.randrange(4, len(data) - 12)] ^= 1 << chance.randrange(8)
        folder.write_bytes(name, bytes(data[: chance.choice([len(data), len(data) // 2])]))
        if room != "flips":
            # What was made of it is not there either.
            work.child("shards").delete_all()
        again = OneByOne()
        assert told_all.on(again, work, [tmp_path / "in"], shards=2) == here, name
        assert again.made, name


def test_a_part_that_is_damaged_in_the_middle_of_a_run(
    entangled: Path, told_here: told_all.Told, work: Files
) -> None:
    damaged = []

    def damage(job: Job) -> None:
        step = job.name[:5]
        if step in ("shard", "flips") and step not in damaged:
            damaged.append(step)
            folder = work.child("parts")
            name = next(n for n in folder.names() if n.endswith(".events"))
            data = bytearray(folder.read_bytes(name))
            data[len(data) // 2] ^= 1
            folder.write_bytes(name, bytes(data))

    executor = OneByOne(damage)
    assert told_all.on(executor, work, [entangled], shards=2) == told_here
    assert damaged == ["shard", "flips"]
    assert sum(name in entangled_countries.NAMES for name in executor.made) == 5


def test_who_is_done_takes_away_what_another_run_needs(
    entangled: Path, told_here: told_all.Told, work: Files
) -> None:
    done = []

    def other_run(job: Job) -> None:
        if job.name.startswith(("shard 1", "flips of rrc00")) and job.name not in done:
            done.append(job.name)
            found, _flips = replay_on(OneByOne(), work, [entangled], shards=2)
            clear(work, found)
            assert {folder.name for folder, _name in files_in(work)} == {"maps"}

    assert told_all.on(OneByOne(other_run), work, [entangled], shards=2) == told_here
    assert len(done) == 2


def test_what_never_stays_is_refused(entangled: Path, work: Files) -> None:
    def lose(job: Job) -> None:
        if job.name.startswith("shard"):
            work.child("parts").delete_all()

    with pytest.raises(NightsideError, match="damaged or gone each of 3 times"):
        told_all.on(OneByOne(lose), work, [entangled], shards=1)


# ---- what cannot be read -----------------------------------------------------------------------------------


def test_without_one_collector_nothing_is_told_and_the_rest_is_kept(
    entangled: Path, told_here: told_all.Told, work: Files
) -> None:
    def fail(job: Job) -> None:
        if job.name == "rrc01":
            raise NightsideError("each process that did it was ended by SIGKILL")

    first, second = OneByOne(fail), OneByOne()
    with pytest.raises(NightsideError, match="1 of 3 collectors could not be read") as refused:
        told_all.on(first, work, [entangled], shards=2)
    number = len(list((entangled / "rrc01").rglob("*.gz")))
    assert f"rrc01 ({number} files from rrc01/2014.12/bview.20141222.0000.gz on; tried 1 times: each" in str(
        refused.value
    )
    assert not isinstance(refused.value, InputError)
    assert first.made == ["rrc03", "rrc00"]
    assert told_all.on(second, work, [entangled], shards=2) == told_here
    assert "rrc00" not in second.made


def test_a_file_that_nobody_can_open_is_told_of_as_here(work: Files, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 3)
    path = tmp_path / "in" / "rrc00" / "2014.12" / f"updates.{stamp(T0 + 6 * SLOT)}.gz"
    data = path.read_bytes()
    here = told_all.here([tmp_path / "in"], started=lambda _bytes: path.unlink())
    assert any("cannot be opened" in text or "No such file" in text for text in here["warnings"])
    path.write_bytes(data)
    there = told_all.on(OneByOne(), work, [tmp_path / "in"], started=lambda _bytes: path.unlink())
    assert there == here


def test_a_file_that_workers_alone_cannot_open_is_refused(work: Files, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 3)
    path = tmp_path / "in" / "rrc00" / "2014.12" / f"updates.{stamp(T0 + 6 * SLOT)}.gz"
    data = path.read_bytes()

    class Elsewhere(OneByOne):
        def next(self) -> Any:
            path.unlink()
            try:
                return super().next()
            finally:
                path.write_bytes(data)

    with pytest.raises(UsageError, match="can be read here, and by no worker that tried") as refused:
        told_all.on(Elsewhere(), work, [tmp_path / "in"])
    assert refused.value.where == str(path)


def test_what_is_wrong_with_a_file_is_told_of_as_here(
    work: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several_collectors.write(tmp_path / "in", 1)
    folder = tmp_path / "in" / "rrc00" / "2014.12"
    for number, damage in enumerate((b"no MRT at all", b"", None)):
        path = folder / f"updates.{stamp(T0 + (4 + 3 * number) * SLOT)}.gz"
        path.write_bytes(path.read_bytes()[:-9] if damage is None else damage)
    (folder / "notes.txt").write_text("of no archive")
    monkeypatch.chdir(tmp_path)
    here = told_all.here([Path("in")])
    # With the paths as they were given, which is not how the worker has them.
    assert sum("in/rrc00/2014.12/updates" in text for text in here["warnings"]) >= 2
    assert not any(str(tmp_path) in text for text in here["warnings"])
    assert told_all.on(OneByOne(), work, [Path("in")]) == here


@pytest.mark.parametrize("name", ["updates.20141222.0000.gz", "bview.20141222.0000.gz"])
def test_an_input_of_no_use_is_the_same_error(
    name: str, work: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for data in (b"no MRT at all", b""):
        Path(name).write_bytes(data)
        with pytest.raises(InputError) as here:
            told_all.here([Path(name)])
        with pytest.raises(InputError) as there:
            told_all.on(OneByOne(), work, [Path(name)])
        assert str(there.value) == str(here.value)
        assert type(there.value) is type(here.value) in (InputError, NotMrtError, UnreadableError)


def test_who_does_not_see_the_work_place_is_named(entangled: Path, work: Files) -> None:
    def elsewhere(job: Job) -> None:
        work.delete_all()

    with pytest.raises(NightsideError, match=r"the worker at .* does not see the work place"):
        told_all.on(OneByOne(elsewhere), work, [entangled])


def test_who_does_not_see_the_input_is_named(work: Files, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 1)
    table = next((tmp_path / "in" / "rrc01").rglob("bview*"))

    def elsewhere(job: Job) -> None:
        table.write_bytes(b"another")

    with pytest.raises(UsageError, match=r"the worker at .* does not see this as it is here") as refused:
        told_all.on(OneByOne(elsewhere), work, [tmp_path / "in"])
    assert refused.value.where == str(table)


def test_what_comes_through_a_pipe_is_refused(work: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "updates.20141222.0000")
    with pytest.raises(UsageError, match="no ordinary file"):
        told_all.on(OneByOne(), work, [tmp_path / "updates.20141222.0000"])


def test_files_that_are_changed_meanwhile_are_refused(work: Files, tmp_path: Path) -> None:
    several_collectors.write(tmp_path / "in", 1)
    path = tmp_path / "in" / "rrc01" / "2014.12" / f"updates.{stamp(T0 + 6 * SLOT)}.gz"

    def change(job: Job) -> None:
        if job.name.startswith("flips"):
            work.child("parts").delete_all()
            path.write_bytes(b"")

    with pytest.raises(NightsideError, match="rrc01: its files were changed while they were replayed"):
        told_all.on(OneByOne(change), work, [tmp_path / "in"])


def test_a_work_place_that_refuses_is_named(entangled: Path, tmp_path: Path) -> None:
    (tmp_path / "work").write_text("in the way")
    with pytest.raises(NightsideError, match="cannot be written") as refused:
        told_all.on(OneByOne(), files_at(tmp_path / "work"), [entangled])
    assert str(tmp_path / "work") in refused.value.where
