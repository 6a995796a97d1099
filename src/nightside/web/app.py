"""The app: the routes of the API and of the dashboard over one store, which it reads only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, Depends, FastAPI

from nightside import __version__
from nightside.store.location import StoreLocation, open_store
from nightside.store.protocol import Store
from nightside.web import acknowledging as acknowledging_routes
from nightside.web import (
    entities,
    events,
    feeds,
    flips,
    handing_in,
    incident,
    incidents,
    metrics,
    pages,
    pictures,
    posts,
    reporting,
    services,
    signals,
    view,
    world,
)
from nightside.web import map as map_
from nightside.web.answering import Answering, ServicesOf
from nightside.web.answers import columns_of, json_body
from nightside.web.asked import refuse_unknown
from nightside.web.desk import Desk, Take
from nightside.web.documented import add_document
from nightside.web.errors import add_error_handlers
from nightside.web.gate import Gate
from nightside.web.headers import SecurityHeaders
from nightside.web.house import House
from nightside.web.ioda.routes import router as ioda_router
from nightside.web.kept import Kept
from nightside.web.limits import Limits, RateLimit
from nightside.web.memory import Latest, Memory
from nightside.web.news import News
from nightside.web.reading import Readers
from nightside.web.requests import CountRequests, Requests
from nightside.web.telling import HistoryOf, ShownOf, Telling
from nightside.web.writing_desk import Acknowledging, Attach, WritingDesk

API = "/api/1"

RESOURCES = (
    entities,
    signals,
    services,
    incidents,
    incident,
    pictures,
    posts,
    flips,
    view,
    world,
    map_,
    events,
)
"""Each is a file of this room with a `router`."""

DESCRIPTION = """What an observatory for national Internet outages has in its store: incidents, entities and their
signals. For reading only. Times are UTC. Unknown is a value (null), never a zero."""


def create_app(
    store_folder: StoreLocation,
    limits: Limits | None = None,
    *,
    take: Take | None = None,
    attach: Attach | None = None,
    acknowledging: Acknowledging | None = None,
    services_of: ServicesOf | None = None,
    shown_of: ShownOf | None = None,
    history_of: HistoryOf | None = None,
) -> FastAPI:
    """The app over the store in `store_folder`, which must be there. Raises NightsideError where it is not.

    `take` stores what places hand in, `attach` what others report of incidents, `acknowledging` who has seen them;
    without them nobody may. `services_of` says what answered; without it nothing is said of services. `shown_of` and
    `history_of` say what depends on the rest of the store: without them incidents are as they are stored, and nothing
    is said to be usual.
    """
    limits = limits or Limits()
    house = open_house(store_folder, limits, services_of, Telling(shown_of, history_of))
    house.desk = None if take is None else Desk(take)
    house.reports = None if attach is None else WritingDesk("reports", attach)
    house.acknowledgements = None if acknowledging is None else WritingDesk("acknowledgements", acknowledging)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(house.news.watch(house.memory, house.quick))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            house.close()

    app = FastAPI(
        title="Nightside",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,  # `documented` has its own
        docs_url=None,  # it loads scripts from third parties
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.house = house
    add_error_handlers(app)
    # The last one added sees a request first.
    app.add_middleware(RateLimit, limits=limits)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, requests=house.requests)
    api = APIRouter(prefix=API, dependencies=[Depends(refuse_unknown)])
    for resource in RESOURCES:
        api.include_router(resource.router)
    if house.desk is not None:
        api.include_router(handing_in.router)
    if house.reports is not None:
        api.include_router(reporting.router)
    if house.acknowledgements is not None:
        api.include_router(acknowledging_routes.router)
    app.include_router(api)
    # Feeds are for readers of news, who keep their addresses: no version in these.
    app.include_router(feeds.router, dependencies=[Depends(refuse_unknown)])
    app.include_router(metrics.router, dependencies=[Depends(refuse_unknown)])
    # IODA passes over words that it does not know, and its clients rely on it.
    app.include_router(ioda_router)
    app.include_router(pages.router)
    add_document(app)
    return app


def open_house(
    store_folder: StoreLocation,
    limits: Limits,
    services_of: ServicesOf | None = None,
    telling: Telling | None = None,
) -> House:
    """The store opened for reading, and in memory what is asked for most often."""
    store = open_store(store_folder, read_only=True)
    try:
        memory = Memory()
        memory.refresh(store)
        _wake(store, memory.latest)
    except BaseException:
        store.close()
        raise
    return House(
        store,
        quick=Readers(store, threads=2, waiting=200, name="quick"),
        slow=Readers(store, threads=1, waiting=20, name="slow"),
        memory=memory,
        news=News(limits),
        kept=Kept(),
        answering=Answering(services_of),
        telling=telling or Telling(None, None),
        gate=Gate(store),
        requests=Requests(),
    )


def _wake(store: Store, latest: Latest) -> None:
    """Read one entity as a request would, so that what is loaded at first use is there before the first request."""
    for state in list(latest.entities.values())[:1]:
        for read in (store.samples, store.rollup):
            json_body(columns_of(read(state.type, state.code, state.last_s - 86_400, state.last_s)))
