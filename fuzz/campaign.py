"""A campaign: each way of fuzzing for so long, some at a time; it goes on where it was interrupted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from fuzz import builds, corpus, records
from fuzz.entrances import ENTRANCES
from fuzz.findings import Findings, kept
from fuzz.inputs import made

WAYS = {
    "records": "plain",
    "records-sanitized": "sanitized",
    "guided": "guided",
    "guided-sanitized": "guided-sanitized",
}
"""Name, and the build that it runs over."""
PLAIN_SLICE_S, GUIDED_SLICE_S = 60.0, 1200.0
STANDS_STILL_S = 120.0
"""A process that has had nothing of the processor for so long waits for what never comes; a busy machine gives some."""
"""A process lives for so long at most; then its state is kept, and another goes on. libFuzzer's begin is slow."""
LONGEST_INPUT = 16_384
_MOST_DEATHS = 100
_STATE = builds.WORK / "state"
_COVER = re.compile(rb"cov: (\d+) ft: (\d+) corp: (\d+)")
_UNITS = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")


@dataclass
class State:
    """How far one way is; kept in a file."""

    way: str
    done_s: float = 0.0
    """Of the campaign that is not at its end."""
    number: int = 0
    """The next input of the plain loop."""
    inputs: int = 0
    covered: int = 0
    features: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    deaths: int = 0

    @classmethod
    def kept(cls, way: str) -> State:
        """As it was kept last, or new."""
        path = _STATE / f"{way}.json"
        return cls(**json.loads(path.read_text())) if path.exists() else cls(way)

    def keep(self) -> None:
        """Write it, whole or not at all."""
        _STATE.mkdir(parents=True, exist_ok=True)
        path = _STATE / f"{self.way}.json"
        path.with_suffix(".new").write_text(json.dumps(asdict(self)))
        path.with_suffix(".new").replace(path)

    def found(self, counts: dict[str, int]) -> None:
        """Add findings by kind."""
        for kind, count in counts.items():
            self.findings[kind] = self.findings.get(kind, 0) + count


def _run(command: list[str], build: str, log: Path, stop: threading.Event) -> int:
    """Run a process at low priority to its end, or until all is to stop."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=builds.ROOT,
            env=builds.environment(build),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.nice(10),
        )
        used_s, moved_at = 0.0, time.monotonic()
        while process.poll() is None:
            now = time.monotonic()
            if (cpu_s := _cpu_s(process.pid)) > used_s:
                used_s, moved_at = cpu_s, now
            if stop.wait(0.2) or now - moved_at > STANDS_STILL_S:
                process.send_signal(signal.SIGKILL)
        return process.wait()


def _cpu_s(pid: int) -> float:
    """What a process has had of the processor; 0 where it is no more."""
    with suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _plain_slice(state: State, build: str, seconds: float, stop: threading.Event) -> None:
    """The plain loop for so long; what ended the process is found by its progress."""
    log, progress = builds.WORK / "logs" / f"{state.way}.log", _STATE / f"{state.way}.progress"
    command = ["fuzz.records", "--begin", str(state.number), "--seconds", str(seconds), "--way", state.way]
    command += ["--build", build, "--progress", str(progress)]
    code = _run(command, build, log, stop)
    said = log.read_bytes()
    if code == 0:
        told = json.loads(said.splitlines()[-1])
        state.number, state.inputs = told["next"], state.inputs + told["inputs"]
        state.found(told["findings"])
        return
    number, place = records.PROGRESS.unpack(progress.read_bytes())
    state.inputs += (number - state.number) * len(ENTRANCES) + place
    state.number = number
    if not stop.is_set():
        state.number += 1
        state.deaths += 1
        name = list(ENTRANCES)[place]
        findings = Findings(state.way, build)
        findings.add(
            name, made(name, 1, number), f"{said[-4000:].decode(errors='replace')}\n{_ended(code, said)}"
        )
        state.found(findings.counts)


def _ended(code: int, said: bytes) -> str:
    """How a process ended, in one line."""
    word = re.search(rb"SUMMARY: .*|runtime error: .*|ERROR: libFuzzer: .*", said)
    if word:
        return word[0].decode(errors="replace")
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def seed(folder: Path, each: int = 60) -> None:
    """What libFuzzer begins with: the committed inputs, and so many of the plain loop's for each entrance."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(ENTRANCES)
    for name, content in corpus.committed():
        (folder / f"committed-{name}-{len(content)}-{zlib.crc32(content):x}").write_bytes(
            bytes([names.index(name)]) + content
        )
    for name in names:
        for number in range(each):
            content = made(name, 0, number)
            if len(content) < LONGEST_INPUT:
                (folder / f"made-{name}-{number}").write_bytes(bytes([names.index(name)]) + content)


