"""What depends on the rest of the store (an incident's history, what is usual), asked of the engine.

It is kept until something new is stored: what is asked again and again is computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nightside.model.entity import Entity
from nightside.model.state import EntityState
from nightside.store.protocol import Store
from nightside.web.until_news import UntilNews

MOST_KEPT = 64
"""So many incidents and entities stay in memory."""

Json = dict[str, Any]
ShownOf = Callable[[Store, Json], Json]
"""A stored incident as it is shown. The engine has one."""
HistoryOf = Callable[[Store, Entity, int, int], Json]
"""`nightside.history/1` of an entity with samples from the one second to the other. The engine has one."""


class Telling:
    """What the engine says, each question once for as long as nothing new is stored."""

    def __init__(self, shown_of: ShownOf | None, history_of: HistoryOf | None) -> None:
        self._shown_of, self._history_of = shown_of, history_of
        self._kept: UntilNews[Json] = UntilNews(MOST_KEPT)

    def incident(self, store: Store, number: int, incident: Json) -> Json:
        """The incident as it is shown; as it is stored where nobody can tell more.

        `number` is that of the newest change that is known of; a later one makes all old.
        """
        ask = self._shown_of
        if ask is None:
            return incident
        return self._kept.once(number, ("incident", incident["id"]), lambda: ask(store, incident))

    def entity(self, store: Store, number: int, state: EntityState) -> Json | None:
        """The history of an entity; None where nobody can tell."""
        ask = self._history_of
        if ask is None:
            return None
        entity = Entity(state.type, state.code, state.name)
        key = ("entity", state.type, state.code, str(state.last_s))
        return self._kept.once(number, key, lambda: ask(store, entity, state.first_s, state.last_s))
