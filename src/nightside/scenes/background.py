"""What happens to networks all the time and is no outage: splits, merges, second origins, strangers' covers,
and networks that hover about half of the ASes. All of it is real, and part of the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.chance import log_uniform, stream
from nightside.scenes.claims import Claims
from nightside.scenes.ground import GONE, SECOND, USUAL, Extras, peculiar
from nightside.scenes.happenings import Noise, NoiseKind
from nightside.scenes.outages import Drawn
from nightside.scenes.routes import as_text
from nightside.scenes.territory import Territory
from nightside.scenes.turns import BACK, Turn
from nightside.world.snapshot import load

_SETTLE_S = 400
"""Between what replaces a network and its own withdrawal: all ASes have heard of it by then."""
_MARGIN_S = 600
_SHORTEST_S, _LONGEST_S = 1200, 86400
_SPLITS_ONE_IN, _MOAS_ONE_IN = 12_000, 10_000
"""Every day so many networks split or merge, or get a second origin: one in …, but at least two."""
_STRANGER_SHARE = 0.08
_HOVER_EVERY_S, _HOVER_SHARE = 1800, 0.06


class Background:
    """Plans one block's background around its injections, which have taken their networks in `claims`."""

    def __init__(
        self, territory: Territory, begin: int, end: int, claims: Claims, seed: int, number: int
    ) -> None:
        self.territory, self.claims = territory, claims
        self.begin, self.end = begin, end
        self.rng = stream(seed, "background", number)
        self.turns: list[Turn] = []
        self.noise: list[Noise] = []
        self._key = territory.routes.hi | territory.routes.length
        self._extra: list[tuple[int, int, int, bool]] = []
        self._extra_keys: set[int] = set()
        self._second: dict[int, tuple[int, bool]] = {}

    def plan(self, drawn: Sequence[Drawn], seed: int) -> Extras:
        """Fill `turns` and `noise`; returns the prefixes and origins that they need."""
        n, days = len(self.territory.routes), (self.end - self.begin) / 86400
        for one in drawn:
            if self.rng.random() < _STRANGER_SHARE:
                self._stranger(one)
        self._several(round(0.7 * days * max(3.0, n / _SPLITS_ONE_IN)), self._split)
        self._several(round(0.3 * days * max(3.0, n / _SPLITS_ONE_IN)), self._merge)
        self._several(round(days * max(2.0, n / _MOAS_ONE_IN)), self._moas)
        self._hover(seed)
        extra = np.array([e[:3] for e in self._extra], np.uint64).reshape(-1, 3)
        return Extras(
            extra[:, 0],
            extra[:, 1].astype(np.uint8),
            extra[:, 2].astype(np.uint32),
            np.array([e[3] for e in self._extra], bool),
            np.array(list(self._second), np.int64),
            np.array([s[0] for s in self._second.values()], np.uint32),
            np.array([s[1] for s in self._second.values()], bool),
        )

    def _several(self, number: int, happen: Callable[[], None]) -> None:
        """Let it happen so often; not every network is fit for it, and a small world may have none."""
        before = len(self.noise)
        for _ in range(200 * number):
            if len(self.noise) == before + number:
                return
            happen()

    def _note(self, kind: NoiseKind, begin: int, end: int, what: str, prefix: int) -> None:
        code = load().codes[int(self.territory.country[prefix])]
        self.noise.append(Noise(kind, begin, end, what, (code,) if code else ()))

    def _text(self, prefix: int) -> str:
        routes = self.territory.routes
        return as_text(int(routes.hi[prefix]), int(routes.length[prefix]))

    def _announce(self, hi: int, length: int, origin: int, *, stranger: bool = False) -> int | None:
        """The number of a new prefix; None where there is one already."""
        if self._exists(hi | length):
            return None
        self._extra_keys.add(hi | length)
        self._extra.append((hi, length, origin, stranger))
        return len(self.territory.routes) + len(self._extra) - 1

    def _exists(self, key: int) -> bool:
        at = int(np.searchsorted(self._key, np.uint64(key)))
        return key in self._extra_keys or (at < len(self._key) and int(self._key[at]) == key)

    def _span(self) -> tuple[int, int]:
        length = round(log_uniform(self.rng, _SHORTEST_S, min(_LONGEST_S, (self.end - self.begin) / 4)))
        begin = int(self.rng.integers(self.begin + 3600, self.end - length - 7200))
        return begin, begin + length

    def _split(self) -> None:
        """Its four quarters are announced; then the network goes for a while, or it stays and they go."""
        routes, p = self.territory.routes, int(self.rng.integers(len(self.territory.routes)))
        begin, end = self._span()
        length = int(routes.length[p])
        if not 9 <= length <= 22 or not self.territory.steady[p]:
            return
        steps = [int(routes.hi[p]) + (k << (62 - length)) for k in range(4)]
        if any(self._exists(s | (length + 2)) for s in steps):
            return
        if not self.claims.take(np.array([p]), begin - _MARGIN_S, end + _SETTLE_S + _MARGIN_S):
            return
        numbers = [self._announce(s, length + 2, int(routes.origin[p])) for s in steps]
        children = np.array([c for c in numbers if c is not None], np.int64)
        self.turns.append(Turn(begin, children, USUAL))
        stays = self.rng.random() < 0.3
        if not stays:
            self.turns.append(Turn(begin + _SETTLE_S, np.array([p]), GONE, hunting=0.3))
            self.turns.append(Turn(end, np.array([p]), BACK))
        self.turns.append(Turn(end + _SETTLE_S, children, GONE, hunting=0.3))
        how = "announced in quarters besides" if stays else "announced in quarters instead"
        self._note("split", begin, end + _SETTLE_S, f"{self._text(p)} {how}", p)

    def _merge(self) -> None:
        """Two halves with one origin are announced as one network for a while."""
        routes = self.territory.routes
        p = int(self.rng.integers(len(routes) - 1))
        begin, end = self._span()
        length, hi = int(routes.length[p]), int(routes.hi[p])
        other = hi ^ (1 << (64 - length))
        same = routes.length[p + 1] == length and int(routes.hi[p + 1]) == other and hi < other
        if not same or routes.origin[p] != routes.origin[p + 1] or length < 10:
            return
        halves = np.array([p, p + 1])
        if not self.territory.steady[halves].all():
            return
        if not self.claims.take(halves, begin - _MARGIN_S, end + _SETTLE_S + _MARGIN_S):
            return
        whole = self._announce(hi, length - 1, int(routes.origin[p]))
        if whole is None:
            return
        self.turns += [
            Turn(begin, np.array([whole]), USUAL),
            Turn(begin + _SETTLE_S, halves, GONE, hunting=0.3),
            Turn(end, halves, BACK),
            Turn(end + _SETTLE_S, np.array([whole]), GONE, hunting=0.3),
        ]
        self._note("merge", begin, end + _SETTLE_S, f"{as_text(hi, length - 1)} instead of its halves", p)

    def _moas(self) -> None:
        """Some of the ASes prefer a second origin for a while."""
        p = int(self.rng.integers(len(self.territory.routes)))
        origin = int(self.rng.choice(self.territory.routes.origin))
        begin, end = self._span()
        taken = p in self._second or origin == self.territory.routes.origin[p]
        if taken or not self.territory.steady[p] or p in self.territory.anycast:
            return
        if not self.claims.take(np.array([p]), begin - _MARGIN_S, end + _MARGIN_S):
            return
        self._second[p] = (origin, False)
        share, key = float(self.rng.uniform(0.2, 0.7)), len(self.turns)
        self.turns.append(Turn(begin, np.array([p]), SECOND, share=share, key=key))
        self.turns.append(Turn(end, np.array([p]), BACK, share=share, key=key))
        self._note("moas", begin, end, f"AS{origin} announces {self._text(p)} too", p)

    def _stranger(self, drawn: Drawn) -> None:
        """While a network is lost, an AS that has no part in it announces it, or what covers it."""
        injection, routes = drawn.injection, self.territory.routes
        begin, end = injection.begin + _MARGIN_S, injection.end - _MARGIN_S
        if injection.shape != "cliff" or end - begin < _MARGIN_S:
            return
        p = int(self.rng.choice(drawn.networks))
        origin = self._foreign_origin(int(self.territory.country[p]))
        length = int(routes.length[p])
        if origin is None or length < 10 or length > 24 or p in self._second or not self.territory.steady[p]:
            return
        if p in self.territory.anycast:
            return
        if self.rng.random() < 0.5:
            self._second[p] = (origin, True)
            which, value = p, SECOND
        else:
            shorter = length - int(self.rng.integers(1, 3))
            hi = int(routes.hi[p]) >> (64 - shorter) << (64 - shorter)
            cover = self._announce(hi, shorter, origin, stranger=True)
            if cover is None:
                return
            which, value = cover, USUAL
        self.turns += [Turn(begin, np.array([which]), value), Turn(end, np.array([which]), GONE)]
        self._note("stranger", begin, end, f"AS{origin} announces what covers {self._text(p)}", p)

    def _foreign_origin(self, country: int) -> int | None:
        """An AS of another country that announces nothing of this one."""
        at_home = self.territory.routes.origin[self.territory.own(country)]
        for origin in self.rng.choice(self.territory.routes.origin, 8).tolist():
            code = load().country_of_asn(origin)
            if code and code != load().codes[country] and origin not in at_home:
                return int(origin)
        return None

    def _hover(self, seed: int) -> None:
        """Networks that half of the ASes see lose and win one or two of them all the time."""
        hovering: NDArray[np.int64] = peculiar(self.territory.routes, seed)[2]
        if len(hovering) == 0:
            return
        for number, at in enumerate(range(self.begin + 3600, self.end - 7200, _HOVER_EVERY_S)):
            some = np.unique(self.rng.choice(hovering, min(len(hovering), 12)))
            lasts = round(log_uniform(self.rng, 300, 1500))
            ends = np.full(len(some), at + lasts + 200)
            some = some[self.claims.free(some, np.full(len(some), at - 200), ends)]
            key = (1 << 24) + number
            self.turns.append(Turn(at, some, GONE, share=_HOVER_SHARE, key=key))
            self.turns.append(Turn(at + lasts, some, BACK, share=_HOVER_SHARE, key=key))
        what = f"{len(hovering)} networks that about half of the ASes see, now one more, now one less"
        self.noise.append(Noise("regional", self.begin, self.end, what))
