"""Injected outages: which country, which of its networks, when and in what shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.chance import log_uniform, stream
from nightside.scenes.ground import GONE, OTHER, single_homed, upstreams
from nightside.scenes.happenings import Aim, Injection, Shape
from nightside.scenes.territory import Holding, Territory
from nightside.scenes.turns import BACK, Turn
from nightside.world.snapshot import load

SHORTEST_S, LONGEST_S = 180, 6 * 86400
APART_S = 36 * 3600
"""Quiet between two outages of one country: six hours end an incident, 24 make a baseline."""
EARLIEST_S = 26 * 3600
_EARLY_SHARE, _EARLY_S = 0.04, 2 * 3600
_TAIL_S = 3600
"""Between the last return and the end of a block."""
_PREFIXES_EACH = 500
_SHAPES: tuple[Shape, ...] = ("cliff", "staggered", "flapping", "upstream", "steps")
_SHAPE_WEIGHTS = (0.4, 0.2, 0.1, 0.1, 0.2)
_AIMS: tuple[Aim, ...] = ("total", "severe", "partial")
_AIM_WEIGHTS = (0.4, 0.3, 0.3)
_CLEAR = 0.01
"""How far from a threshold a loss stays, in a country of more than 100 units; else one unit."""
_HUNTING = 0.4


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """An injection, its turns, and the networks it needs for itself."""

    injection: Injection
    turns: tuple[Turn, ...]
    networks: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Room:
    """Where injections go: the block's time, and the longest and the countries it takes."""

    begin: int
    end: int
    longest_s: int
    countries: NDArray[np.int64]


def window(aim: Aim, units: int) -> tuple[int, int]:
    """The least and the most units that an outage of that aim takes from so many."""
    near = _CLEAR * units
    thresholds = {"none": (0.0, 0.1), "partial": (0.1, 0.5), "severe": (0.5, 0.95), "total": (0.95, 2.0)}
    lower, upper = (t * units for t in thresholds[aim])
    if aim == "none":
        return max(1, round(0.05 * units)), int(upper - (near if units > 100 else 0))
    if aim == "total":
        return int(np.ceil(lower + (near / 2 if units > 100 else 0))), units
    # Of both borders at least one unit away: the first number beyond, the last before.
    least = max(int(np.floor(lower)) + 1, int(np.ceil(lower + near)) if units > 100 else 0)
    return least, int(min(np.ceil(upper) - 1, upper - near if units > 100 else units))


