"""The health of our view: how many peer ASes are known, and the sessions of each collector."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nightside.model.instants import iso
from nightside.store.protocol import Store
from nightside.web.answers import Body, json_body, send
from nightside.web.asked import From, To
from nightside.web.documented import answers
from nightside.web.house import InHouse
from nightside.web.signals import Resolution, range_or_last_day, read_signal, signal_json

router = APIRouter()


@router.get("/view", responses=answers("view"))
async def view(
    request: Request, house: InHouse, begin: From = None, end: To = None, resolution: Resolution = "change"
) -> Response:
    """The signals of type `view`: `all` counts known peer ASes, a collector's counts its full-feed sessions."""
    states = [state for (type_, _), state in house.latest.entities.items() if type_ == "view"]
    last_s = max((state.last_s for state in states), default=0)
    first, last = range_or_last_day(house, begin, end, last_s)

    def ask(store: Store) -> Body:
        signals = [
            signal_json(
                s, first, last, resolution, read_signal(store, s.type, s.code, first, last, resolution)
            )
            for s in states
        ]
        about = {"schema": "nightside.view/1", "from": iso(first), "to": iso(last), "resolution": resolution}
        return json_body({**about, "signals": signals})

    return send(request, await house.slow.run(ask))
