"""`evaluate`: the benchmark through the program and the reference rules, scored; the result as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from nightside import __version__
from nightside.detection import reference_ioda
from nightside.engine.evaluate_block import EXACT, IODA, OURS, RULES, BlockResult, run_block
from nightside.engine.evaluate_live import live_figures
from nightside.engine.executors.local import cores
from nightside.engine.scoring import (
    Score,
    Told,
    True_,
    end_instants,
    onset_instants,
    score_country,
    wholly_inside,
)
from nightside.engine.scoring_figures import alarm_rate, compare, instants, rows
from nightside.engine.scoring_goals import goals
from nightside.engine.scoring_sources import (
    Alarm,
    false_alarms,
    false_episode_source,
    injection_at,
    miss_source,
)
from nightside.model.instants import iso, iso_or_none
from nightside.model.settings import Settings
from nightside.scenes.benchmark import Block, made_up_routes, plan, read_routes

SCHEMA = "nightside.evaluation/1"
MOST_LISTED = 200
"""Misses and false episodes that are listed one by one; all are counted."""
DAY_S = 86_400
SEVERITIES_TOLD = {OURS: True, IODA: False, EXACT: True}
"""Whether a rule tells partial outages."""
LEAST_UNITS = {OURS: 0, IODA: reference_ioda.LEAST_UNITS, EXACT: 0}
"""The smallest country that a rule watches."""


@dataclass(frozen=True)
class Asked:
    """What an evaluation was asked for; with the version it is all that the figures depend on."""

    outages: int
    quiet_days: int
    seed: int
    peers: int
    table: Path | None
    """None: the made-up world."""
    as_live: bool


def evaluate(
    asked: Asked,
    *,
    settings: Settings | None = None,
    processes: int | None = None,
    started: Callable[[int], None] = lambda _blocks: None,
    advance: Callable[[int], None] = lambda _blocks: None,
) -> dict[str, Any]:
    """The figures as `nightside.evaluation/1`; they do not depend on `processes` (None: as many as there are cores).

    Raises the errors of `scenes.benchmark.plan` and `read_routes`."""
    rules = settings or Settings()
    routes = made_up_routes(asked.seed) if asked.table is None else read_routes(asked.table)
    blocks = plan(
        routes, outages=asked.outages, quiet_days=asked.quiet_days, seed=asked.seed, peers=asked.peers
    )
    started(len(blocks))
    results = sorted(
        _run(blocks, rules, asked.as_live, processes or cores(), advance), key=lambda r: r.block.number
    )
    return report(asked, results, rules, prefixes=len(routes))


def _run(
    blocks: Sequence[Block],
    settings: Settings,
    as_live: bool,
    processes: int,
    advance: Callable[[int], None],
) -> Iterator[BlockResult]:
    """The blocks in so many processes, the longest first; results in the order in which they are done."""
    processes = min(processes, len(blocks))
    if processes <= 1:
        for block in blocks:
            yield run_block(block, settings, as_live)
            advance(1)
        return
    longest = sorted(blocks, key=lambda b: (b.begin - b.end, b.number))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(run_block, block, settings, as_live) for block in longest]
        for done in as_completed(waiting):
            yield done.result()
            advance(1)


@dataclass(frozen=True)
class _Scored:
    """One rule over all blocks."""

    score: Score
    alarms: list[tuple[Alarm, bool]]
    """With whether the block was a quiet one."""
    misses: list[tuple[True_, str]]
    false: list[tuple[Told, str]]


def report(
    asked: Asked, results: Sequence[BlockResult], settings: Settings, *, prefixes: int
) -> dict[str, Any]:
    """The results of all blocks as `nightside.evaluation/1`; no clock and no machine in it."""
    scored = {rule: _score(rule, results) for rule in RULES}
    ours = scored[OURS]
    quiet_days = _country_days(r for r in results if not r.block.injections)
    all_days = _country_days(results)
    true_seen = len(ours.score.pairs) + len(ours.score.missed)
    blind = len(ours.score.blind)
    figures = {
        "schema": SCHEMA,
        "version": __version__,
        "asked": {
            "outages": asked.outages,
            "quiet_days": asked.quiet_days,
            "seed": asked.seed,
            "peers": asked.peers,
            "table": asked.table.name if asked.table else None,
            "as_live": asked.as_live,
        },
        "world": _world(results, prefixes),
        "rules": [
            {
                "name": rule,
                "tells_partial": SEVERITIES_TOLD[rule],
                "rows": rows(one.score),
                "onset": instants(onset_instants(one.score.pairs)),
                "end": instants(end_instants(one.score.pairs)),
                "false_alarms": {
                    "quiet": alarm_rate(sum(quiet for _a, quiet in one.alarms), quiet_days),
                    "all": alarm_rate(len(one.alarms), all_days),
                    "sources": _counted(a.source for a, _quiet in one.alarms),
                },
                "false_episodes": _counted(why for _t, why in one.false),
                "misses": _counted(why for _t, why in one.misses),
            }
            for rule, one in scored.items()
        ],
        "unseen": {
            "episodes": blind,
            "share": round(blind / (true_seen + blind), 6) if true_seen + blind else None,
        },
        "comparison": compare([(rule, scored[rule].score, SEVERITIES_TOLD[rule]) for rule in RULES]),
        "as_live": live_figures(results) if asked.as_live else None,
        "missed": [_true_json(t, why) for t, why in ours.misses[:MOST_LISTED]],
        "false": [_told_json(t, why) for t, why in ours.false[:MOST_LISTED]],
        "alarms": [_alarm_json(a, quiet) for a, quiet in ours.alarms[:MOST_LISTED]],
        "settings": settings.to_json(),
    }
    return {**figures, "goals": goals(figures)}


def _score(rule: str, results: Sequence[BlockResult]) -> _Scored:
    whole = Score([], [], [], [])
    alarms: list[tuple[Alarm, bool]] = []
    misses: list[tuple[True_, str]] = []
    false: list[tuple[Told, str]] = []
    for result in results:
        block = result.block
        for country in sorted({*result.truth, *result.told[rule]}):
            true, told = true_episodes(result, country), told_episodes(result, rule, country)
            if not SEVERITIES_TOLD[rule]:
                true = [t for t in true if t.severity != "partial"]
            score = score_country(true, told)
            whole.pairs.extend(score.pairs)
            whole.missed.extend(score.missed)
            whole.blind.extend(score.blind)
            whole.false.extend(score.false)
            everything = true_episodes(result, country)
            misses += [(t, miss_source(t, told, block.noise, LEAST_UNITS[rule])) for t in score.missed]
            false += [
                (t, false_episode_source(t, everything, block.noise, block.injections)) for t in score.false
            ]
            found = false_alarms(told, everything, block.noise, block.injections)
            alarms += [(a, not block.injections) for a in found]
    return _Scored(whole, alarms, misses, false)


def true_episodes(result: BlockResult, country: str) -> list[True_]:
    """The true episodes of a country in one block."""
    block = result.block
    found = []
    for episode in result.truth.get(country, []):
        until = result.end if episode.end is None else episode.end
        injection = injection_at(block.injections, country, episode.onset, until)
        found.append(
            True_(
                block.number,
                country,
                episode.severity,
                episode.onset,
                episode.end,
                until,
                result.units.get(country, 0),
                injection.shape if injection else "none",
                wholly_inside(episode.onset, episode.end, result.unknown.get(country, [])),
            )
        )
    return found


def told_episodes(result: BlockResult, rule: str, country: str) -> list[Told]:
    """What one rule told of a country in one block."""
    block = result.block
    found = []
    for episode in result.told[rule].get(country, []):
        until = result.end if episode.end is None else episode.end
        injection = injection_at(block.injections, country, episode.onset, until)
        shape = injection.shape if injection else "none"
        found.append(Told(block.number, country, episode, until, result.units.get(country, 0), shape))
    return found


def _country_days(results: Sequence[BlockResult] | Iterator[BlockResult]) -> float:
    return sum(len(r.units) * (r.block.end - r.block.begin) / DAY_S for r in results)


def _counted(names: Iterator[str]) -> list[dict[str, Any]]:
    counts = Counter(names)
    return [{"source": name, "count": n} for name, n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]


def _world(results: Sequence[BlockResult], prefixes: int) -> dict[str, Any]:
    injections = [(r, i) for r in results for i in r.block.injections]
    crossed = sum(
        any(
            e.onset < i.end + DAY_S and (e.end or r.end) > i.begin - DAY_S for e in r.truth.get(i.country, [])
        )
        for r, i in injections
    )
    noise = Counter(n.kind for r in results for n in r.block.noise)
    return {
        "prefixes": prefixes,
        "countries": len({c for r in results for c in r.units}),
        "blocks": len(results),
        "blocks_through_mrt": sum(r.block.through_mrt for r in results),
        "days": round(sum(r.block.end - r.block.begin for r in results) / DAY_S, 3),
        "injections": len(injections),
        "injections_that_cross": crossed,
        "injections_through_mrt": sum(r.block.through_mrt for r, _i in injections),
        "injected_countries": len({i.country for _r, i in injections}),
        "true_episodes": sum(len(t) for r in results for t in r.truth.values()),
        "noise": dict(sorted(noise.items())),
    }


def _true_json(one: True_, why: str) -> dict[str, Any]:
    return {
        "block": one.block,
        "country": one.country,
        "units": one.units,
        "severity": one.severity,
        "onset": iso(one.onset),
        "end": iso_or_none(one.end),
        "shape": one.shape,
        "why": why,
    }


def _told_json(one: Told, why: str) -> dict[str, Any]:
    return {
        "block": one.block,
        "country": one.country,
        "units": one.units,
        "severity": one.episode.severity,
        "onset": iso(one.episode.onset),
        "end": iso_or_none(one.episode.end),
        "lowest": round(one.episode.lowest, 6),
        "shape": one.shape,
        "why": why,
    }


def _alarm_json(one: Alarm, quiet: bool) -> dict[str, Any]:
    return {
        "block": one.block,
        "country": one.country,
        "units": one.worst.units,
        "severity": one.worst.episode.severity,
        "onset": iso(one.onset),
        "until": iso(one.until),
        "lowest": round(one.worst.episode.lowest, 6),
        "quiet_day": quiet,
        "source": one.source,
        "what": one.what,
    }
