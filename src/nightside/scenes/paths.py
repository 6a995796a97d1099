"""AS paths: how a session reaches a network as a rule, and the other ways it may take for a while."""

from __future__ import annotations

from random import Random

from nightside.scenes.scene import AsPath, Network, Scene, Session

_ADJACENT = 0.35
"""Share of the (peer, network) pairs whose peer stands beside the chain, without a core AS between."""


class Paths:
    """Makes paths of one session to one network; each ends in a chain of `network.via` and the origin.

    Paths are interned: equal paths are the same object, so that attribute blocks can be cached by them.
    """

    def __init__(self, scene: Scene) -> None:
        self._transit = scene.transit
        self._pool: dict[AsPath, AsPath] = {}

    def usual(self, session: Session, network: Network, rng: Random) -> AsPath:
        """The best path in quiet times."""
        if rng.random() < _ADJACENT:
            return self._joined(session, (), network.via[0], network.origin)
        return self._joined(session, (rng.choice(self._transit),), network.via[0], network.origin)

    def other(self, session: Session, network: Network, rng: Random) -> AsPath:
        """Some path by any of the network's chains, through the core."""
        return self._joined(session, (rng.choice(self._transit),), rng.choice(network.via), network.origin)

    def longer(self, session: Session, network: Network, rng: Random) -> AsPath:
        """A detour through two ASes of the core, as tried while a withdrawal spreads."""
        core = tuple(rng.sample(self._transit, min(2, len(self._transit))))
        return self._joined(session, core, rng.choice(network.via), network.origin)

    def prepended(self, path: AsPath) -> AsPath:
        """The path with its origin two times more."""
        return self._interned((*path, path[-1], path[-1]))

    def _joined(self, session: Session, core: AsPath, chain: AsPath, origin: int) -> AsPath:
        path = [session.asn]
        for asn in (*core, *chain, origin):
            if asn in path:  # no loops: the way gets shorter where it meets itself
                del path[path.index(asn) + 1 :]
            else:
                path.append(asn)
        return self._interned(tuple(path))

    def _interned(self, path: AsPath) -> AsPath:
        return self._pool.setdefault(path, path)
