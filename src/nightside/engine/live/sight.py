"""How well was seen so far: the steps of the view, and where it was unknown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from nightside.model.signal import UnknownStretch
from nightside.routing.observation import ViewStep, why_unknown
from nightside.routing.stepwise import Stepwise


class SightSoFar:
    """Grown from steps of the view; what is old is forgotten when somebody says so."""

    def __init__(self) -> None:
        self.view: list[ViewStep] = []
        self.least_known = 0
        """The fewest ASes known in these steps, where they were enough to tell."""
        self._unknown: list[UnknownStretch] = []
        self._blind_since, self._blind_why = 0, ""

    @property
    def is_blind(self) -> bool:
        """Whether too few are known now."""
        return bool(self.view) and self.view[-1].unknown

    def see(self, view: Sequence[ViewStep], live: Stepwise) -> bool:
        """Take steps of the view; whether sight was lost or came back."""
        turned = False
        for step in view:
            was = self.is_blind
            if step.unknown and not was:
                self._blind_since = step.second
                self._blind_why = why_unknown(step, live.voting.votes(0), live.sessions)
            elif was and not step.unknown:
                self._unknown.append(UnknownStretch(self._blind_since, step.second, self._blind_why))
            turned |= step.unknown != was
            self.view.append(step)
        if view:
            self.least_known = min((v.known for v in self.view if not v.unknown), default=0)
        return turned

    def unknown(self, begin: int, until_s: int) -> list[UnknownStretch]:
        """Where too few peer ASes were known, from this second on; the last one reaches to now while it lasts."""
        found = [replace(u, begin=max(u.begin, begin)) for u in self._unknown if u.end > begin]
        if self.is_blind:
            found.append(UnknownStretch(max(self._blind_since, begin), until_s + 1, self._blind_why))
        return found

    def forget(self, unknown_before: int, view_before: int) -> None:
        """What is older may go; of the view the step in force then stays."""
        self._unknown = [u for u in self._unknown if u.end > unknown_before]
        step = bisect_right(self.view, view_before, key=lambda v: v.second) - 1
        del self.view[: max(step, 0)]
