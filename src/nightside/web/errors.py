"""Errors as answers: {"error": {"what", "where", "advice"}} with a status that says whose mistake it is.

Below /v2, where IODA's clients ask, the same in the envelope that they read (`ioda.envelope`).

ApiError          a NightsideError with a status
├── BadRequestError    400  the words of the request are wrong
├── NotThereError      404  there is no such thing
├── TooLargeError      413  more was asked for than one answer holds
├── TooManyError       429  asked too often
└── BusyError          503  too many are waiting already, or the store cannot be read now
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from nightside.model.errors import NightsideError, UsageError
from nightside.web.headers import SECURITY_HEADERS
from nightside.web.ioda import envelope

log = logging.getLogger("nightside.web")

RETRY: Mapping[str, str] = MappingProxyType({"Retry-After": "1"})


class ApiError(NightsideError):
    """An error with its HTTP status."""

    status = 500
    headers: Mapping[str, str] = MappingProxyType({})


class BadRequestError(ApiError):
    """The words of the request are wrong."""

    status = 400


class NotThereError(ApiError):
    """There is no such thing."""

    status = 404


class TooLargeError(ApiError):
    """More was asked for than one answer holds."""

    status = 413


class TooManyError(ApiError):
    """This client asks too often."""

    status = 429
    headers = RETRY

    def __init__(self, what: str, *, where: str = "", advice: str = "", wait_s: float = 1.0) -> None:
        """`wait_s`: after so long it may come again."""
        super().__init__(what, where=where, advice=advice)
        self.headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}


class BusyError(ApiError):
    """Too many requests are waiting already."""

    status = 503
    headers = RETRY


def error_answer(
    status: int,
    what: str,
    where: str = "",
    advice: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "",
) -> JSONResponse:
    """The one shape of an error; `path` is what was asked for, where that may have a shape of its own."""
    body: dict[str, Any] = {"error": {"what": what, "where": where, "advice": advice}}
    if envelope.is_ours(path):
        body = envelope.failure(path, what, where, advice)
    return JSONResponse(body, status, headers={"Cache-Control": "no-store", **(headers or {})})


def add_error_handlers(app: FastAPI) -> None:
    """Turn every exception into `error_answer`."""
    app.add_exception_handler(NightsideError, _of_nightside)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_us)


async def _of_nightside(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NightsideError)
    path = request.scope["path"]
    if isinstance(error, ApiError):
        return error_answer(error.status, error.what, error.where, error.advice, error.headers, path=path)
    if isinstance(error, UsageError):
        return error_answer(400, error.what, error.where, error.advice, path=path)
    # The store's own words name files of this machine: they go to the log, not to whoever asks.
    log.error("%s: %s", path, error)
    return error_answer(
        503, "the store cannot be read", advice="Look into the server's log.", headers=RETRY, path=path
    )


async def _of_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    where = str(first["loc"][-1])
    advice = "/openapi.json says what each route takes."
    return error_answer(400, str(first["msg"]), where, advice, path=request.scope["path"])


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    path = request.scope["path"]
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        # Pages are built on what raises these errors.
        from nightside.web.templating import error_page

        return error_page(404, "there is no such page", path, "The links above lead to all there is.")
    if error.status_code == 404:
        return error_answer(404, "there is no such page", path, "/openapi.json lists all.", path=path)
    return error_answer(error.status_code, str(error.detail), path, headers=headers, path=path)


async def _of_us(request: Request, _error: Exception) -> JSONResponse:
    # This one is made outside of our middleware, so it brings its headers along.
    # Starlette raises it once more, so that the server logs it.
    path = request.scope["path"]
    return error_answer(
        500, "a mistake of the program", path, "Tell its makers.", dict(SECURITY_HEADERS), path=path
    )
