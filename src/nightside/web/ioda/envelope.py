"""The envelope of every answer, of errors too: {type, metadata, requestParameters, error, perf, data, copyright}."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response

from nightside.web.answers import Body, body_of, send

Json = dict[str, Any]

PREFIX = "/v2"
COPYRIGHT = "Nightside's own measurement in the shape of IODA's API; no data of IODA."
"""Stands where IODA's own notice would: nobody is to take this for its data."""

_TYPES = {
    "/v2/datasources": "datasources",
    "/v2/entities": "entities.lookup",
    "/v2/signals": "signals",
    "/v2/outages/alerts": "outages.alerts",
    "/v2/outages/events": "outages.events",
    "/v2/outages/summary": "outages.summary",
}


def type_of(path: str) -> str:
    """What an answer of this path calls itself."""
    return next((name for begin, name in _TYPES.items() if path.startswith(begin)), "unknown")


def is_ours(path: str) -> bool:
    """Whether whoever asks for this path expects the envelope."""
    return path.startswith(f"{PREFIX}/")


def failure(path: str, what: str, where: str, advice: str) -> Json:
    """An error in the envelope: a text in `error`, nothing in `data`."""
    text = " ".join(part for part in (f"{where}: {what}." if where else f"{what}.", advice) if part)
    return _around(path, {}, text) | {"data": None, "copyright": COPYRIGHT}


def enveloped(path: str, parameters: Json, data: bytes) -> Body:
    """`data`, which is JSON, in the envelope. Its tag is that of what is asked and told, not of the time of day."""
    begin = orjson.dumps(_around(path, parameters, None))
    end = orjson.dumps({"copyright": COPYRIGHT})
    made = body_of(begin[:-1] + b',"data":' + data + b"," + end[1:])
    tag = blake2b(orjson.dumps([path, parameters]) + data, digest_size=12).hexdigest()
    return Body(made.plain, made.zipped, f'W/"{tag}"', made.media_type)


def answer(request: Request, parameters: Json, data: bytes) -> Response:
    """The answer with this `data`; what is long is `enveloped` by a reader, and sent as it is."""
    return send(request, enveloped(request.scope["path"], parameters, data))


def _around(path: str, parameters: Json, error: str | None) -> Json:
    now = datetime.fromtimestamp(int(time.time()), UTC).isoformat()
    return {
        "type": type_of(path),
        "metadata": {"requestTime": now, "responseTime": now},
        "requestParameters": parameters,
        "error": error,
        "perf": None,
    }
