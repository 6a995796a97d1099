"""What all routes of one running app share: the store, its readers, the memory, the finished charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from nightside.store.protocol import Store
from nightside.web.answering import Answering
from nightside.web.desk import Desk
from nightside.web.gate import Gate
from nightside.web.kept import Kept
from nightside.web.memory import Latest, Memory
from nightside.web.news import News
from nightside.web.reading import Readers
from nightside.web.requests import Requests
from nightside.web.telling import Telling
from nightside.web.writing_desk import Acknowledging, Attach, WritingDesk


@dataclass
class House:
    """One per app."""

    store: Store
    quick: Readers
    """For what takes milliseconds."""
    slow: Readers
    """For charts, maps and long exports, so that these never stand before the quick ones."""
    memory: Memory
    news: News
    kept: Kept
    """Finished answers that cost much: charts and maps."""
    answering: Answering
    """What answered in a country, where somebody checks it."""
    telling: Telling
    """What the history of incidents and entities says."""
    gate: Gate
    """Where whoever writes shows a token."""
    requests: Requests
    """How many were answered."""
    desk: Desk | None = None
    """Where places hand in what they found; None where nobody may."""
    reports: WritingDesk[Attach] | None = None
    """Where reports of others are attached to incidents; None where nobody may."""
    acknowledgements: WritingDesk[Acknowledging] | None = None
    """Where somebody says that an incident was seen; None where nobody may."""

    @property
    def latest(self) -> Latest:
        """The newest moment of the store that is in memory."""
        return self.memory.latest

    def close(self) -> None:
        """Wait for the readers, the gate and the desks, and let go of the store."""
        for desk in (self.desk, self.reports, self.acknowledgements):
            if desk is not None:
                desk.close()
        self.gate.close()
        self.quick.close()
        self.slow.close()
        self.store.close()


def house_of(request: Request) -> House:
    """The one of this app."""
    house: House = request.app.state.house
    return house


InHouse = Annotated[House, Depends(house_of)]
