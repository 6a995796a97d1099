"""How many requests were answered, by route and class of status."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"
"""What is no route of ours: files, and what nobody serves. So whoever makes up paths makes no new series."""


class Requests:
    """The counts since the start, by (route, class): ("/api/1/incidents", "2xx")."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def note(self, scope: Scope, status: int) -> None:
        """One more, once its answer begins."""
        self.counts[_route_of(scope), f"{status // 100}xx"] += 1


def _route_of(scope: Scope) -> str:
    """The route with its parameters' names: `/api/1/entities/{type}/{code}`.

    The framework tells it without what its router stands below; that is as much of the path as the route leaves over.
    """
    own = getattr(scope.get("route"), "path_format", None)
    if own is None:
        return OTHER
    parts = str(scope["path"]).split("/")
    return "/".join(parts[: len(parts) - own.count("/")]) + str(own)


class CountRequests:
    """ASGI middleware that notes every answer."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self.app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and note the start of the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests.note(scope, message["status"])
            await send(message)

        await self.app(scope, receive, send_noted)
