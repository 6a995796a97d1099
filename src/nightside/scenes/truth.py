"""The truth of a scene, by this room's own short reading of docs/definitions.md.

It knows who lost which network when, before resets, missing files, churn and bytes, and shares no code
with the program's own view. Units of both families are counted together; the baseline is the first table.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from nightside.model.settings import Settings
from nightside.scenes.losses import all_losses, lay_out
from nightside.scenes.scene import Scene, Severity

Steps = list[tuple[int, float]]
"""(second, share of the baseline's units from then on), in order of time."""


@dataclass(frozen=True, slots=True)
class TrueEpisode:
    """One stretch below one threshold; `end` is None where the scene ends before ten minutes above it."""

    severity: Severity
    onset: int
    end: int | None


def truth(scene: Scene, settings: Settings | None = None) -> dict[str, list[TrueEpisode]]:
    """The episodes of every country of the scene that has any, in order of onset, the shallower first."""
    rules = settings or Settings()
    below: dict[Severity, Callable[[float], bool]] = {
        "partial": lambda share: share < rules.partial_below,
        "severe": lambda share: share < rules.severe_below,
        "total": lambda share: share <= rules.total_at,
    }
    found: dict[str, list[TrueEpisode]] = {}
    for country, steps in shares(scene, rules).items():
        episodes = [
            TrueEpisode(severity, onset, end)
            for severity, is_below in below.items()
            for onset, end in _stretches(steps, is_below, rules.end_confirmed_s, scene.end)
        ]
        if episodes:
            found[country] = sorted(episodes, key=lambda e: e.onset)
    return found


def shares(scene: Scene, rules: Settings) -> dict[str, Steps]:
    """The share of reachable units of every country that ever loses a unit."""
    units = {network.prefix: network.units() for network in scene.networks}
    baseline: dict[str, set[str]] = defaultdict(set)
    covers: Counter[str] = Counter()
    for network in scene.networks:
        baseline[network.country] |= units[network.prefix]
        covers.update(units[network.prefix])
    reachable = {country: len(all_units) for country, all_units in baseline.items()}
    steps: dict[str, Steps] = {}
    for at, number, is_visible in visibility(scene, rules.visible_share):
        network = scene.networks[number]
        for unit in units[network.prefix]:
            covers[unit] += 1 if is_visible else -1
            if covers[unit] == (1 if is_visible else 0):
                reachable[network.country] += 1 if is_visible else -1
        of_country = steps.setdefault(network.country, [(scene.begin, 1.0)])
        share = reachable[network.country] / len(baseline[network.country])
        if of_country[-1][0] == at:
            of_country.pop()
        of_country.append((at, share))
    return steps


def visibility(scene: Scene, visible_share: float) -> list[tuple[int, int, bool]]:
    """(second, network, whether it is visible from then on), at the end of each second, in order."""
    moves: dict[int, list[tuple[int, int, bool]]] = defaultdict(list)
    for place, turns in enumerate(lay_out(scene, all_losses(scene))):
        if scene.sessions[place][1].full:
            for turn in turns:
                moves[turn.network].append((turn.at, place, turn.present))
    crossings = []
    for number, of_network in moves.items():
        family = scene.networks[number].family
        voters = scene.voters(family)
        has = {i for i, (_, s) in enumerate(scene.sessions) if s.full and s.family == family}
        of_network.sort()
        was = True
        for i, (at, place, present) in enumerate(of_network):
            (has.add if present else has.discard)(place)
            if i + 1 < len(of_network) and of_network[i + 1][0] == at:
                continue
            votes = len({scene.sessions[p][1].asn for p in has})
            visible = votes >= visible_share * len(voters)
            if visible != was:
                crossings.append((at, number, visible))
                was = visible
    return sorted(c for c in crossings if scene.begin <= c[0] < scene.end)


def _stretches(
    steps: Steps, is_below: Callable[[float], bool], confirmed_s: int, scene_end: int
) -> list[tuple[int, int | None]]:
    """Onset and end of every stretch below; an end counts once it has lasted `confirmed_s`."""
    found: list[tuple[int, int | None]] = []
    onset: int | None = None
    back: int | None = None
    for at, share in steps:
        if onset is not None and back is not None and at - back >= confirmed_s:
            found.append((onset, back))
            onset = back = None
        if is_below(share):
            onset, back = (at if onset is None else onset), None
        elif onset is not None and back is None:
            back = at
    if onset is not None:
        found.append((onset, back if back is not None and scene_end - back >= confirmed_s else None))
    return found
