"""A replay whose findings are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nightside.engine.checks.beside import keep_results
from nightside.engine.kept import kept_of, put
from nightside.engine.replay import Replay, replay
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.store.location import default_folder, open_store
from nightside.store.protocol import Store
from nightside.world.by_origin import IN_A_NAME


@dataclass(frozen=True)
class Recorded:
    """What a replay left in the store."""

    stored: list[dict[str, Any]]
    """The incidents as they are in the store now, in the order of began, entity type, code; each once."""
    observed: str
    """What was looked at, in words."""
    store: Path
    new_results: int = 0
    """How many results of checks that lay beside the routes are new in the store."""
    blank: bool = False
    """Whether the input has no network of any that was asked for: then nothing is known of them."""


def keep(store: Store, found: Replay, warn: Callable[[str], None]) -> list[dict[str, Any]]:
    """Store all that a replay found; returns the incidents as they are in the store now."""
    return put(store, kept_of(found, warn))


def replay_into(
    store_folder: Path | None,
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
) -> Recorded:
    """Replay (see `engine.replay.replay`) and keep incidents, with their flips, and samples in the store.

    Results of checks that lie beside the routes are kept too, all of them: those before a range say what answered.
    """
    # A store that cannot be written is better found out before the work than after it.
    with open_store(store_folder) as store:
        found = replay(
            inputs,
            countries=countries,
            asns=asns,
            begin=begin,
            end=end,
            settings=settings,
            warn=warn,
            started=started,
            advance=advance,
            processes=processes,
        )
        stored = keep(store, found, warn)
        new_results = keep_results(
            store, found.checks, reconstruction=found.provenance.reconstruction, warn=warn
        )
    shown = {signal.entity.code for signal in found.signals}
    for code in (*countries, *map(str, asns)):
        if code.upper() not in shown:
            warn(f"{code}: the input has no network of it, so nothing can be told of it")
    seen = found.observation
    peers, collectors = max((v.known for v in seen.view), default=0), len(found.collected.logs)
    whom = "1 country or AS" if len(found.signals) == 1 else f"{len(found.signals)} countries or ASes"
    observed = (
        f"{iso(seen.start)} to {iso(seen.end)}, {whom}, as seen by "
        f"{peers} peer AS{'' if peers == 1 else 'es'} at {collectors} collector{'' if collectors == 1 else 's'}. "
        "What was gone already when this begins cannot be told."
    )
    if settings is not None and settings.country_by in IN_A_NAME:
        observed += f" Countries are taken {IN_A_NAME[settings.country_by]}."
    if new_results:
        observed += (
            f" {new_results:,} result{'' if new_results == 1 else 's'} of checks lay beside the routes."
        )
    return Recorded(stored, observed, store_folder or default_folder(), new_results, blank=not shown)
