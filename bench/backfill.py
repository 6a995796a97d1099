"""A backfill by one worker and by two of a Dask cluster, beside the one without: how long, and the same answer.

    python -m bench.backfill [--days N] [--prefixes N] [--rate N] [--rounds N] [--raw FILE]

Made-up days (`bench.churned`, two collectors) lie behind a web server of this machine. Each run is a process of its own
that begins with an empty store and an empty cache, and fetches, reads and stores all days; scheduler and workers are
real ones (`dask scheduler`, `dask worker`), started before it is timed. Workers of one host share a cache, as they do
where nobody says otherwise. Rounds take the three in turn, so that what else the machine does touches all of them; the
best round of each is told, and raw figures are written. Where others use the machine too the clock says little: so the
CPU that each process took is told beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench import churned

from nightside.model.instants import iso
from nightside.model.ndjson import dumps
from nightside.store.location import open_store

DAY_S = 86_400
WAYS = {"local": 0, "one worker": 1, "two workers": 2}
"""How many workers; 0: without a cluster, in one process."""
WAIT_S = 60.0
FOREVER = (0, 2**31)


def write_days(folder: Path, days: int, prefixes: int, rate: float) -> int:
    """Write so many days and the one before them; returns how many routes and updates."""
    count = 0
    begin = churned.BEGIN
    for number in range(days + 1):
        churned.BEGIN = begin + number * DAY_S
        with tempfile.TemporaryDirectory(dir=folder) as day:
            count += churned.write(Path(day), prefixes=prefixes, hours=24, rate=rate)
            for path in Path(day).rglob("*.gz"):
                there = folder / path.relative_to(day)
                there.parent.mkdir(parents=True, exist_ok=True)
                path.rename(there)
    churned.BEGIN = begin
    return count


@contextmanager
def process(
    *words: str, until: str = "", environment: dict[str, str] | None = None
) -> Iterator[tuple[Path, int]]:
    """A process that runs as long as the context lasts, once it has said `until`: what it says, and its number."""
    with tempfile.NamedTemporaryFile("wb", suffix=".said") as said:
        running = subprocess.Popen(
            [sys.executable, "-u", "-m", *words], stdout=said, stderr=said, env=environment, process_group=0
        )
        try:
            deadline = time.monotonic() + WAIT_S
            while until not in Path(said.name).read_text():
                if running.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"bench: {' '.join(words)} did not start:\n{Path(said.name).read_text()}")
                time.sleep(0.05)
            yield Path(said.name), running.pid
        finally:
            os.killpg(running.pid, 9)
            running.wait()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The archive's address."""
    words = ("http.server", "0", "--bind", "127.0.0.1", "--protocol", "HTTP/1.1", "--directory", str(folder))
    with process(*words, until="http://") as (said, _number):
        yield "http://" + said.read_text().partition("http://")[2].partition("/")[0]


@contextmanager
def cluster(workers: int, environment: dict[str, str]) -> Iterator[tuple[str, dict[str, int]]]:
    """A scheduler's address, with so many workers; and the numbers of all these processes, by name."""
    with ExitStack() as stack:
        words = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        said, number = stack.enter_context(process(*words, until="Scheduler at:"))
        address = said.read_text().partition("Scheduler at:")[2].split()[0]
        numbers = {"scheduler": number}
        for worker in range(workers):
            there = stack.enter_context(tempfile.TemporaryDirectory())
            words = ["distributed.cli.dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1"]
            words += ["--no-nanny", "--no-dashboard", "--memory-limit", "0", "--local-directory", there]
            _said, numbers[f"worker {worker + 1}"] = stack.enter_context(
                process(*words, until="Registered to", environment=environment)
            )
        yield address, numbers