def draw_outages(
    territory: Territory, room: Room, aims: Sequence[Aim | None], first_number: int, seed: int
) -> list[Drawn]:
    """One injection for each of the aims (None: whatever it turns out), countries by turns.

    There are fewer where the room is too small for all.
    """
    rng = stream(seed, "outages", first_number)
    taken: dict[int, list[tuple[int, int]]] = {}
    budget = _PREFIXES_EACH * len(aims)
    found: list[Drawn] = []
    queue: list[int] = []
    patience = 40 * len(aims) + 400
    while len(found) < len(aims) and patience > 0:
        patience -= 1
        if not queue:
            queue = rng.permutation(room.countries).tolist()
        country = queue.pop()
        # The largest countries come up seldom: their losses are most of what there is to tell.
        if rng.random() * territory.prefixes[country] > max(_PREFIXES_EACH, budget / 100):
            continue
        drawn = _draw(territory, room, country, aims[len(found)], first_number + len(found), taken, rng)
        if drawn is None:
            continue
        cost = sum(len(turn.prefixes) for turn in drawn.turns) // 2
        if cost > max(_PREFIXES_EACH, budget // 8):
            continue
        budget -= cost
        taken.setdefault(country, []).append((drawn.injection.begin, drawn.injection.end))
        found.append(drawn)
    return found


def _draw(
    territory: Territory,
    room: Room,
    country: int,
    aim: Aim | None,
    number: int,
    taken: dict[int, list[tuple[int, int]]],
    rng: np.random.Generator,
) -> Drawn | None:
    shape: Shape = _SHAPES[int(rng.choice(5, p=_SHAPE_WEIGHTS))]
    chosen_aim: Aim = _AIMS[int(rng.choice(3, p=_AIM_WEIGHTS))] if aim is None else aim
    holding = territory.holding(country)
    rerouted = np.empty(0, np.int64)
    if shape == "upstream" and aim is None:
        picked = _behind_an_upstream(territory, country, holding, rng)
        if picked is None:
            return None
        places, chosen_aim, rerouted = picked
    else:
        if shape == "upstream":
            shape = "cliff"
        cut = _cut(territory, country, holding, chosen_aim, rng)
        if cut is None:
            return None
        places = cut
    units = int(holding.lost_after(places)[-1])
    lost = holding.own[places]
    longest = min(room.longest_s, 10 * 3600 if chosen_aim == "none" else room.longest_s)
    length = round(log_uniform(rng, SHORTEST_S, longest))
    groups = _groups(territory, lost)
    if (shape in ("staggered", "steps") and length < 2400) or (shape == "steps" and groups.max() == 0):
        shape = "cliff"
    if shape == "flapping":
        spans = _flaps(rng)
        length = spans[-1][1]
    begin = _when(room, taken.get(country, ()), length, rng)
    if begin is None:
        return None
    if shape == "flapping":
        turns = [
            turn
            for down, up in spans
            for turn in (Turn(begin + down, lost, GONE, hunting=_HUNTING), Turn(begin + up, lost, BACK))
        ]
    else:
        away, back = _offsets(shape, length, groups, rng)
        turns = [
            Turn(begin, lost, GONE, away, hunting=_HUNTING),
            Turn(begin + length, lost, BACK, back),
        ]
    if len(rerouted):
        turns += [Turn(begin, rerouted, OTHER), Turn(begin + length, rerouted, BACK)]
    code = load().codes[country]
    injection = Injection(
        number,
        code,
        shape,
        chosen_aim,
        begin,
        begin + length,
        units,
        f"{len(lost)} networks of {code}, {units} of {territory.units[country]} units"
        + (f"; {len(rerouted)} networks re-routed" if len(rerouted) else ""),
    )
    return Drawn(injection, tuple(turns), np.concatenate([lost, rerouted]))


def _cut(
    territory: Territory, country: int, holding: Holding, aim: Aim, rng: np.random.Generator
) -> NDArray[np.int64] | None:
    """Networks (places in the holding), operator by operator, that together take what the aim asks for."""
    least, most = window(aim, int(territory.units[country]))
    own = holding.own
    for attempt in range(4):
        shuffled = rng.random(1 << 10)[territory.routes.origin[own] & np.uint32(1023)]
        # At last the small ones first, operators or not: where the operators are too big to fit.
        order = np.lexsort((own, territory.size[own] if attempt == 3 else shuffled))
        lost = holding.lost_after(order)
        low, high = np.searchsorted(lost, [least, most + 1])
        if low < high:
            return order[: int(rng.integers(low, high)) + 1] if aim != "total" else order[:high]
    return None


def _behind_an_upstream(
    territory: Territory, country: int, holding: Holding, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Aim, NDArray[np.int64]] | None:
    """Networks with but one of the country's upstreams, what their loss is, and the others behind it."""
    own = holding.own
    origin = territory.routes.origin[own]
    usual, _ = upstreams(origin, np.full(len(own), country, np.uint64), territory.seed)
    alone = single_homed(origin, territory.seed)
    for asn in rng.permutation(np.unique(usual[alone])).tolist():
        places = np.flatnonzero(alone & (usual == asn))
        units = int(holding.lost_after(places)[-1])
        for aim in ("total", "severe", "partial"):
            least, most = window(aim, int(territory.units[country]))
            if least <= units <= most:
                return places, aim, own[~alone & (usual == asn)]
    return None


def _groups(territory: Territory, lost: NDArray[np.int64]) -> NDArray[np.int64]:
    """The networks' operators, numbered in the order in which they stand in `lost`."""
    origins, first, place = np.unique(territory.routes.origin[lost], return_index=True, return_inverse=True)
    rank = np.empty(len(origins), np.int64)
    rank[np.argsort(first)] = np.arange(len(origins))
    return rank[place]


def _offsets(
    shape: Shape, length: int, groups: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Seconds after the begin of the loss, and after the (last) return, for each network; all below zero then."""
    if shape == "staggered":
        over = log_uniform(rng, 1200, min(6 * 3600, length / 2))
        back = over * rng.uniform(0.1, 0.6)
        place = (groups + rng.random(len(groups))) / (groups.max() + 1)
        return (place * over).astype(np.int64), (-rng.permutation(place) * back).astype(np.int64)
    if shape == "steps":
        steps = int(rng.integers(2, 6))
        times = np.sort(rng.uniform(-0.6 * length, 0, steps))
        times[-1] = 0
        return None, times[rng.integers(0, steps, groups.max() + 1)][groups].astype(np.int64)
    return None, None


def _flaps(rng: np.random.Generator) -> list[tuple[int, int]]:
    """Three to six short losses in a row: (down, up), in seconds after the first."""
    spans, at = [], 0
    for _ in range(int(rng.integers(3, 7))):
        up = at + int(rng.integers(SHORTEST_S, 900))
        spans.append((at, up))
        at = up + round(log_uniform(rng, 360, 3600))
    return spans


def _when(room: Room, taken: Sequence[tuple[int, int]], length: int, rng: np.random.Generator) -> int | None:
    latest = room.end - _TAIL_S - length
    early = rng.random() < _EARLY_SHARE
    earliest = room.begin + (_EARLY_S if early else EARLIEST_S)
    if early:
        latest = min(latest, room.begin + EARLIEST_S)
    if latest <= earliest:
        return None
    for _ in range(8):
        begin = int(rng.integers(earliest, latest))
        if all(begin >= end + APART_S or begin + length + APART_S <= other for other, end in taken):
            return begin
    return None
