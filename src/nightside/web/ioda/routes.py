"""All routes below /v2."""

from __future__ import annotations

from fastapi import APIRouter

from nightside.web.ioda import datasources, entities, outages, signals
from nightside.web.ioda.envelope import PREFIX

router = APIRouter(prefix=PREFIX)
for resource in (datasources, entities, signals, outages):
    router.include_router(resource.router)
