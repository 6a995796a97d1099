"""The benchmark of `evaluate`: stretches of simulated time over a whole table, with outages and noise.

plan ─▶ Block ─▶ stream: what each collector's archive says, as columns
             ├─▶ write:  the same as MRT files in the layout of RIS
             └─▶ truth:  the episodes a perfect observer would tell
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightside.model.elements import Peer
from nightside.model.errors import UsageError
from nightside.model.settings import Settings
from nightside.scenes.audience import Audience, audience
from nightside.scenes.background import Background
from nightside.scenes.block_archive import write_block
from nightside.scenes.block_truth import block_truth, first_units
from nightside.scenes.churning import churn
from nightside.scenes.claims import Claims
from nightside.scenes.disturbances import Disturbances
from nightside.scenes.ground import Extras, Ground
from nightside.scenes.happenings import Aim, Injection, Noise
from nightside.scenes.outages import LONGEST_S, Drawn, Room, draw_outages
from nightside.scenes.pieces import BlockColumns, MissingPiece, Piece, TablePiece, UpdatesPiece
from nightside.scenes.routes import RouteTable, made_up_routes, read_routes
from nightside.scenes.territory import Territory
from nightside.scenes.truth import TrueEpisode
from nightside.scenes.turns import Moves, Turn, moves_of
from nightside.scenes.view_noise import plan_disturbances
from nightside.scenes.voices import Voices
from nightside.world.snapshot import load

__all__ = [
    "Block",
    "BlockColumns",
    "Injection",
    "MissingPiece",
    "Noise",
    "Piece",
    "RouteTable",
    "TablePiece",
    "TrueEpisode",
    "UpdatesPiece",
    "made_up_routes",
    "plan",
    "read_routes",
]


@dataclass(frozen=True, eq=False)
class Block:
    """One stretch of simulated time, [begin, end), over the whole table. Small, and cheap to send elsewhere:
    what happens in it is made when it is asked for, from the seed and the block's number."""

    number: int
    begin: int
    """The time of the first table; a multiple of 8 hours."""
    end: int
    collectors: tuple[str, ...]
    sessions: tuple[tuple[Peer, ...], ...]
    """For each collector its sessions; `peer` in its columns is the place in here."""
    full_feed: tuple[tuple[bool, ...], ...]
    """For each session whether it sends the whole table (but while it is turned partial)."""
    injections: tuple[Injection, ...]
    """In the order of begin; none in a quiet block."""
    noise: tuple[Noise, ...]
    """In the order of begin."""
    through_mrt: bool
    """Small enough to be written, and meant to be read as MRT bytes by the ordinary program."""

    story: Story = field(repr=False)
    """What the rest is made from."""

    def prefixes(self) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Every prefix that is ever announced in the block: high 64 bits of the address, and length.

        `prefix_index` in the columns is the place in here.
        """
        ground = _ground(self.story)
        return ground.hi, ground.length

    def countries(self, settings: Settings | None = None) -> dict[str, int]:
        """The countries with units in the first table, as the truth sees it, and how many units each has."""
        _, units = first_units(_ground(self.story), settings or Settings())
        codes = load().codes
        return {codes[i]: int(units[i]) for i in np.flatnonzero(units).tolist() if codes[i]}

    def stream(self, collector: str) -> Iterator[Piece]:
        """What the archive of one collector says, in the order of (true) time."""
        story = self.story
        place = self.collectors.index(collector)
        voices = Voices(_ground(story), _moves(story), story.view, place, self.begin, self.end, story.seed)
        return voices.pieces()

    def truth(self, settings: Settings | None = None) -> dict[str, list[TrueEpisode]]:
        """The episodes of every country that has any, from the noise-free messages of all full-feed ASes.

        In order of onset, the shallower first; `end` is None where the block ends before it is confirmed.
        """
        story, rules = self.story, settings or Settings()
        return block_truth(_ground(story), _moves(story), self.begin, self.end, rules)

    def write(self, folder: Path) -> None:
        """The same as MRT files in the layout of RIS, with a `nightside.json` that says what it is.

        Files that are late are written like the others. Raises UsageError where the folder holds something.
        """
        archive = {name: self.stream(name) for name in self.collectors}
        addresses = dict(zip(self.collectors, self.story.audience.addresses, strict=True))
        peers = dict(zip(self.collectors, self.sessions, strict=True))
        write_block(folder, archive, peers, addresses)


@dataclass(frozen=True, eq=False)
class Story:
    """All that a block is made from; light, but for the routes."""

    seed: int
    number: int
    begin: int
    end: int
    routes: RouteTable
    audience: Audience
    extras: Extras
    turns: tuple[Turn, ...]
    busy: Claims
    """When churn keeps away from which network."""
    units: NDArray[np.int64]
    view: Disturbances


@lru_cache(maxsize=1)
def _ground(story: Story) -> Ground:
    return Ground(story.routes, story.audience, story.extras, story.seed)


@lru_cache(maxsize=1)
def _moves(story: Story) -> Moves:
    ground = _ground(story)
    parts = [moves_of(turn, ground, story.seed, i) for i, turn in enumerate(story.turns)]
    parts += churn(ground, story.units, story.begin, story.end, story.busy, story.seed, story.number)
    return Moves.joined(parts)


DAY_S = 86400
FIRST_DAY = 1_399_939_200
"""2014-05-13, the day of the real table; each block begins at a midnight of its own behind it."""
_BLOCK_OUTAGES, _BLOCK_DAYS = 450, 12
_QUIET_BLOCK_DAYS = 10
_MRT_OUTAGES, _MRT_DAYS, _MRT_LONGEST_S, _MRT_PEERS = 120, 6, 3 * DAY_S, 12
_MRT_PREFIXES = 12_000
_MRT_SHARE = 0.1
_NONE_SHARE = 1 / 12
"""Besides the outages, so many injections that cross no threshold."""
_FEWEST_COUNTRIES = 10


def plan(routes: RouteTable, *, outages: int, quiet_days: int, seed: int, peers: int) -> list[Block]:
    """Blocks that hold `outages` injections together, and blocks of noise only, `quiet_days` days together.

    Besides the `outages`, which are aimed across a threshold, there is a twelfth of injections that are not
    (`severity_aimed` is "none"). `peers` is the number of distinct full-feed ASes of the blocks over the whole
    table; at least a tenth of the outages lies in blocks `through_mrt`, which have a smaller world and fewer
    peers. Blocks are independent of each other. Raises UsageError where the routes are of too few countries,
    or there are too few peers.
    """
    whole = Territory(routes, seed)
    countries = np.flatnonzero(whole.units[1:]) + 1
    if outages and len(countries) < _FEWEST_COUNTRIES:
        raise UsageError(
            f"the routes are of {len(countries)} countries; at least {_FEWEST_COUNTRIES} are needed"
        )
    made = _Made(seed, peers)
    through_mrt = -(-outages * round(100 * _MRT_SHARE) // 100)
    if through_mrt:
        small = whole if len(routes) <= _MRT_PREFIXES else Territory(_small_world(whole), seed)
        for share in _shares(through_mrt, _MRT_OUTAGES):
            made.add(small, share, _MRT_DAYS, through_mrt=True)
    for share in _shares(outages - made.outages, _BLOCK_OUTAGES):
        made.add(whole, share, _BLOCK_DAYS if share >= 150 else 8)
    while made.outages < outages:
        before = made.outages
        made.add(whole, outages - before, 8)
        if made.outages == before:
            raise UsageError(f"these routes have room for {before} outages only")
    for days in _shares(quiet_days, _QUIET_BLOCK_DAYS):
        made.add(whole, 0, days)
    return made.blocks


def _shares(number: int, most: int) -> list[int]:
    """The number in parts that are as equal as can be, none above `most`."""
    parts = -(-number // most)
    return [number // parts + (i < number % parts) for i in range(parts)]


def _small_world(whole: Territory) -> RouteTable:
    """The routes of the countries with the fewest, each country's whole but for what reaches into others."""
    countries = np.flatnonzero(whole.units[1:]) + 1
    countries = countries[np.argsort(whole.prefixes[countries], kind="stable")]
    enough = np.cumsum(whole.prefixes[countries]) <= _MRT_PREFIXES
    chosen = np.isin(whole.country, countries[enough]) & ~whole.mixed
    routes = whole.routes
    return RouteTable(routes.hi[chosen], routes.length[chosen], routes.origin[chosen])


