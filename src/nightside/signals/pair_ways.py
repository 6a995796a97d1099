"""What each (peer AS, network) holds over time: whether the AS is known, and by which way it reaches the network.

All pairs at once, as columns: a country of thousands of networks has a million pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.routing.timeline import Timeline
from nightside.signals.routes import RouteHistory

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

SECOND_BITS = 32
NEVER = (1 << SECOND_BITS) - 1
"""Behind every second that there is."""


def _keys(number: Int64, second: Int64) -> Int64:
    """Something's number and a second as one number, so that both are sorted and sought at once."""
    return (number << SECOND_BITS) | second


@dataclass(frozen=True)
class Voters:
    """The sessions that ever vote, from one second on."""

    session: Int64
    """Their numbers, ascending; below, a session is its place in here."""
    as_of: Int64
    """The place of each one's AS among the ASes of all of them."""
    rank: Int64
    """How many of the same AS come before it."""
    keys: Int64
    """(session, second) of each change of its standing, ascending."""
    votes: Bool
    """Whether it votes from then on."""
    opens_at: int

    @classmethod
    def of(cls, line: Timeline, opens_at: int) -> Voters:
        """Those of a timeline; nothing before `opens_at` is asked for."""
        session = np.array(sorted(line.votes), np.int64)
        _asns, as_of = np.unique(line.as_of[session], return_inverse=True)
        as_of = as_of.reshape(-1).astype(np.int64)
        before: dict[int, int] = {}
        rank = []
        for asn in as_of.tolist():
            rank.append(before.get(asn, 0))
            before[asn] = rank[-1] + 1
        place, second, change = [], [], []
        for i, number in enumerate(session.tolist()):
            for begin, end, _why in line.votes[number]:
                place += [i, i]
                second += [max(begin, opens_at), NEVER if end is None else max(end, opens_at)]
                change += [1, -1]
        keys, where = np.unique(
            _keys(np.array(place, np.int64), np.array(second, np.int64)), return_inverse=True
        )
        moves = np.bincount(where.reshape(-1), np.array(change, float), len(keys))
        # Each session's changes add up to nothing, so the next one's begin at nothing.
        return cls(session, as_of, np.array(rank, np.int64), keys, np.cumsum(moves) > 0.5, opens_at)

    def counts(self, session: Int64, second: Int64) -> Bool:
        """Whether these sessions' votes count in these seconds."""
        at = np.searchsorted(self.keys, _keys(session, second), "right") - 1
        found: Bool = (at >= 0) & self.votes[at]
        return found


class PairWays:
    """The pairs of the voters' ASes and some networks; pair = AS's place * networks + network's place."""

    def __init__(self, history: RouteHistory, voters: Voters, networks: Int64) -> None:
        """`networks` are prefix numbers, ascending, each once."""
        self.voters, self.n = voters, len(networks)
        steps = history.steps(networks)
        place = np.searchsorted(voters.session, steps.session)
        place = np.minimum(place, len(voters.session) - 1)
        mine = voters.session[place] == steps.session
        second = np.maximum(steps.second[mine], voters.opens_at)
        keys = _keys(place[mine] * self.n + steps.place[mine], second)
        order = np.argsort(keys, kind="stable")
        keys, way = keys[order], steps.way[mine][order]
        # Of several in one second the last one counts.
        last = np.append(keys[1:] != keys[:-1], True)[: len(keys)]
        self._keys, self._ways = keys[last], way[last]
        n_as = int(voters.as_of.max(initial=-1)) + 1
        self.pairs = np.arange(n_as * self.n)
        self._ranks = int(voters.rank.max(initial=-1)) + 1
        # By rank: the session of each AS; -1 where it has no more.
        self._sessions = np.full((self._ranks, n_as), -1, np.int64)
        self._sessions[voters.rank, voters.as_of] = np.arange(len(voters.session))

    def at(self, pair: Int64, second: Int64) -> tuple[Bool, Int64]:
        """Whether each pair's AS is known at the end of its second, and the way it holds (0: none).

        The way is that of the AS's first session that votes and has one.
        """
        asn, network = pair // self.n, pair % self.n
        known, way = np.zeros(len(pair), bool), np.zeros(len(pair), np.int64)
        left = np.arange(len(pair))
        for sessions in self._sessions:
            session = sessions[asn[left]]
            left, session = left[session >= 0], session[session >= 0]
            voting = self.voters.counts(session, second[left])
            known[left] |= voting
            held = self._held(session * self.n + network[left], second[left])
            free = voting & (way[left] == 0)
            way[left[free]] = held[free]
        return known, way

    def _held(self, slot: Int64, second: Int64) -> Int64:
        if not len(self._keys):
            return np.zeros(len(slot), np.int64)
        at = np.searchsorted(self._keys, _keys(slot, second), "right") - 1
        there = (at >= 0) & (self._keys[at] >> SECOND_BITS == slot)
        return np.where(there, self._ways[at], 0)

    def turns(self, among: Bool, before: int) -> tuple[Int64, Int64]:
        """(pair, second), ascending, of all that may change a pair, the opening included.

        `among` says of each pair whether it is asked for; only seconds earlier than `before`.
        """
        slot, second = self._keys >> SECOND_BITS, self._keys & NEVER
        flips = _keys(self.voters.as_of[slot // self.n] * self.n + slot % self.n, second)
        session, second = self.voters.keys >> SECOND_BITS, self.voters.keys & NEVER
        swings = np.unique(_keys(self.voters.as_of[session], second))
        asn, second = swings >> SECOND_BITS, swings & NEVER
        asn, second = asn[second < before], second[second < before]
        swung = (asn[:, None] * self.n + np.arange(self.n)).reshape(-1)
        swings = _keys(swung, np.repeat(second, self.n))
        opening = _keys(self.pairs, np.full(len(self.pairs), self.voters.opens_at))
        keys = np.concatenate([flips, swings, opening])
        keys = keys[among[keys >> SECOND_BITS]]
        keys = np.unique(keys[keys & NEVER < before])
        return keys >> SECOND_BITS, keys & NEVER
