"""What is of Dask alone: workers that come, leave or have another program, a scheduler that dies, our own cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import distributed
import odd_jobs
import pytest
from certificate_authority import Authority
from dask_cluster import SUPPORT, DaskCluster, program_of_tests
from free_port import free_port

import nightside
from nightside.engine.executors import dask_run
from nightside.engine.executors.open import open_executor
from nightside.engine.executors.program import SOURCES, program
from nightside.engine.executors.protocol import Done, Job
from nightside.model.errors import NightsideError, UsageError

pytestmark = pytest.mark.xdist_group("dask")

# What it finds configured is there from its import on.
assert distributed
SQUARES = [Job(str(n), odd_jobs.square, (n,)) for n in range(5)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler without workers."""
    cluster = DaskCluster(tmp_path / "cluster")
    try:
        yield cluster
    finally:
        cluster.stop()


def pids(executor: Any, number: int) -> set[int]:
    """Of the workers that did so many jobs."""
    for n in range(number):
        executor.submit(Job(str(n), odd_jobs.where))
    return {executor.next().value for _ in range(number)}


def test_workers_come_and_leave(cluster: DaskCluster) -> None:
    with open_executor(cluster.address) as executor:
        assert executor.workers == 0
        executor.submit(SQUARES[3])
        # There was nobody to do it.
        first = cluster.add_workers()[0]
        assert executor.next() == Done(0, 9)
        assert executor.workers == 1
        assert pids(executor, 2) == {first.pid}
        second = cluster.add_workers()[0]
        until(lambda: executor.workers == 2)
        assert pids(executor, 6) == {first.pid, second.pid}
        # In good order.
        first.terminate()
        until(lambda: executor.workers == 1)
        assert pids(executor, 2) == {second.pid}
        # And not, in the middle of a job.
        executor.submit(Job("slow", odd_jobs.slept, (1, "done")))
        time.sleep(0.3)
        second.kill()
        third = cluster.add_workers()[0]
        assert executor.next().value == "done"
        assert pids(executor, 2) == {third.pid}


def until(holds: Any) -> None:
    """Bounded."""
    end = time.perf_counter() + 20
    while not holds():
        assert time.perf_counter() < end
        time.sleep(0.05)


def test_a_cluster_behind_tls(tmp_path: Path, capfd: Any) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue(["127.0.0.1"])
    configured = {"distributed.comm.tls.ca-file": str(authority.file)}
    for role in ("scheduler", "worker", "client"):
        configured[f"distributed.comm.tls.{role}.cert"] = str(issued.certificate)
        configured[f"distributed.comm.tls.{role}.key"] = str(issued.key)
    environment = {
        "DASK_" + name.upper().replace(".", "__").replace("-", "_"): value
        for name, value in configured.items()
    }
    cluster = DaskCluster(tmp_path / "cluster", scheme="tls", environment=environment)
    try:
        cluster.add_workers()
        with dask.config.set(configured), open_executor(cluster.address) as executor:
            executor.submit(SQUARES[3])
            assert executor.next() == Done(0, 9)
        # Without our part of it nobody gets in, and one line says so.
        with pytest.raises(NightsideError, match=rf"^{cluster.address}: .*(TLS|ssl)"):
            open_executor(cluster.address)
    finally:
        cluster.stop()
    assert capfd.readouterr() == ("", "")


def test_nobody_comes(cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_run, "NOBODY_S", 1.0)
    with open_executor(cluster.address) as executor:
        time.sleep(1.5)
        executor.submit(SQUARES[0])
        begun = time.perf_counter()
        with pytest.raises(
            NightsideError, match=r"no worker has been there.*\n.*dask worker tcp://.*goes on"
        ):
            executor.next()
        assert 0.5 < time.perf_counter() - begun < 10
        # Asked again, it says the same.
        with pytest.raises(NightsideError, match="no worker"):
            executor.next()


def test_a_scheduler_that_dies_is_one_clear_error_soon(cluster: DaskCluster, capfd: Any) -> None:
    cluster.add_workers(1)
    with open_executor(cluster.address) as executor:
        executor.submit(Job("slow", odd_jobs.slept, (30, 1)))
        time.sleep(0.5)
        cluster.kill_scheduler()
        begun = time.perf_counter()
        with pytest.raises(
            NightsideError,
            match=rf"^{cluster.address}: the Dask scheduler is gone\n.* goes on where it was\.$",
        ):
            executor.next()
        # Nobody hears what is submitted now, and it says so.
        executor.submit(SQUARES[0])
        with pytest.raises(NightsideError, match="is gone"):
            executor.next()
    assert time.perf_counter() - begun < 15
    assert capfd.readouterr() == ("", "")


