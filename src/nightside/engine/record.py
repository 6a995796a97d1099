"""A replay whose findings are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.engine.checks.beside import keep_results
from nightside.engine.kept import kept_of, kept_with, put
from nightside.engine.replay import Replay, replay
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.store.location import StoreLocation, default_store, open_store
from nightside.store.protocol import Store
from nightside.world.by_origin import IN_A_NAME


@dataclass(frozen=True)
class Recorded:
    """What a replay left in the store."""

    stored: list[dict[str, Any]]
    """The incidents as they are in the store now, in the order of began, entity type, code; each once."""
    observed: str
    """What was looked at, in words."""
    store: StoreLocation
    new_results: int = 0
    """How many results of checks that lay beside the routes are new in the store."""
    blank: bool = False
    """Whether the input has no network of any that was asked for: then nothing is known of them."""


def keep(store: Store, found: Replay, warn: Callable[[str], None]) -> list[dict[str, Any]]:
    """Store all that a replay found; returns the incidents as they are in the store now."""
    return put(store, kept_of(found, warn))


def replay_into(
    store_folder: StoreLocation | None,
    inputs: Sequence[Path],
    *,
    countries: Sequence[str] = (),
    asns: Sequence[int] = (),
    begin: int | None = None,
    end: int | None = None,
    settings: Settings | None = None,
    warn: Callable[[str], None],
    started: Callable[[int], None],
    advance: Callable[[int], None],
    processes: int | None = 1,
    engine: str | None = None,
) -> Recorded:
    """Replay (see `engine.replay.replay`) and keep incidents, with their flips, and samples in the store.

    Results of checks that lie beside the routes are kept too, all of them: those before a range say what answered.
    `engine`: who does the work, by the words of `open_executor`; what is found is the same.
    """
    settings = settings or Settings()
    asked = _Asked(inputs, countries, asns, begin, end, settings, warn, started)
    # A store that cannot be written is better found out before the work than after it.
    with open_store(store_folder) as store:
        if engine in (None, "local"):
            found = _here(asked, store, advance, processes)
        else:
            found = _on_workers(asked, store, advance, processes, engine)
        new_results = keep_results(store, found.checks, reconstruction=found.reconstruction, warn=warn)
    for code in (*countries, *map(str, asns)):
        if code.upper() not in found.shown:
            warn(f"{code}: the input has no network of it, so nothing can be told of it")
    whom = "1 country or AS" if len(found.shown) == 1 else f"{len(found.shown)} countries or ASes"
    observed = (
        f"{iso(found.start)} to {iso(found.end)}, {whom}, as seen by "
        f"{found.peers} peer AS{'' if found.peers == 1 else 'es'} at {found.collectors} "
        f"collector{'' if found.collectors == 1 else 's'}. "
        "What was gone already when this begins cannot be told."
    )
    if settings.country_by in IN_A_NAME:
        observed += f" Countries are taken {IN_A_NAME[settings.country_by]}."
    if new_results:
        observed += (
            f" {new_results:,} result{'' if new_results == 1 else 's'} of checks lay beside the routes."
        )
    return Recorded(
        found.stored, observed, store_folder or default_store(), new_results, blank=not found.shown
    )


@dataclass(frozen=True)
class _Asked:
    inputs: Sequence[Path]
    countries: Sequence[str]
    asns: Sequence[int]
    begin: int | None
    end: int | None
    settings: Settings
    warn: Callable[[str], None]
    started: Callable[[int], None]


@dataclass(frozen=True)
class _Found:
    """What was found, and is in the store now."""

    stored: list[dict[str, Any]]
    shown: list[str]
    """The codes of all that had a network."""
    start: int
    end: int
    peers: int
    collectors: int
    checks: list[Path]
    reconstruction: bool


def _here(asked: _Asked, store: Store, advance: Callable[[int], None], processes: int | None) -> _Found:
    found = replay(
        asked.inputs,
        countries=asked.countries,
        asns=asked.asns,
        begin=asked.begin,
        end=asked.end,
        settings=asked.settings,
        warn=asked.warn,
        started=asked.started,
        advance=advance,
        processes=processes,
    )
    seen = found.observation
    return _Found(
        stored=keep(store, found, asked.warn),
        shown=[signal.entity.code for signal in found.signals],
        start=seen.start,
        end=seen.end,
        peers=max((v.known for v in seen.view), default=0),
        collectors=len(found.collected.logs),
        checks=found.checks,
        reconstruction=found.provenance.reconstruction,
    )


def _on_workers(
    asked: _Asked, store: Store, advance: Callable[[int], None], processes: int | None, engine: str | None
) -> _Found:
    from nightside.engine.executors.open import open_executor
    from nightside.engine.shards.sharded import clear, replay_on

    place = store.files.child("work")
    with open_executor(engine, processes, advance=advance, warn=asked.warn) as executor:
        found, flips = replay_on(
            executor,
            place,
            asked.inputs,
            countries=asked.countries,
            asns=asked.asns,
            begin=asked.begin,
            end=asked.end,
            settings=asked.settings,
            warn=asked.warn,
            started=asked.started,
        )
        stored = put(store, kept_with(found, flips))
        clear(place, found)
    return _Found(
        stored=stored,
        shown=[signal.entity.code for signal in found.signals],
        start=found.start,
        end=found.end,
        peers=found.most_known,
        collectors=found.collectors,
        checks=found.checks,
        reconstruction=found.provenance.reconstruction,
    )
