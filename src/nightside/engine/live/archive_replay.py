"""A replay in a process of its own: of low priority, of bounded memory, and gone when whoever asked for it is gone."""

from __future__ import annotations

import asyncio
import os
import pickle
import resource
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Signal

if TYPE_CHECKING:
    import pyarrow as pa

NICENESS = 15
MOST_BYTES = 4 * 1024**3
"""Of memory of its own; with more it ends, and nothing else does."""
TOLD_BYTES = 2000
"""So much of its last words is passed on."""


@dataclass(frozen=True)
class Job:
    """What to replay."""

    paths: list[Path]
    countries: list[str]
    asns: list[int]
    begin: int
    end: int
    settings: Settings
    keep_from: int = 0
    """What is over by then was only read to know where things stood."""


@dataclass(frozen=True)
class Replayed:
    """What a replay found, as far as it is kept."""

    incidents: list[tuple[Incident, IncidentSeries]]
    flips: list[pa.Table]
    """Of each incident, in the shape of `Store.put_flips`; none where there are none."""
    signals: list[Signal]
    health: list[Signal]
    baselines: dict[Entity, list[tuple[int, int]]]
    begin: int
    end: int
    """What was seen lies within these seconds."""
    most_expected: int
    """The most peer ASes that were expected at any time of it."""
    provenance: Provenance
    warnings: list[str] = field(default_factory=list)


def do(job: Job) -> Replayed:
    """The replay itself. Raises the errors of `engine.replay.replay`."""
    from nightside.engine.flips import incident_flips
    from nightside.engine.replay import replay
    from nightside.engine.since import since

    warnings: list[str] = []
    found = replay(
        job.paths,
        countries=job.countries,
        asns=job.asns,
        begin=job.begin,
        end=job.end,
        settings=job.settings,
        warn=warnings.append,
    )
    seen = found.observation
    found = since(found, job.keep_from)
    return Replayed(
        incidents=found.incidents,
        flips=list(incident_flips(found, job.settings, warnings.append)),
        signals=found.signals,
        health=found.health,
        baselines=found.baselines,
        begin=seen.start,
        end=seen.end,
        most_expected=max((step.expected for step in seen.view), default=0),
        provenance=found.provenance,
        warnings=warnings,
    )


async def replay_apart(job: Job) -> Replayed:
    """Do it in a process of its own, which ends when this is cancelled.

    Raises NightsideError where it ended otherwise than well.
    """
    with tempfile.TemporaryDirectory(prefix="nightside-") as folder:
        wish, answer, words = Path(folder, "wish"), Path(folder, "answer"), Path(folder, "words")
        wish.write_bytes(pickle.dumps(job))
        with words.open("wb") as last_words:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                str(wish),
                str(answer),
                # It reads from there until we are gone.
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=last_words,
            )
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if code != 0:
            said = words.read_bytes()[-TOLD_BYTES:].decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"it ended with {code}"
            raise NightsideError(f"the replay of {len(job.paths)} files did not end well: {why}")
        found = await asyncio.to_thread(lambda: pickle.loads(answer.read_bytes()))
        if isinstance(found, Replayed):
            return found
        raise NightsideError(str(found))


def _end_with_parent() -> None:
    # Not by `sys.stdin`: its lock would be held when this process ends.
    while os.read(0, 1):
        pass
    os._exit(1)


def main(wish: Path, answer: Path) -> None:
    """What the process does."""
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    with suppress(OSError):
        # Where memory is short, this goes first.
        Path("/proc/self/oom_score_adj").write_text("800")
    job = pickle.loads(wish.read_bytes())
    found: Replayed | str
    try:
        found = do(job)
    except NightsideError as error:
        found = str(error).splitlines()[0]
    answer.write_bytes(pickle.dumps(found, protocol=5))


if __name__ == "__main__":
    # Under its own name, so that what is pickled is found again.
    from nightside.engine.live.archive_replay import main as run

    run(Path(sys.argv[1]), Path(sys.argv[2]))
