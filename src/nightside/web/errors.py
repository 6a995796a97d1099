"""Errors as answers: {"error": {"what", "where", "advice"}} with a status that says whose mistake it is.

ApiError          a NightsideError with a status
├── BadRequestError    400  the words of the request are wrong
├── NotThereError      404  there is no such thing
├── TooLargeError      413  more was asked for than one answer holds
├── TooManyError       429  asked too often
└── BusyError          503  too many are waiting already, or the store cannot be read now
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from nightside.model.errors import NightsideError, UsageError
from nightside.web.headers import SECURITY_HEADERS

log = logging.getLogger("nightside.web")

RETRY = {"Retry-After": "1"}


class ApiError(NightsideError):
    """An error with its HTTP status."""

    status = 500
    headers: ClassVar[dict[str, str]] = {}


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


class BusyError(ApiError):
    """Too many requests are waiting already."""

    status = 503
    headers = RETRY


def error_answer(
    status: int, what: str, where: str = "", advice: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """The one shape of an error."""
    body = {"error": {"what": what, "where": where, "advice": advice}}
    return JSONResponse(body, status, headers={"Cache-Control": "no-store", **(headers or {})})


def add_error_handlers(app: FastAPI) -> None:
    """Turn every exception into `error_answer`."""
    app.add_exception_handler(NightsideError, _of_nightside)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_us)


async def _of_nightside(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NightsideError)
    if isinstance(error, ApiError):
        return error_answer(error.status, error.what, error.where, error.advice, error.headers)
    if isinstance(error, UsageError):
        return error_answer(400, error.what, error.where, error.advice)
    # The store's own words name files of this machine: they go to the log, not to whoever asks.
    log.error("%s: %s", request.scope["path"], error)
    return error_answer(503, "the store cannot be read", advice="Look into the server's log.", headers=RETRY)


async def _of_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    where = str(first["loc"][-1])
    return error_answer(400, str(first["msg"]), where, "/openapi.json says what each route takes.")


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        # Pages are built on what raises these errors.
        from nightside.web.templating import error_page

        return error_page(
            404, "there is no such page", request.scope["path"], "The links above lead to all there is."
        )
    if error.status_code == 404:
        return error_answer(404, "there is no such page", request.scope["path"], "/openapi.json lists all.")
    return error_answer(error.status_code, str(error.detail), request.scope["path"], headers=headers)


async def _of_us(request: Request, _error: Exception) -> JSONResponse:
    # This one is made outside of our middleware, so it brings its headers along.
    # Starlette raises it once more, so that the server logs it.
    return error_answer(
        500, "a mistake of the program", request.scope["path"], "Tell its makers.", dict(SECURITY_HEADERS)
    )
