"""What a checking was asked for: whose targets, by which canaries, from which place, how often."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from nightside import __version__
from nightside.checks.names import Resolver
from nightside.checks.probe import Probe
from nightside.checks.schedule import LONGEST_EVERY_S, SHORTEST_EVERY_S, plan, plan_once
from nightside.checks.targets import TargetFile, canaries, targets_of
from nightside.engine.checks.kept import Keep
from nightside.engine.checks.runner import Rounds, Told
from nightside.model.errors import UsageError
from nightside.sources.endpoints import LONGEST_WORD, config_file, read_endpoints
from nightside.world.names import require_country

DEFAULT_EVERY_S = 60.0
NAMES_KEPT_SHARE = 0.9
"""So much of a round an answer about a name stands: a host's checks ask once, and the next round asks anew."""
NAMES_KEPT_S = 60.0
"""And never longer than this."""

_EVERY = re.compile(r"(\d{1,5})(s|m|h)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}
FILES_OF_A_CHECK = 2
"""Descriptors: its connection, and one while it looks up a name."""


@dataclass(frozen=True, slots=True)
class AskedChecks:
    """Checked: what is named here is there."""

    file: TargetFile
    canaries: TargetFile
    place: str
    contact: str | None
    open_at_once: int


def asked_checks(country_or_file: str, place: str | None) -> AskedChecks:
    """Read the targets of a country or file, the canaries, and the settings of this place.

    One's own files are in the folder `targets` beside the configuration file. Raises UsageError or InputError.
    """
    settings = read_endpoints()
    if place is not None and (not place.strip() or not place.isprintable() or len(place) > LONGEST_WORD):
        raise UsageError(f"--place {place[:20]!r} is no name", advice="One line of at most 100 characters.")
    folders = [config_file().parent / "targets"]
    file = targets_of(country_or_file, folders)
    require_country(file.country)
    return AskedChecks(
        file, canaries(folders), place or settings.place, settings.check_contact, settings.check_open
    )


def every_s(text: str | None) -> float:
    """The seconds of `60s`, `5m`, `1h`. Raises UsageError where it is none of these, or too short or long."""
    if text is None:
        return DEFAULT_EVERY_S
    said = _EVERY.fullmatch(text.strip())
    advice = f"Write 60s, 5m or 1h; {SHORTEST_EVERY_S:g}s is the shortest: who checks more often is a burden."
    if said is None:
        raise UsageError(f"--every {text[:20]!r} is no time", advice=advice)
    seconds = float(int(said[1]) * _UNIT_S[said[2]])
    if not SHORTEST_EVERY_S <= seconds <= LONGEST_EVERY_S:
        raise UsageError(
            f"--every {text} is too {'often' if seconds < SHORTEST_EVERY_S else 'seldom'}", advice=advice
        )
    return seconds


def user_agent(contact: str | None) -> str:
    """What each request says of us: the program and its version, and who can be asked."""
    asked = f"; contact: {contact}" if contact else ""
    return f"nightside/{__version__} (outage observatory; checks whether services answer{asked})"


def rounds_of(
    asked: AskedChecks,
    every: float | None,
    *,
    keep: Keep,
    warn: Callable[[str], None],
    told: Told,
    began: Callable[[int, int], None],
) -> Rounds:
    """The rounds to run; `every` in seconds, None: one round. Says what does not fit into a round."""
    targets = [*asked.file.targets, *asked.canaries.targets]
    planned = plan_once(targets) if every is None else plan(targets, every)
    seldom = max((one.stride for one in planned), default=1)
    if seldom > 1:
        warn(
            "a host has more targets of one kind than fit into a round, 10 s apart: some are checked every "
            f"{seldom} rounds"
        )
    names = Resolver() if every is None else Resolver(keep_s=min(NAMES_KEPT_S, NAMES_KEPT_SHARE * every))
    probe = Probe(asked.place, names, time.time, user_agent(asked.contact))
    return Rounds(
        planned=planned,
        every_s=every,
        probes={
            "": replace(probe, allow_private=asked.canaries.allow_private),
            asked.file.country: replace(probe, allow_private=asked.file.allow_private),
        },
        keep=keep,
        warn=warn,
        told=told,
        began=began,
        open_at_once=_descriptors_for(min(asked.open_at_once, len(planned)), warn),
    )


def _descriptors_for(checks: int, warn: Callable[[str], None]) -> int:
    """How many checks may be open at once: this process may have so many files, raised as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = checks * FILES_OF_A_CHECK + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return max(checks, 1)
    fewer = max(1, (soft - 256) // FILES_OF_A_CHECK)
    warn(f"this system allows {soft} open files: {fewer} checks at once, not {checks}")
    return fewer


def _now() -> float:
    """To the millisecond: a result is known by its time, in a store and in a line."""
    return round(time.time(), 3)
