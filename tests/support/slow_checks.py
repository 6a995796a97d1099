"""The verdicts of a quorum once more, instant by instant, as docs/definitions.md says it and without any speed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from nightside.model.check import TELLS_NOTHING, CheckResult
from nightside.model.check_settings import CheckSettings

DAY_MS = 86_400_000
Key = tuple[str, str, str, str, int]
"""Place, target, kind, part, family."""


def ms(result: CheckResult) -> int:
    return round(result.at * 1000)


class SlowChecks:
    def __init__(self, results: Sequence[CheckResult], settings: CheckSettings) -> None:
        self.settings = settings
        canaries: dict[Key, list[CheckResult]] = defaultdict(list)
        checked: dict[Key, list[CheckResult]] = defaultdict(list)
        for r in sorted(results, key=lambda r: r.at):
            if r.outcome not in TELLS_NOTHING:
                (checked if r.country else canaries)[r.place, r.target, r.kind, r.part, r.family].append(r)
        self.canaries = {key: tuple(series) for key, series in canaries.items()}
        self.checked = {key: tuple(series) for key, series in checked.items()}
        self.places = {r.place for r in results}
        self.speaks, self.says = cache(self.speaks), cache(self.says)  # type: ignore[method-assign]

    def holds(self, series: tuple[CheckResult, ...], i: int) -> float:
        day = ms(series[i]) // DAY_MS
        earlier, later = range(day, ms(series[0]) // DAY_MS - 1, -1), range(day, ms(series[-1]) // DAY_MS + 1)
        for d in (*earlier, *later):
            intervals = sorted(
                min(ms(b) - ms(a), self.settings.longest_round_s * 1000)
                for a, b in pairwise(series)
                if ms(b) // DAY_MS == d
            )
            if intervals:
                return int(intervals[(len(intervals) - 1) // 2] * self.settings.heard_rounds)
        return int(self.settings.round_unknown_s * 1000 * self.settings.heard_rounds)

    def answers(self, series: tuple[CheckResult, ...], t: int) -> bool:
        before = [i for i, r in enumerate(series) if ms(r) <= t]
        if not before:
            return False
        i = before[-1]
        until = ms(series[i]) + self.holds(series, i)
        # Anything else may be the word of the place's own gateway.
        if series[i].outcome != "ok" or t >= until:
            return False
        return not (i + 1 < len(series) and ms(series[i + 1]) <= until and series[i + 1].outcome != "ok")

    def lately(self, series: tuple[CheckResult, ...], t: int) -> bool:
        return any(
            ms(r) <= t < ms(r) + max(self.holds(series, i), self.settings.spoke_lately_s * 1000)
            for i, r in enumerate(series)
        )

    def health(self, place: str, t: int) -> str | None:
        networks: dict[str, bool] = {}
        heard = False
        for key, series in self.canaries.items():
            if key[0] == place:
                if self.lately(series, t):
                    networks[key[1]] = networks.get(key[1], False) or self.answers(series, t)
                heard |= self.heard(series, t)
        mine = [series for key, series in self.checked.items() if key[0] == place]
        if networks:
            well = sum(networks.values())
            if well and well >= self.settings.healthy_share * len(networks):
                return "healthy"
            return "lost" if heard else "unheard"
        heard = any(self.heard(series, t) for series in mine)
        if not any(self.lately(series, t) for series in mine):
            return None
        if any(self.answers(series, t) for series in mine):
            return "unwatched"
        return "silent" if heard else "unheard"

    def instants(self) -> list[int]:
        """All at which anything can begin or end."""
        found = set()
        for series in [*self.canaries.values(), *self.checked.values()]:
            for i, r in enumerate(series):
                lately = ms(r) + self.settings.spoke_lately_s * 1000
                found |= {ms(r), ms(r) + int(self.holds(series, i)), lately}
        return sorted(found)

    def heard(self, series: tuple[CheckResult, ...], t: int) -> bool:
        return any(ms(r) <= t < ms(r) + self.holds(series, i) for i, r in enumerate(series))

    def speaks(self, place: str, t: int) -> bool:
        return self.health(place, t) in ("healthy", "unwatched")

    def says(self, key: Key, t: int) -> str | None:
        if not self.speaks(key[0], t):
            return None
        whole = self.checked[key]
        rows = [(i, r) for i, r in enumerate(whole) if self.speaks(key[0], ms(r))]
        word: tuple[str, float] | None = None
        failed: list[int] = []
        for n, (i, r) in enumerate(rows):
            at, until = ms(r), ms(r) + self.holds(whole, i)
            if r.outcome == "ok":
                failed = []
                if at <= t:
                    word = ("up", until)
                continue
            last = rows[n - 1][0]
            fresh = bool(failed) and at <= ms(whole[last]) + self.holds(whole, last)
            failed = [*failed, n] if fresh else [n]
            if len(failed) >= self.settings.down_results:
                for m in failed:
                    begin = ms(rows[m][1])
                    if begin <= t:
                        word = ("down", begin + self.holds(whole, rows[m][0]))
        return word[0] if word and t < word[1] else None

    def spoke_lately(self, key: Key, t: int, instants: Sequence[int]) -> bool:
        """`instants` are all at which anything begins or ends."""
        edge = t - self.settings.spoke_lately_s * 1000
        return any(edge <= s <= t and self.says(key, s) is not None for s in (*instants, t, edge))

    def verdict(self, part: tuple[str, str, str, int], t: int, instants: Sequence[int]) -> str:
        keys = [k for k in self.checked if k[1:] == part]
        words = [self.says(k, t) for k in keys]
        expected = sum(self.spoke_lately(k, t, instants) for k in keys)
        speak = sum(w is not None for w in words)
        if not speak or speak < self.settings.speaking_share * expected:
            return "unknown"
        return "down" if words.count("down") > self.settings.quorum_share * speak else "up"