def cpu_s(number: int) -> float:
    """What a running process has taken until now."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one(way: str, archive: str, days: int, folder: Path) -> dict[str, Any]:
    """One run: what it took, by the clock and of CPU by process, and a digest of all that it stored."""
    environment = os.environ | {
        "NIGHTSIDE_RIS_ARCHIVE_URL": archive,
        "NIGHTSIDE_CACHE": str(folder / "cache"),
        "no_proxy": "127.0.0.1",
    }
    with ExitStack() as stack:
        engine, others = "local", dict[str, int]()
        if WAYS[way]:
            engine, others = stack.enter_context(cluster(WAYS[way], environment))
        first, last = churned.BEGIN + DAY_S, churned.BEGIN + (days + 1) * DAY_S
        words = ["backfill", *churned.COLLECTORS, "--from", iso(first), "--to", iso(last), "--yes", "--json"]
        words += ["--engine", engine, "--store", str(folder / "store"), "--processes", "1"]
        before = {name: cpu_s(number) for name, number in others.items()}
        ours = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        ran = subprocess.run(
            [sys.executable, "-m", "nightside", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        took_s = time.perf_counter() - begun
        theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = {"client": theirs.ru_utime + theirs.ru_stime - ours.ru_utime - ours.ru_stime}
        cpu |= {name: cpu_s(number) - before[name] for name, number in others.items()}
    if ran.returncode:
        sys.exit(f"bench: {way} ended with {ran.returncode}:\n{ran.stderr}")
    return {"way": way, "took_s": took_s, "cpu_s": cpu, **stored(folder / "store")}


def stored(folder: Path) -> dict[str, Any]:
    """What a store says, as a digest."""
    digest = hashlib.sha256()
    with open_store(folder, read_only=True) as store:
        incidents = list(store.incidents())
        for incident in incidents:
            flips = store.flips(incident["id"])
            rows = None if flips is None else flips.read_all().to_pylist()
            said = [store.revision(incident["id"], n) for n in store.revisions(incident["id"])]
            digest.update(dumps([incident, said, store.messages(incident["id"])]).encode())
            digest.update(repr((rows, store.series(incident["id"]))).encode())
        for state in store.entities():
            digest.update(repr(store.samples(state.type, state.code, *FOREVER).to_pylist()).encode())
    return {"incidents": len(incidents), "sha256": digest.hexdigest()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--prefixes", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--raw", type=Path, default=Path("bench/results/backfill.json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        archive = Path(made, "archive")
        archive.mkdir()
        records = write_days(archive, asked.days, asked.prefixes, asked.rate)
        size = sum(path.stat().st_size for path in archive.rglob("*.gz"))
        print(f"{asked.days} days and one before: {records:,} records, {size / 1e6:.0f} MB", flush=True)
        runs = []
        with served(archive) as address:
            for number in range(asked.rounds):
                for way in WAYS:
                    folder = Path(made, f"{way} {number}")
                    folder.mkdir()
                    runs.append({"round": number, **one(way, address, asked.days, folder)})
                    shutil.rmtree(folder)
                    cpu = ", ".join(f"{name} {took:.1f} s" for name, took in runs[-1]["cpu_s"].items())
                    print(f"{way}: {runs[-1]['took_s']:.1f} s; of CPU: {cpu}", flush=True)
    tell(runs)
    about = {"days": asked.days, "records": records, "bytes": size, "cores": len(os.sched_getaffinity(0))}
    about |= {"load_after": os.getloadavg()[0]}
    asked.raw.write_text(json.dumps({"input": about, "runs": runs}, indent=1) + "\n")


def tell(runs: Sequence[dict[str, Any]]) -> None:
    """The figures that are asked for; ends with an error where not all stored the same."""
    if len({run["sha256"] for run in runs}) != 1:
        sys.exit("bench: not all runs stored the same")
    best = {way: min(run["took_s"] for run in runs if run["way"] == way) for way in WAYS}
    print(f"all {len(runs)} runs stored the same, {runs[0]['incidents']} incidents")
    print(
        f"two workers beside one: {best['one worker'] / best['two workers']:.2f} times as fast (asked: 1.8)"
    )
    over = best["one worker"] / best["local"] - 1
    print(f"one worker beside no cluster: {over:+.0%} (asked: at most +15%)")


if __name__ == "__main__":
    main()
