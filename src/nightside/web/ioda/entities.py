"""Who there is: every country of the world, and the ASes that are watched."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.store.protocol import Store
from nightside.web.errors import BadRequestError
from nightside.web.house import InHouse
from nightside.web.ioda.asked import (
    EntityCodes,
    EntityKind,
    PageNumber,
    PageSize,
    RelatedTo,
    codes_of,
    related_of,
)
from nightside.web.ioda.documented import ENTITY, answers
from nightside.web.ioda.envelope import answer
from nightside.web.ioda.metadata import found

router = APIRouter()

MOST = 2000
"""IODA's own bound where no limit is given."""

Search = Annotated[
    str | None, Query(alias="search", max_length=80, description="Part of a name, or a code, in any case.")
]


@router.get("/entities/query/", include_in_schema=False)
@router.get("/entities/query", responses=answers(ENTITY))
async def entities(
    request: Request,
    house: InHouse,
    kind: EntityKind = None,
    codes: EntityCodes = None,
    related: RelatedTo = None,
    search: Search = None,
    limit: PageSize = MOST,
    page: PageNumber = None,
) -> Response:
    """Entities by type, codes, relation or part of their name."""
    if codes and (search or related):
        raise BadRequestError(
            "with codes there is no search and no relation",
            where="entityCode",
            advice="Give one or the other.",
        )
    wanted, relation = codes_of(kind, codes), related_of(related)
    size = min(limit, MOST)
    first = size * (page or 0)

    def make(_store: Store) -> bytes:
        metas = found(house.latest, kind, wanted, relation, search or "")
        return orjson.dumps([meta.json() for meta in metas[first : first + size]])

    parameters = {
        "relatedTo": related,
        "search": search,
        "limit": limit,
        "page": page,
        "entityType": kind,
        "entityCode": codes,
    }
    return answer(request, parameters, await house.quick.run(make))
