"""What events and standings do to the judge of visibility: one set of rules for whole inputs and for streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nightside.model.settings import Settings
from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.log import EVENT_KINDS
from nightside.routing.table import REASON_GAP
from nightside.routing.visibility import Visibility
from nightside.routing.whole import BLOCK, Whole

KNOWN = EVENT_KINDS["KNOWN"]
UNKNOWN = EVENT_KINDS["UNKNOWN"]
GAP_END = EVENT_KINDS["GAP_END"]
LOAD = EVENT_KINDS["LOAD"]
TABLE = EVENT_KINDS["TABLE"]
CUT = EVENT_KINDS["CUT"]


@dataclass(frozen=True, slots=True)
class Control:
    """What happens to a whole session (or to the run) at the event with number `position`."""

    position: int
    second: int
    kind: int
    session: int
    value: int
    """LOAD: which of the loads; GAP_END: the second the gap began; UNKNOWN: which reason."""


class Standing(Protocol):
    """Who is full feed when."""

    def at(self, session: int, second: int) -> bool:
        """Whether a session is full feed in this second."""


class Events(Protocol):
    """Events about (session, prefix) as columns, sorted by second."""

    @property
    def second(self) -> UInt32:
        """Since the epoch."""

    @property
    def kind(self) -> UInt8:
        """As in `routing.log`."""

    @property
    def session(self) -> UInt32:
        """Number among all sessions."""

    @property
    def prefix(self) -> UInt32:
        """Number of the prefix."""

    @property
    def way(self) -> UInt32:
        """Number of the way, 0 for none."""


def judge_of(settings: Settings, **columns: Any) -> Visibility:
    """A judge by these settings; `columns` as `Visibility` takes them."""
    return Visibility(
        **columns,
        visible_share=settings.visible_share,
        visible_hysteresis=settings.visible_hysteresis,
        among_usual=settings.visible_among_usual,
        expected_share=settings.expected_share,
        blind_share=settings.blind_share,
        shortest_cover=settings.shortest_cover_ipv4,
        gap_margin_s=settings.gap_margin_s,
    )


class Player:
    """Gives the judge what there is, in order; knows which sessions are known."""

    def __init__(self, judge: Visibility) -> None:
        self.judge = judge
        self.known: list[bool] = []
        self.voting: list[bool] = []

    def room_for(self, sessions: int) -> None:
        """So many sessions there are by now."""
        more = sessions - len(self.known)
        self.known += [False] * more
        self.voting += [False] * more

    def flips(self, events: Events, begin: int, end: int) -> None:
        """The events from `begin` to before `end`."""
        part = slice(begin, end)
        self.judge.flips(
            events.second[part],
            events.kind[part],
            events.session[part],
            events.prefix[part],
            events.way[part],
        )

    def vote(self, session: int, second: int, standing: Standing) -> None:
        """A session's vote counts while it is known and full feed."""
        self.voting[session] = self.known[session] and standing.at(session, second)
        self.judge.set_voting(session, self.voting[session])

    def load_together(self, loads: Sequence[tuple[int, Whole]], mine: npt.NDArray[np.bool_]) -> None:
        """The first tables of sessions none of which is known, each session once: prefixes at a time, of all."""
        marked = mine.view(np.uint8)
        for number, begin in enumerate(range(0, len(mine), BLOCK)):
            for session, ways in loads:
                self.judge.load_part(session, ways.block(number), marked, begin, begin + BLOCK)
        for session, _ways in loads:
            self.judge.loaded(session)

    def control(
        self, control: Control, load: UInt32 | Whole | None, mine: npt.NDArray[np.bool_], standing: Standing
    ) -> None:
        """What happened to a session; `load` are a LOAD's ways, `mine` marks the prefixes of the family."""
        session = control.session
        if control.kind == LOAD:
            assert load is not None
            self.judge.load(session, np.asarray(load), mine.view(np.uint8))
        elif control.kind == CUT:
            self.judge.leave_out_absent(session)
        elif control.kind == TABLE:
            self.judge.table_taken(session)
        elif control.kind == UNKNOWN:
            self.known[session] = False
            self.vote(session, control.second, standing)
            if control.value != REASON_GAP:
                self.judge.forget_stale(session)
        elif control.kind == GAP_END:
            self.judge.gap_ended(session, control.value)
            self.known[session] = True
        elif control.kind == KNOWN:
            self.known[session] = True
        self.vote(session, control.second, standing)


def begins(controls: Sequence[Control], events: Events) -> list[tuple[int, Control]]:
    """Each control with the number of the event before which it comes."""
    # What others flip in the second of a gap's end is no longer meanwhile, whoever is read first.
    return [
        (int(np.searchsorted(events.second, c.second, "left")) if c.kind == GAP_END else c.position, c)
        for c in controls
    ]
