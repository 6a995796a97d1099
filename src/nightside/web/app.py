"""The app: the routes of the API and of the dashboard over one store, read-only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from nightside import __version__
from nightside.web import incident, incidents, pages, signals, world
from nightside.web.asked import refuse_unknown
from nightside.web.errors import add_error_handlers
from nightside.web.headers import SecurityHeaders
from nightside.web.house import House
from nightside.web.reading import Readers

API = "/api/1"


def create_app(store_folder: Path) -> FastAPI:
    """The app over the store in `store_folder`, which must be there."""
    house = House(
        store_folder,
        quick=Readers(store_folder, threads=2, waiting=200, name="quick"),
        slow=Readers(store_folder, threads=1, waiting=20, name="slow"),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            house.quick.close()
            house.slow.close()

    app = FastAPI(
        title="Nightside",
        version=__version__,
        docs_url=None,  # it loads scripts from third parties
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.house = house
    add_error_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SecurityHeaders)
    api = APIRouter(prefix=API, dependencies=[Depends(refuse_unknown)])
    for resource in (incidents, incident, signals, world):
        api.include_router(resource.router)
    app.include_router(api)
    app.include_router(pages.router)
    return app
