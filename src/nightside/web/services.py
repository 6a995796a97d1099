"""What answered in a country over time, as nightside.services/1."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.services import Services
from nightside.store.protocol import Store
from nightside.web.answers import Body, json_body, send
from nightside.web.asked import FROM, TO, not_too_long, time_range
from nightside.web.documented import answers
from nightside.web.errors import BadRequestError, NotThereError
from nightside.web.house import InHouse

router = APIRouter()

LONGEST_S = 31 * 86_400
"""The longest range of one answer about services."""

Country = Annotated[str, Query(pattern="^[A-Za-z]{2}$", description="ISO 3166-1 alpha-2.", examples=["KP"])]


def nothing_of(country: str, begin: int, end: int) -> Services:
    """Nobody checked anything within this range."""
    return Services(country, begin, end, [], [], [], [], [], [], [], [])


@router.get("/checks", responses=answers("services", missing=True))
async def checks(
    request: Request,
    house: InHouse,
    country: Country,
    begin: Annotated[str, FROM],
    end: Annotated[str, TO],
) -> Response:
    """What answered in a country, from where that was seen, and what it says beside the routes."""
    first, last = time_range(begin, end)
    if first is None or last is None:
        raise BadRequestError("a range has two ends", where="from, to", advice="Give both.")
    not_too_long(first, last, LONGEST_S)
    code, number = country.upper(), house.latest.number

    def ask(store: Store) -> Body:
        if not house.answering.checked(store, number, code):
            raise NotThereError(
                f"nobody ever checked anything of {code}",
                where="country",
                advice="`nightside check` does, and docs/checks.md tells how.",
            )
        found = house.answering.of(store, number, code, first, last)
        return json_body((found or nothing_of(code, first, last)).to_json())

    return send(request, await house.slow.run(ask))
