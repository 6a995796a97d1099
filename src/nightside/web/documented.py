"""What the routes answer, for /openapi.json: the project's own JSON Schemas, and every error there can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from nightside.web.answers import MEDIA_TYPES, Body, json_body, send

Json = dict[str, Any]
Responses = dict[int | str, Json]

_URN = "urn:nightside:schema:"


def content_of(schema: str) -> Json:
    """JSON of this schema, with its version: `error-1`."""
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def common(*, missing: bool = False) -> Responses:
    """The answers that every route has; with `missing`, those of one thing that may not be there."""
    found: Responses = {
        304: {"description": "You have it: the ETag of your If-None-Match still holds."},
        400: {"description": "The words of the request are wrong.", "content": content_of("error-1")},
        413: {"description": "More was asked for than one answer holds.", "content": content_of("error-1")},
        429: {"description": "You ask too often.", "content": content_of("error-1")},
        503: {
            "description": "Too many are waiting; try again in a second.",
            "content": content_of("error-1"),
        },
    }
    if missing:
        found[404] = {"description": "There is no such thing.", "content": content_of("error-1")}
    return found


def answers(schema: str, *, missing: bool = False, tables: bool = False) -> Responses:
    """The answers of a route that gives JSON of this schema (version 1), or also tables."""
    content = content_of(f"{schema}-1")
    if tables:
        for form, media in MEDIA_TYPES.items():
            if form != "json":
                content[media.partition(";")[0]] = {"schema": {"type": "string"}}
    return {200: {"description": "What was asked for.", "content": content}, **common(missing=missing)}


def answers_to_writing(schema: str, done: str, refused: Mapping[int, str]) -> Responses:
    """The answers of a route that writes: what became of it (`done`), and each status with which it is `refused`."""
    always = {
        401: "There is no such token, or no more.",
        408: "The body did not come in time.",
        413: "More than one request may hand in.",
        503: "The store cannot be written now, or too many wait. Nothing was stored.",
    }
    found: Responses = {200: {"description": done, "content": content_of(schema)}}
    for status, why in sorted((always | dict(refused)).items()):
        found[status] = {"description": why, "content": content_of("error-1")}
    return found


def picture_answer(media_type: str) -> Responses:
    """A picture."""
    return {200: {"description": "The picture.", "content": {media_type: {"schema": {"type": "string"}}}}}


def feed_answer(media_type: str) -> Responses:
    """A feed."""
    schema = {"type": "object"} if media_type.endswith("json") else {"type": "string"}
    return {200: {"description": "The feed.", "content": {media_type: {"schema": schema}}}}


def stream_answer() -> Responses:
    """An event stream."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    return {200: {"description": "Events until the client has enough.", "content": content}}


def schemas() -> dict[str, Json]:
    """The JSON Schemas of the project as components of OpenAPI, by name (`incident-1`)."""
    found = {}
    for file in (files("nightside.model") / "schemas").iterdir():
        name = file.name.removesuffix(".json")
        schema = _rebased(json.loads(file.read_text(encoding="utf-8")), f"#/components/schemas/{name}")
        found[name] = {k: v for k, v in schema.items() if k not in ("$schema", "$id")}
    return dict(sorted(found.items()))


def _rebased(item: Any, root: str) -> Any:
    """With references to the file itself and to other files turned into references to components."""
    if isinstance(item, list):
        return [_rebased(each, root) for each in item]
    if not isinstance(item, dict):
        return item
    return {k: _reference(v, root) if k == "$ref" else _rebased(v, root) for k, v in item.items()}


def _reference(target: str, root: str) -> str:
    if target.startswith(_URN):
        name, version = target.removeprefix(_URN).split(":")
        return f"#/components/schemas/{name}-{version}"
    return root + target.removeprefix("#")


def add_document(app: FastAPI) -> None:
    """Serve at /openapi.json what the app really answers."""

    @lru_cache(maxsize=1)
    def body() -> Body:
        return json_body(document(app))

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return send(request, body())


def document(app: FastAPI) -> Json:
    """The app in OpenAPI's words."""
    made = app.openapi()
    made["components"] = {"schemas": schemas()}
    for path in made["paths"].values():
        for operation in path.values():
            if "security" in operation:
                made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            else:
                # FastAPI's own word for wrong parameters; here these are 400.
                operation["responses"].pop("422", None)
    return made
