"""The page of one incident, and of each of its revisions: the report of `publish`, with the site around it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nightside.publish.posts import post
from nightside.publish.report import article, page_title
from nightside.store.protocol import Store
from nightside.web.asked import IncidentId, base_url
from nightside.web.errors import NotThereError
from nightside.web.house import House, InHouse
from nightside.web.incident import Number, stored_incident, stored_series
from nightside.web.page_facts import entity_href, entity_name
from nightside.web.page_route import PageRoute
from nightside.web.reader import reader_of
from nightside.web.templating import page

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MOST_REVISIONS = 30
"""So many of the newest revisions are compared on the page; the API has all."""

Json = dict[str, Any]


@router.get("/incidents/{id}")
async def incident_page(request: Request, house: InHouse, id: IncidentId) -> Response:
    """One incident as it is known now; a new revision replaces what is shown."""
    return await _page(request, house, id, None)


@router.get("/incidents/{id}/revisions/{n}")
async def revision_page(request: Request, house: InHouse, id: IncidentId, n: Number) -> Response:
    """What one revision said. The address stays good."""
    return await _page(request, house, id, n)


async def _page(request: Request, house: House, id: str, n: int | None) -> Response:
    base, number = base_url(request), house.latest.number

    def ask(store: Store) -> dict[str, Any]:
        latest = stored_incident(store, id)
        shown = latest if n is None else store.revision(id, n)
        if shown is None:
            raise NotThereError(
                f"there is no revision {n} of {id}",
                where="n",
                advice=f"/incidents/{id} says what is known now.",
            )
        if n is None:
            shown = house.telling.incident(store, number, shown)
        return {
            "title": page_title(shown),
            "article": article(
                shown,
                house.answering.beside(store, number, latest, stored_series(store, id)),
                posts=[{**m, "text": post(m, latest)} for m in store.messages(id)],
                revisions=_revisions(store, id),
                base_url=base,
            ),
            "entity": shown["entity"],
        }

    # Comparing revisions takes its time: lists and states do not wait for it.
    facts = await house.slow.run(ask)
    reader = reader_of(request)
    entity = reader.named(facts)["entity"]
    return page(
        request,
        "incident.html",
        page="incidents",
        id=id,
        title=facts["title"],
        article=facts["article"],
        live=n is None,
        whose=reader.set_off(
            entity_name(entity["type"], entity["code"], entity["name"]), entity["name"] or ""
        ),
        href=entity_href(entity["type"], entity["code"]),
    )


def _revisions(store: Store, id: str) -> list[Json]:
    found = (store.revision(id, number) for number in store.revisions(id)[-MOST_REVISIONS:])
    return [revision for revision in found if revision is not None]
