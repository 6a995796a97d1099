"""What all collectors of an input saw, of those who are asked about: the way that a replay and windows share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nightside.engine.analysis import Sight, sight
from nightside.engine.collect import Collected, collect
from nightside.engine.country_by import by_basis, require_basis
from nightside.engine.files import bytes_to_read
from nightside.engine.subjects import Subjects, as_subject, country_subjects
from nightside.engine.world_of_day import World, world_of_day, world_of_input
from nightside.model.errors import InputError, UsageError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.signals.clocks import ClockOff, Crossings, clocks_off, crossings
from nightside.sources.layout import Found, find_inputs
from nightside.world.names import require_country
from nightside.world.snapshot import Snapshot


@dataclass(frozen=True)
class Seen:
    """An input, the map it was read with, and what was seen."""

    found: Found
    snapshot: Snapshot
    collected: Collected
    subjects: list[Subjects]
    """Who was asked about."""
    sight: Sight


def see(
    inputs: Sequence[Path],
    *,
    countries: Sequence[str],
    asns: Sequence[int],
    begin: int | None,
    end: int | None,
    settings: Settings,
    warn: Callable[[str], None],
    started: Callable[[int], None] = lambda _total_bytes: None,
    advance: Callable[[int], None] = lambda _bytes: None,
    processes: int | None = 1,
    world: World = world_of_day,
) -> Seen:
    """Read files or folders, and judge who saw what; parameters and errors as `engine.replay.replay` has them."""
    opened = open_inputs(inputs, countries, begin, end, settings, world)
    found, snapshot = opened.found, opened.snapshot
    started(bytes_to_read(found))
    collected = collect(
        found, snapshot, settings, begin=begin, end=end, warn=warn, advance=advance, processes=processes
    )
    looked = look(collected, snapshot, opened.codes, asns, begin, settings)
    observation = looked.sight.observation
    told_of = crossings_in(looked.sight)
    for text in what_to_warn_of(observation.start, observation.end, begin, told_of):
        warn(text)
    return Seen(found, looked.snapshot, looked.collected, looked.subjects, looked.sight)


@dataclass(frozen=True)
class Opened:
    """What there is to read, and the map to read it with."""

    found: Found
    snapshot: Snapshot
    codes: list[str]
    """The countries that were named."""


def open_inputs(
    inputs: Sequence[Path],
    countries: Sequence[str],
    begin: int | None,
    end: int | None,
    settings: Settings,
    world: World = world_of_day,
) -> Opened:
    """Find what was given; `world` gives the map.

    Raises UsageError where something was asked that cannot be, and InputError.
    """
    require_basis(settings)
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"--from {iso(begin)} is not before --to {iso(end)}", advice="Swap them.")
    codes = [require_country(c) for c in countries]
    found = find_inputs([Path(i) for i in inputs])
    return Opened(found, world_of_input(found, begin, end, settings.table_margin_s, world), codes)


@dataclass(frozen=True)
class Looked:
    """What collectors told, judged; the map and the prefixes' countries are those of `Settings.country_by`."""

    snapshot: Snapshot
    collected: Collected
    subjects: list[Subjects]
    sight: Sight


def look(
    collected: Collected,
    snapshot: Snapshot,
    codes: Sequence[str],
    asns: Sequence[int],
    begin: int | None,
    settings: Settings,
) -> Looked:
    """Judge what was seen of these; raises InputError where nobody's routes are known, or nothing after `begin`."""
    snapshot, collected = by_basis(collected, snapshot, settings)
    subjects = _subjects(codes, asns, snapshot, collected, settings)
    seen = sight(collected, snapshot, subjects, settings, home_asns=frozenset(asns))
    if seen is None:
        raise InputError(
            "no table and no table transfer in the input: nobody's routes are known",
            advice="Give a table too (bview.… or rib.…) from before the updates.",
        )
    if begin is not None and seen.observation.end <= begin:
        raise InputError(
            f"the input ends at {iso(seen.observation.end)}, before --from {iso(begin)}",
            advice="Choose an earlier --from, or give later files.",
        )
    return Looked(snapshot, collected, subjects, seen)


def crossings_in(seen: Sight) -> Crossings:
    """What the collectors' clocks can be told by."""
    return crossings(seen.timeline, seen.observation, seen.collected.prefix_table)


def what_to_warn_of(start: int, end: int, begin: int | None, told_of: Crossings) -> list[str]:
    """What is to be said of an input that was seen from `start` to `end`, and asked about from `begin` on."""
    late = begin is not None and start > begin
    return [f"nothing is known before {iso(start)}, the first table in the input"] * late + [
        _of_clock(off) for off in clocks_off(told_of, start, end)
    ]


def _of_clock(off: ClockOff) -> str:
    ahead = "ahead of" if off.offset_s > 0 else "behind"
    return (
        f"{off.collector}: its clock seems {abs(off.offset_s)} s {ahead} the other collectors' from "
        f"{iso(off.begin)} to {iso(off.end)} (by {off.events} events); its times are taken as they are"
    )


def _subjects(
    codes: Sequence[str], asns: Sequence[int], snapshot: Snapshot, collected: Collected, settings: Settings
) -> list[Subjects]:
    subjects = [country_subjects(snapshot, codes)] if codes or not asns else []
    return subjects + [as_subject(n, collected, settings.shortest_cover_ipv4) for n in sorted(set(asns))]
