"""What is measured: one of IODA's datasources, `bgp`."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from nightside.web.errors import BadRequestError
from nightside.web.ioda.asked import BGP
from nightside.web.ioda.documented import DATASOURCE, answers
from nightside.web.ioda.envelope import answer

router = APIRouter()

HERE = {"datasource": BGP, "name": "BGP", "units": "Visible /24s"}


@router.get("/datasources", include_in_schema=False)
@router.get("/datasources/", responses=answers(DATASOURCE))
async def datasources(request: Request) -> Response:
    """The datasources that there are here: one."""
    return answer(request, {}, orjson.dumps([HERE]))


@router.get("/datasources/{datasource}", responses=answers(DATASOURCE))
async def datasource(
    request: Request, datasource: Annotated[str, InPath(pattern="^[a-z0-9-]{1,64}$", description="Its name.")]
) -> Response:
    """One datasource, as a list of one."""
    if datasource != BGP:
        raise BadRequestError(
            f"Unknown datasource '{datasource}'", where="datasource", advice="There is bgp."
        )
    return answer(request, {}, orjson.dumps([HERE]))
