"""Routes for people: what goes wrong is told as a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from nightside.model.errors import UsageError
from nightside.web.errors import ApiError
from nightside.web.templating import error_page


class PageRoute(APIRoute):
    """A route whose errors are pages too. What is our own mistake goes on to the app's handler."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with what it raises turned into a page."""
        answer = super().get_route_handler()

        async def answer_or_say_why(request: Request) -> Response:
            try:
                return await answer(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                return error_page(400, "this cannot be asked", str(first["loc"][-1]), str(first["msg"]))
            except ApiError as error:
                return error_page(error.status, error.what, error.where, error.advice)
            except UsageError as error:
                return error_page(400, error.what, error.where, error.advice)

        return answer_or_say_why
