"""The chart of an incident as a picture."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from nightside.publish.chart import picture
from nightside.store.protocol import Store
from nightside.web.answering import series_with_services
from nightside.web.answers import Body, body_of, send
from nightside.web.asked import IncidentId
from nightside.web.documented import common, picture_answer
from nightside.web.house import House, InHouse
from nightside.web.incident import stored_incident, stored_series

router = APIRouter()

Kind = Literal["png", "svg"]
Shape = Annotated[
    Literal["page", "post"], Query(description="`page` with all panels, or `post`: 16:9, large letters.")
]
MEDIA_TYPES: dict[Kind, str] = {"png": "image/png", "svg": "image/svg+xml"}


@router.get("/incidents/{id}/chart.png", responses=common(missing=True) | picture_answer("image/png"))
async def chart_png(request: Request, house: InHouse, id: IncidentId, shape: Shape = "page") -> Response:
    """The chart as PNG."""
    return send(request, await drawn(house, id, "png", shape))


@router.get("/incidents/{id}/chart.svg", responses=common(missing=True) | picture_answer("image/svg+xml"))
async def chart_svg(request: Request, house: InHouse, id: IncidentId, shape: Shape = "page") -> Response:
    """The chart as SVG."""
    return send(request, await drawn(house, id, "svg", shape))


async def drawn(house: House, id: str, kind: Kind, shape: Literal["page", "post"]) -> Body:
    """The picture, drawn once for as long as incident and series are what they are."""

    def read(store: Store) -> tuple[dict[str, Any], Any]:
        return stored_incident(store, id), stored_series(store, id)

    incident, series = await series_with_services(house, read)
    # A later replay may lengthen the series of an incident that stays as it is, and results may come in late.
    checked = None if series.services is None else house.latest.number
    key = (id, incident["revision"], series.end, len(series.times), checked, kind, shape)

    async def draw() -> Body:
        content = await house.slow.run(lambda _store: picture(incident, series, kind, shape))
        return body_of(content, MEDIA_TYPES[kind], compress=kind == "svg")

    return await house.kept.get(key, draw)
