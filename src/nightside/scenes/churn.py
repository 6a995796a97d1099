"""Ordinary churn: most of what collectors hear, and none of it an outage."""

from __future__ import annotations

from bisect import bisect_right
from random import Random

from nightside.scenes.paths import Paths
from nightside.scenes.scene import AsPath, Churn, Scene

_KINDS = ("reroute", "prepend", "duplicate", "blink")
_WEIGHTS = (50, 15, 20, 15)
_BACK_S = (120, 5400)
"""How long a re-route or a prepended path lasts."""
_BLINK_S = (15, 90)
_BLINKING_SESSIONS = 2
"""At most so many sessions lose a network in a blink: far from a majority, and from a quarter."""
_SPREAD_S = 30

Changes = list[list[tuple[int, int, AsPath | None]]]


def add_churn(
    scene: Scene,
    stretches: dict[int, list[tuple[int, int]]],
    tables: list[dict[int, AsPath]],
    paths: Paths,
    changes: Changes,
) -> None:
    """Add the changes of every Churn to `changes`; `stretches` are kept free of it, network by network."""
    if not scene.networks:
        return
    sessions = {f: [i for i, (_, s) in enumerate(scene.sessions) if s.family == f] for f in (4, 6)}
    for number, churn in enumerate(h for h in scene.happenings if isinstance(h, Churn)):
        rng = Random(f"{scene.seed}/churn/{number}")
        at = float(churn.begin)
        while True:
            at += rng.expovariate(churn.events_per_hour / 3600)
            if at >= churn.end:
                break
            network = rng.randrange(len(scene.networks))
            family = scene.networks[network].family
            hearing = [i for i in sessions[family] if network in tables[i]]
            kind = rng.choices(_KINDS, _WEIGHTS)[0]
            lasts = rng.randint(*(_BLINK_S if kind == "blink" else _BACK_S))
            end = int(at) + lasts + _SPREAD_S
            if end >= churn.end or not hearing or _meets(stretches.get(network, []), int(at), end):
                continue
            _event(scene, kind, int(at), lasts, network, hearing, tables, paths, rng, changes)


def _event(
    scene: Scene,
    kind: str,
    at: int,
    lasts: int,
    network: int,
    hearing: list[int],
    tables: list[dict[int, AsPath]],
    paths: Paths,
    rng: Random,
    changes: Changes,
) -> None:
    most = min(_BLINKING_SESSIONS, len(hearing) // 8) if kind == "blink" else max(1, len(hearing) * 2 // 3)
    if most == 0:
        return
    for i in sorted(rng.sample(hearing, rng.randint(1, most))):
        session, usual = scene.sessions[i][1], tables[i][network]
        first = at + rng.randint(0, _SPREAD_S)
        path: AsPath | None
        if kind == "reroute":
            path = paths.other(session, scene.networks[network], rng)
        elif kind == "prepend":
            path = paths.prepended(usual)
        else:
            path = usual if kind == "duplicate" else None
        changes[i].append((first, network, path))
        if kind != "duplicate":
            changes[i].append((first + lasts, network, usual))


def _meets(stretches: list[tuple[int, int]], begin: int, end: int) -> bool:
    """Whether [begin, end] meets one of the stretches, which are in order and apart."""
    i = bisect_right(stretches, (end, 1 << 62)) - 1
    return i >= 0 and stretches[i][1] >= begin
