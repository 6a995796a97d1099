"""What these routes answer, for /openapi.json: the envelope around lists of objects, in their own words."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_TEXT, _WHOLE, _NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
_FLAG: Json = {"type": "boolean"}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


_OURS = {"type": "object"}
ENTITY = _object(
    code=_TEXT, name=_TEXT, type=_TEXT, subnames=_list(_TEXT), attrs={"type": "object"}, nightside=_OURS
)
DATASOURCE = _object(datasource=_TEXT, name=_TEXT, units=_TEXT)
SERIES = _object(
    entityType=_TEXT,
    entityCode=_TEXT,
    entityName=_TEXT,
    entityFqid=_TEXT,
    datasource=_TEXT,
    subtype=_TEXT,
    step=_WHOLE,
    nativeStep=_WHOLE,
    values=_list(_or_null(_NUMBER)),
    until=_WHOLE,
    nightside=_OURS,
    **{"from": _WHOLE},
)
ALERT = _object(
    datasource=_TEXT,
    entity=ENTITY,
    time=_WHOLE,
    level={"enum": ["normal", "warning", "critical"]},
    condition=_TEXT,
    value=_or_null(_NUMBER),
    historyValue=_or_null(_NUMBER),
    method=_TEXT,
    nightside=_OURS,
)
EVENT = {
    "anyOf": [
        _object(
            location=_TEXT,
            start=_WHOLE,
            duration=_WHOLE,
            uncertainty={"type": "null"},
            method=_TEXT,
            datasource=_TEXT,
            status=_WHOLE,
            fraction={"type": "null"},
            score=_or_null(_NUMBER),
            location_name=_TEXT,
            overlaps_window=_FLAG,
            nightside=_OURS,
        ),
        _object(
            entity=ENTITY,
            until=_WHOLE,
            score=_or_null(_NUMBER),
            datasource=_TEXT,
            method=_TEXT,
            nightside=_OURS,
            **{"from": _WHOLE},
        ),
    ]
}
SUMMARY = _object(
    scores={"type": "object", "additionalProperties": _or_null(_NUMBER)},
    entity=ENTITY,
    event_cnt=_WHOLE,
    nightside=_OURS,
)


def _envelope(data: Json, error: Json) -> Json:
    return _object(
        type=_TEXT,
        metadata=_object(requestTime=_TEXT, responseTime=_TEXT),
        requestParameters={"type": "object"},
        error=error,
        perf={"type": "null"},
        data=data,
        copyright=_TEXT,
    )


def answers(item: Json, *, nested: bool = False) -> dict[int | str, Json]:
    """The answers of a route that gives a list of these, or (`nested`) a list of them for each entity."""
    data = _list(_list(item)) if nested else _list(item)

    def said(words: str, schema: Json) -> Json:
        return {"description": words, "content": {"application/json": {"schema": schema}}}

    failed = _envelope({"type": "null"}, _TEXT)
    return {
        200: said("What was asked for.", _envelope(data, {"type": "null"})),
        304: {"description": "You have it: the ETag of your If-None-Match still holds."},
        400: said("The words of the request are wrong, or nobody is called so.", failed),
        413: said("More was asked for than one answer holds.", failed),
        429: said("You ask too often.", failed),
        503: said("Too many are waiting; try again in a second.", failed),
    }
