"""Where misses and false alarms came from: what was going on when and where they happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nightside.engine.scoring import Told, True_, overlap_s
from nightside.scenes.happenings import Injection, Noise

AFTER_S = 900
"""A disturbance may show this long after it is over (a transfer, a gap until the next table)."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A false alarm: told episodes of one country that hang together in time, while nothing true was going on."""

    block: int
    country: str
    onset: int
    until: int
    worst: Told
    source: str
    what: str


def noise_at(noise: Iterable[Noise], country: str, onset: int, until: int) -> Noise | None:
    """The disturbance that explains most.

    One that names the country comes first, then one that begins or ends where the episode begins, then the
    shortest. That a file came late cannot be seen in an archive that is whole.
    """
    there = [
        n
        for n in noise
        if n.kind != "late_file"
        and n.begin <= until
        and onset <= n.end + AFTER_S
        and (not n.countries or country in n.countries)
    ]

    def far(n: Noise) -> bool:
        return not (0 <= onset - n.begin <= AFTER_S or 0 <= onset - n.end <= AFTER_S)

    return min(there, key=lambda n: (not n.countries, far(n), n.end - n.begin, n.kind), default=None)


def injection_at(injections: Iterable[Injection], country: str, onset: int, until: int) -> Injection | None:
    """The injection of the country that shares most time with a stretch; None where none does."""
    mine = [i for i in injections if i.country == country]
    shared = [
        (overlap_s((i.begin - AFTER_S, i.end + AFTER_S), (onset, max(until, onset + 1))), i) for i in mine
    ]
    best = max(shared, key=lambda s: (s[0], -s[1].number), default=None)
    return best[1] if best is not None and best[0] > 0 else None


def false_alarms(
    told: Sequence[Told],
    true: Sequence[True_],
    noise: Sequence[Noise],
    injections: Sequence[Injection],
) -> list[Alarm]:
    """The false alarms of one country in one block; `true` are all its true episodes, of any severity."""
    alarms = []
    for cluster in _clusters(told):
        onset = min(t.episode.onset for t in cluster)
        until = max(t.until for t in cluster)
        if any(overlap_s((onset, until), (t.onset, t.until)) for t in true):
            continue
        worst = min(cluster, key=lambda t: (t.episode.lowest, t.episode.onset))
        source, what = _source(cluster[0].country, onset, until, noise, injections)
        alarms.append(Alarm(cluster[0].block, cluster[0].country, onset, until, worst, source, what))
    return alarms


def _clusters(told: Sequence[Told]) -> list[list[Told]]:
    clusters: list[list[Told]] = []
    reach = 0
    for one in sorted(told, key=lambda t: (t.episode.onset, -t.until)):
        if clusters and one.episode.onset <= reach:
            clusters[-1].append(one)
        else:
            clusters.append([one])
            reach = 0
        reach = max(reach, one.until)
    return clusters


def _source(
    country: str, onset: int, until: int, noise: Sequence[Noise], injections: Sequence[Injection]
) -> tuple[str, str]:
    injection = injection_at(injections, country, onset, until)
    if injection is not None:
        return f"injection that crosses no threshold ({injection.shape})", injection.note
    disturbance = noise_at(noise, country, onset, until)
    if disturbance is None:
        return "unexplained", ""
    return disturbance.kind, disturbance.what


def false_episode_source(
    told: Told, true: Sequence[True_], noise: Sequence[Noise], injections: Sequence[Injection]
) -> str:
    """Why an episode of a country matches no true one."""
    span = (told.episode.onset, told.until)
    there = [t for t in true if overlap_s((t.onset, t.until), span)]
    if any(t.severity == told.episode.severity for t in there):
        return "one true episode told as several"
    if there:
        return "true at another severity"
    return _source(told.country, *span, noise, injections)[0]


def miss_source(missed: True_, told: Sequence[Told], noise: Sequence[Noise], least_units: int = 0) -> str:
    """Why a true episode of a country matches none that was told by a rule for countries of so many units."""
    if missed.units < least_units:
        return f"a country of fewer than {least_units} units"
    span = (missed.onset, missed.until)
    there = [t for t in told if overlap_s((t.episode.onset, t.until), span)]
    if any(t.episode.severity == missed.severity for t in there):
        why = "told as one with its neighbour"
    elif there:
        why = "told at another severity"
    else:
        why = "not told"
    disturbance = noise_at(noise, missed.country, missed.onset, missed.until)
    return why if disturbance is None else f"{why}; {disturbance.kind}"