def _guided_slice(state: State, build: str, seconds: float, stop: threading.Event) -> None:
    """libFuzzer for so long; a file that it keeps of a crash becomes a finding."""
    work = builds.WORK / "libfuzzer" / state.way
    log, told = builds.WORK / "logs" / f"{state.way}.log", work / "findings.json"
    seeds, grown, crashes = work / "seeds", work / "corpus", work / "crashes"
    for folder in (grown, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    if not seeds.exists():
        seed(seeds)
    told.unlink(missing_ok=True)
    command = [
        "fuzz.guided",
        "--way",
        state.way,
        "--build",
        build,
        "--told",
        str(told),
        str(grown),
        str(seeds),
    ]
    command += [f"-max_total_time={max(1, round(seconds))}", f"-max_len={LONGEST_INPUT}", "-timeout=30"]
    command += ["-rss_limit_mb=3000", f"-artifact_prefix={crashes}/", "-print_final_stats=1", "-reload=0"]
    code = _run(command, build, log, stop)
    said = log.read_bytes()
    if seen := _COVER.findall(said):
        state.covered, state.features = (
            max(int(n), old) for n, old in zip(seen[-1], (state.covered, state.features), strict=False)
        )
    if units := _UNITS.findall(said):
        state.inputs += int(units[-1])
    elif counts := re.findall(rb"^#(\d+)\s", said, re.M):
        state.inputs += int(counts[-1])
    if told.exists():
        state.found(json.loads(told.read_text()))
    if code == 0 or stop.is_set():
        return
    state.deaths += 1
    findings = Findings(state.way, build)
    word = f"{said[-6000:].decode(errors='replace')}\n{_ended(code, said)}"
    for path in crashes.iterdir():
        data = path.read_bytes()
        names = list(ENTRANCES)
        name, content = (names[data[0] % len(names)], data[1:]) if data else (names[0], b"")
        findings.add(name, content, word)
        path.unlink()
    state.found(findings.counts or {word.splitlines()[-1]: 1})


def _go(way: str, seconds: float, stop: threading.Event) -> State:
    """One way, slice after slice."""
    build, state = WAYS[way], State.kept(way)
    if state.done_s >= seconds:
        state.done_s = 0.0
    while state.done_s < seconds and not stop.is_set() and state.deaths < _MOST_DEATHS:
        begun = time.monotonic()
        longest_s = GUIDED_SLICE_S if builds.is_guided(build) else PLAIN_SLICE_S
        slice_s = min(longest_s, seconds - state.done_s)
        (_guided_slice if builds.is_guided(build) else _plain_slice)(state, build, slice_s, stop)
        state.done_s += time.monotonic() - begun
        state.keep()
        print(f"{_line(state)}", flush=True)
    return state


def _line(state: State) -> str:
    covered = (
        f"{state.covered} edges, {state.features} features" if state.features else "coverage not measured"
    )
    return (
        f"{state.way}: {state.done_s / 60:.1f} minutes, {state.inputs} inputs, {covered}, "
        f"{len(state.findings)} kinds of findings"
    )


def run(ways: list[str], seconds: float, processes: int) -> int:
    """Each of these ways for so long, some at a time; the exit code tells whether anything was found."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    possible = []
    for way in ways:
        try:
            builds.make(WAYS[way])
            possible.append(way)
        except builds.BuildError as error:
            print(f"{way}: left out: {error}", flush=True)
    with ThreadPoolExecutor(processes) as pool:
        going = [pool.submit(_go, way, seconds, stop) for way in possible]
        try:
            states = [one.result() for one in going]
        except KeyboardInterrupt:
            stop.set()
            states = [one.result() for one in going]
    print("\nway, time, inputs, coverage, findings:")
    for state in states:
        print(_line(state))
        for kind, count in sorted(state.findings.items()):
            print(f"    {count} x {kind}")
        for path in kept(state.way):
            print(f"    {path.relative_to(builds.ROOT)}, told of in {path.with_suffix('.txt').name}")
    if any(state.findings for state in states):
        print("Beside each of these files is a .txt: the command that replays it, and what happened.")
        return 1
    return 0 if len(possible) == len(ways) else 3
