"""The dashboard's own files, read once and sent from memory: styles, scripts, the map; nothing from elsewhere.

Their addresses carry a digest of all of them, so that a browser may keep them for good.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from nightside.web.answers import NEVER_CHANGES, Body, body_of, send
from nightside.web.errors import NotThereError

router = APIRouter(include_in_schema=False)

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}


def _below(folder: Traversable, prefix: str = "") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in folder.iterdir():
        if item.is_dir():
            found |= _below(item, f"{prefix}{item.name}/")
        elif item.name.rpartition(".")[2] in MEDIA_TYPES:
            found[f"{prefix}{item.name}"] = item.read_bytes()
    return found


@lru_cache(maxsize=1)
def _contents() -> dict[str, bytes]:
    own = _below(files("nightside.web") / "static")
    # The look of the reports is the look of the pages.
    return own | {"report.css": (files("nightside.publish") / "report.css").read_bytes()}


@lru_cache(maxsize=1)
def _bodies() -> dict[str, Body]:
    return {
        name: body_of(content, MEDIA_TYPES[name.rpartition(".")[2]]) for name, content in _contents().items()
    }


@lru_cache(maxsize=1)
def digest() -> str:
    """What all files' contents come to, short."""
    whole = hashlib.blake2b(digest_size=6)
    for name, content in sorted(_contents().items()):
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def address(name: str) -> str:
    """Where a file is: `/static/0123456789ab/site.css`. KeyError where there is none."""
    if name not in _contents():
        raise KeyError(name)
    return f"/static/{digest()}/{name}"


@router.get("/static/{version}/{name:path}")
async def static(
    request: Request,
    version: Annotated[str, InPath(max_length=64)],
    name: Annotated[str, InPath(max_length=200)],
) -> Response:
    """One file. An old version's address gives today's file, and is not kept."""
    body = _bodies().get(name)
    if body is None:
        raise NotThereError("there is no such file", where=f"/static/{version}/{name}")
    return send(request, body, cache=NEVER_CHANGES if version == digest() else "no-cache")