def test_no_scheduler_there(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(dask_run, "CONNECT_S", 1.0)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(NightsideError, match=rf"^{address}: no Dask scheduler answers .*\n.*dask scheduler"):
        open_executor(address)
    with pytest.raises(NightsideError, match="no Dask scheduler answers"):
        open_executor("tcp://127.0.0.1:port")
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def other_program(tmp_path: Path) -> dict[str, str]:
    """The environment of a worker with a copy of our program in which one line is another."""
    ours = Path(nightside.__file__).parent
    copy = tmp_path / "copy" / "nightside"

    def unneeded(folder: str, names: list[str]) -> set[str]:
        files = [name for name in names if Path(folder, name).is_file()]
        return {name for name in files if Path(name).suffix not in SOURCES}

    shutil.copytree(ours, copy, ignore=unneeded)
    with (copy / "model" / "errors.py").open("a") as file:
        file.write("\n# changed\n")
    return {"PYTHONPATH": f"{copy.parent}:{SUPPORT}"}


@pytest.fixture
def no_program(tmp_path: Path) -> dict[str, str]:
    """The environment of a worker where nightside is not installed."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hides:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'nightside':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hides())\n"
    )
    return {"PYTHONPATH": str(hidden)}


def test_a_worker_of_another_program_is_refused_when_connecting(
    cluster: DaskCluster, other_program: dict[str, str]
) -> None:
    cluster.add_workers(1)
    cluster.add_workers(1, environment=other_program)
    ours = program()["nightside"]
    with pytest.raises(NightsideError) as caught:
        open_executor(cluster.address)
    first, advice = str(caught.value).splitlines()
    version = nightside.__version__
    assert first.startswith(f"{cluster.address}: workers have another program: tcp://127.0.0.1:")
    assert f"has nightside {version} (" in first
    assert first.endswith(f", here {ours}")
    # The one that is as we are is not named.
    assert first.count("tcp://") == 2
    assert "start the workers anew" in advice


def test_a_worker_without_the_program_is_refused_at_the_first_job(
    cluster: DaskCluster, no_program: dict[str, str]
) -> None:
    with open_executor(cluster.address) as executor:
        cluster.add_workers(1, environment=no_program)
        executor.submit(SQUARES[0])
        with pytest.raises(NightsideError, match=r"has no such program \(No module named 'nightside'\)"):
            executor.next()


def test_a_worker_of_another_program_that_joins_later_does_nothing(
    cluster: DaskCluster, other_program: dict[str, str]
) -> None:
    ours = cluster.add_workers(1)[0]
    warned: list[str] = []
    with open_executor(cluster.address, warn=warned.append) as executor:
        cluster.add_workers(1, environment=other_program)
        # Long enough for it to be seen.
        for _ in range(4):
            assert pids(executor, 4) == {ours.pid}
    assert len(warned) == 1
    assert "another program" in warned[0]


def test_a_cluster_of_this_machine_ends_with_the_one_that_asked(
    monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    for name, value in program_of_tests().items():
        monkeypatch.setenv(name, value)
    with open_executor("dask", 2) as executor:
        assert executor.workers == 2
        workers = pids(executor, 6)
        assert len(workers) == 2
        executor.submit(Job("slow", odd_jobs.slept, (30, 1)))
    until(lambda: not any(alive(pid) for pid in workers))
    assert capfd.readouterr() == ("", "")


def test_a_cluster_of_this_machine_does_not_outlive_a_killed_program(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    # No `if __name__ == "__main__"`: workers do not run the caller's program again.
    script.write_text(
        "import time, odd_jobs, same_program\n"
        "from nightside.engine.executors.open import open_executor\n"
        "from nightside.engine.executors.protocol import Job\n"
        "executor = open_executor('dask', 1)\n"
        "executor.submit(Job('who', odd_jobs.where))\n"
        "print(executor.next().value, flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **program_of_tests(), "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    with process.stdout:
        worker = int(process.stdout.readline())
        assert alive(worker)
        process.kill()
        process.wait()
    until(lambda: not alive(worker))
    assert list(tmp_path.glob("nightside-dask-*")) == []


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("word", ["", "dusk", "http://127.0.0.1:8786", "127.0.0.1:8786"])
def test_a_word_that_means_no_executor(word: str) -> None:
    with pytest.raises(UsageError, match=r"no engine is called .*\n.*local.*dask.*tcp://"):
        open_executor(word)


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NightsideError, match=r"Dask is not installed.*\n.*nightside\[dask\]"):
        open_executor("dask")