class _Made:
    """Blocks one after the other."""

    def __init__(self, seed: int, peers: int) -> None:
        self.seed, self.peers = seed, peers
        self.blocks: list[Block] = []
        self.outages = self.injections = 0
        self.day = 0

    def add(self, territory: Territory, outages: int, days: int, *, through_mrt: bool = False) -> None:
        """A block of so many days with (at most) so many outages."""
        number, begin = len(self.blocks), FIRST_DAY + self.day * DAY_S
        end = begin + days * DAY_S
        self.day += days + 1
        peers = min(self.peers, _MRT_PEERS) if through_mrt else self.peers
        watching = audience(territory.routes, peers, self.seed, number)
        claims, drawn = Claims(), list[Drawn]()
        if outages:
            room = Room(begin, end, _MRT_LONGEST_S if through_mrt else LONGEST_S, self._countries(territory))
            aims: list[Aim | None] = [None] * outages
            every = round(1 / _NONE_SHARE)
            for i in range(outages // every):
                aims.insert((i + 1) * every + i, "none")
            drawn = draw_outages(territory, room, aims, self.injections, self.seed)
        for one in drawn:
            networks, injection = np.unique(one.networks), one.injection
            claims.take(networks, injection.begin - 300, injection.end + 900)
        background = Background(territory, begin, end, claims, self.seed, number)
        extras = background.plan(drawn, self.seed)
        view, noise = plan_disturbances(watching, drawn, begin, end, self.seed, number)
        turns = tuple(turn for one in drawn for turn in one.turns) + tuple(background.turns)
        noise += background.noise
        noise.append(Noise("churn", begin, end, "re-routes, prepending, duplicates and networks that blink"))
        noise.append(Noise("anycast", begin, end, f"{len(territory.anycast)} networks with two origins"))
        injections = [one.injection for one in drawn]
        self.injections += len(injections)
        self.outages += sum(i.severity_aimed != "none" for i in injections)
        story = Story(
            self.seed,
            number,
            begin,
            end,
            territory.routes,
            watching,
            extras,
            turns,
            claims,
            territory.units,
            view,
        )
        block = Block(
            number,
            begin,
            end,
            watching.collectors,
            tuple(tuple(w.peer for w in some) for some in watching.watchers),
            tuple(tuple(w.share >= 1 for w in some) for some in watching.watchers),
            tuple(sorted(injections, key=lambda i: (i.begin, i.number))),
            tuple(sorted(noise, key=lambda n: (n.begin, n.kind, n.what))),
            through_mrt,
            story,
        )
        self.blocks.append(block)

    def _countries(self, territory: Territory) -> NDArray[np.int64]:
        return np.flatnonzero((territory.units[1:] > 0) & (territory.prefixes[1:] > 0)) + 1
