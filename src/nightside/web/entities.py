"""Entities and how they are doing: the latest state of countries, ASes and our own view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.model.entity import EntityType as Type
from nightside.model.instants import iso
from nightside.model.state import EntityState
from nightside.web.answers import Body, json_body, send
from nightside.web.asked import Code, EntityType, Limit, address_of, normal_code
from nightside.web.documented import answers
from nightside.web.errors import BadRequestError, NotThereError
from nightside.web.house import House, InHouse

router = APIRouter()

ByType = Annotated[Type | None, Query(description="country, asn or view.")]
ByWords = Annotated[
    str | None,
    Query(min_length=1, max_length=80, description="Part of a name or the beginning of a code, in any case."),
]
After = Annotated[
    str | None,
    Query(pattern="^(country|asn|view)/[A-Za-z0-9_.-]{1,64}$", description="`next` of the page before."),
]


def state_json(state: EntityState) -> dict[str, Any]:
    """An entity's state in the shape `nightside.state/1`."""
    known = state.units is not None and state.baseline_units
    return {
        "schema": "nightside.state/1",
        "entity": {"type": state.type, "code": state.code, "name": state.name},
        "first": iso(state.first_s),
        "last": iso(state.last_s),
        "units": state.units,
        "baseline_units": state.baseline_units,
        "share": round(state.units / state.baseline_units, 6) if known else None,  # type: ignore[operator]
        "quality": state.quality,
    }


def known_state(house: House, type: str, code: str) -> EntityState:
    """The latest state of an entity. Raises NotThereError where nothing is stored of it."""
    state = house.latest.entities.get((type, normal_code(type, code)))
    if state is None:
        raise NotThereError(
            f"nothing is stored of {type} {code}", where="code", advice="/api/1/entities lists who is known."
        )
    return state


@router.get("/entities", responses=answers("entities"))
async def entities(
    request: Request,
    house: InHouse,
    type: ByType = None,
    q: ByWords = None,
    limit: Limit = 300,
    cursor: After = None,
) -> Response:
    """Who is watched and how each is doing at the end of what is stored, in the order of type and code."""
    latest = house.latest

    def make() -> Body:
        items: list[dict[str, Any]] = []
        following = None
        for state in _found(latest.entities, type, q, cursor):
            if len(items) == limit:
                last = items[-1]["entity"]
                following = f"{last['type']}/{last['code']}"
                break
            items.append(state_json(state))
        return json_body({"schema": "nightside.entities/1", "items": items, "next": following})

    return send(request, latest.answer(address_of(request), make))


def _found(
    entities: dict[tuple[str, str], EntityState], type: str | None, words: str | None, after: str | None
) -> Iterator[EntityState]:
    place = ("", "")
    if after is not None:
        begin, _, code = after.partition("/")
        place = (begin, code)
        if place not in entities:
            raise BadRequestError(
                "not a cursor", where="cursor", advice="Give the `next` of the page before, as it was."
            )
    sought = (words or "").casefold()
    for key, state in entities.items():
        if key <= place or (type is not None and state.type != type):
            continue
        if sought in state.name.casefold() or state.code.casefold().startswith(sought):
            yield state


@router.get("/entities/{type}/{code}/history", responses=answers("history", missing=True))
async def history(request: Request, house: InHouse, type: EntityType, code: Code) -> Response:
    """What is usual for one entity, and what others documented of it."""
    state, number = known_state(house, type, code), house.latest.number
    found = await house.quick.run(lambda store: house.telling.entity(store, number, state))
    if found is None:
        raise NotThereError("this server does not tell what is usual", where="history")
    return send(request, json_body(found))


@router.get("/entities/{type}/{code}", responses=answers("state", missing=True))
async def entity(request: Request, house: InHouse, type: EntityType, code: Code) -> Response:
    """How one entity is doing."""
    return send(request, json_body(state_json(known_state(house, type, code))))
