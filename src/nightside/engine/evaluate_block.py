"""One block of the benchmark through the program and through the reference rules; what each told, as small objects."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nightside.detection import reference_exact, reference_ioda
from nightside.detection.reference import PrefixUnits, Recorder
from nightside.engine.analysis import analyse, sight
from nightside.engine.evaluate_input import hear
from nightside.engine.replay import replay
from nightside.engine.subjects import country_subjects
from nightside.incidents.messages import Message, Unstable, known_unstable, messages
from nightside.model.entity import Entity
from nightside.model.incident import Episode
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.scenes.benchmark import Block, TrueEpisode
from nightside.world.snapshot import Snapshot, load

Episodes = dict[str, list[Episode]]
"""By country code."""
Unknown = dict[str, list[tuple[int, int]]]
"""By country code the stretches without sight."""
OURS, IODA, EXACT = "nightside", "ioda", "exact-prefix"
RULES = (OURS, IODA, EXACT)


@dataclass(frozen=True)
class BlockResult:
    """What is true of one block, and what was told of it."""

    block: Block
    units: dict[str, int]
    truth: dict[str, list[TrueEpisode]]
    told: dict[str, Episodes]
    """By rule."""
    unknown: Unknown
    """Where our view was broken."""
    end: int
    messages: dict[str, list[Message]] | None
    """As they would have been sent, where that was asked for."""


def run_block(block: Block, settings: Settings, as_live: bool) -> BlockResult:
    """Everything about one block. The same block gives the same result in whatever process."""
    snapshot = load()
    recorder = Recorder([[p.asn for p in peers] for peers in block.sessions], len(block.prefixes()[0]))
    end = block.end
    if block.through_mrt:
        ours, unknown = _through_mrt(block, settings)
        hear(block, snapshot, settings, (recorder,), as_live=False)
    else:
        seen = _stream(block, snapshot, settings, recorder)
        ours, unknown, end = seen.episodes, seen.unknown, seen.end
    sent = None
    if as_live:
        live = _stream(block, snapshot, settings, None)
        sent = {
            code: messages(
                Entity("country", code, code),
                live.episodes.get(code, []),
                live.unstable.get(code, []),
                settings,
                end,
            )
            for code in sorted({*live.episodes, *live.unstable})
        }
    told = {OURS: ours, **_references(block, snapshot, settings, recorder)}
    return BlockResult(block, block.countries(), block.truth(settings), told, unknown, end, sent)


@dataclass(frozen=True)
class _Seen:
    episodes: Episodes
    unstable: dict[str, list[Unstable]]
    unknown: Unknown
    end: int


def _stream(block: Block, snapshot: Snapshot, settings: Settings, recorder: Recorder | None) -> _Seen:
    """The block as columns; without a recorder as somebody hears it live."""
    listeners = () if recorder is None else (recorder,)
    collected = hear(block, snapshot, settings, listeners, as_live=recorder is None)
    subjects = country_subjects(snapshot, [])
    seen = sight(collected, snapshot, [subjects], settings)
    if seen is None:
        return _Seen({}, {}, {c: [(block.begin, block.end)] for c in block.countries()}, block.end)
    analysis = analyse(seen, subjects, settings)
    return _Seen(
        {d.signal.entity.code: d.detection.episodes for d in analysis.detected if d.detection.episodes},
        {
            d.signal.entity.code: known_unstable(d.instability, d.losses, settings)
            for d in analysis.detected
            if d.instability
        },
        _unknown(analysis.signals),
        seen.observation.end,
    )


def _unknown(signals: Sequence[Signal]) -> Unknown:
    return {s.entity.code: [(u.begin, u.end) for u in (*s.unknown, *s.in_doubt)] for s in signals}


def _through_mrt(block: Block, settings: Settings) -> tuple[Episodes, Unknown]:
    """The block as files, read by the ordinary program."""
    with tempfile.TemporaryDirectory(prefix="nightside-evaluate-") as folder:
        archive = Path(folder) / "archive"
        block.write(archive)
        found = replay([archive], settings=settings)
    episodes: Episodes = defaultdict(list)
    for incident, _series in found.incidents:
        episodes[incident.entity.code] += incident.episodes
    return dict(episodes), _unknown(found.signals)


def _references(
    block: Block, snapshot: Snapshot, settings: Settings, recorder: Recorder
) -> dict[str, Episodes]:
    hi, length = block.prefixes()
    prefixes = PrefixUnits(hi, length, np.asarray(snapshot.ipv4))
    log = recorder.log()
    steps = reference_ioda.visible_units(log, prefixes, block.begin, len(snapshot.codes))
    ioda = {
        snapshot.codes[n]: reference_ioda.alerts(mine, block.begin, block.end) for n, mine in steps.items()
    }
    exact = reference_exact.episodes(
        log,
        prefixes,
        block.begin,
        block.end,
        {
            "partial": lambda share: share < settings.partial_below,
            "severe": lambda share: share < settings.severe_below,
            "total": lambda share: share <= settings.total_at,
        },
    )
    return {
        IODA: {code: mine for code, mine in sorted(ioda.items()) if code and mine},
        EXACT: {snapshot.codes[n]: mine for n, mine in exact.items() if snapshot.codes[n]},
    }
