"""The world as this server knows it: countries, their names, clocks and units."""

from __future__ import annotations

from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nightside.web.answers import Body, json_body, send
from nightside.web.documented import answers
from nightside.web.house import InHouse
from nightside.world.clocks import zone_of
from nightside.world.names import country_codes, country_name
from nightside.world.snapshot import load
from nightside.world.units import units_per_country

router = APIRouter()


@lru_cache(maxsize=1)
def world_body() -> Body:
    """The whole answer: it is the same as long as the program runs."""
    snapshot = load()
    registered = dict(zip(snapshot.codes, units_per_country(snapshot).tolist(), strict=True))
    countries = [
        {"code": code, "name": country_name(code), "zone": zone_of(code), "units": registered.get(code, 0)}
        for code in sorted(country_codes())
    ]
    about = {"name": snapshot.name, "date": snapshot.date}
    return json_body({"schema": "nightside.world/1", "snapshot": about, "countries": countries})


@router.get("/world", responses=answers("world"))
async def world(request: Request, house: InHouse) -> Response:
    """All countries with the units that the registries give them."""
    return send(request, await house.slow.run(lambda _store: world_body()))
