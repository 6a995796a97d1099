"""Health, readiness and metrics of a running watch by HTTP, answered on its own event loop.

    /healthz   200 while seconds are judged, else 503: a restart may help
    /readyz    200 while a verdict can be told of this instant, else 503 and why not
    /metrics   for Prometheus

A loop that is stuck answers nobody: who asks must take silence for a failure.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nightside.engine.live.metrics import CONTENT_TYPE, Metrics
from nightside.engine.live.vitals import Vitals
from nightside.engine.serve import address, listen
from nightside.engine.serve_protocol import Protocol

MOST_CONNECTIONS = 16
CONNECTION_S = 15.0
"""A connection is closed after this time, whatever it is at."""
LAST_WORDS_S = 1


class _Short(Protocol):
    """HTTP on connections that end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One more; the clock runs from now on."""
        super().connection_made(transport)
        self._end = asyncio.get_running_loop().call_later(CONNECTION_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._end.cancel()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """A guest on somebody else's loop: signals are not its business."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave them alone."""
        return nullcontext()


def app_of(vitals: Callable[[], Vitals]) -> Starlette:
    """The three routes; `vitals` is asked anew each time."""
    metrics = Metrics(vitals)

    async def healthz(_request: Request) -> Response:
        now = vitals()
        return _answer(now, now.why_not_alive())

    async def readyz(_request: Request) -> Response:
        now = vitals()
        return _answer(now, now.why_not_ready())

    async def scrape(_request: Request) -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", scrape)])


def _answer(vitals: Vitals, why_not: list[str]) -> Response:
    said = json.dumps(vitals.health(why_not), ensure_ascii=False) + "\n"
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(said, 503 if why_not else 200, headers)


@asynccontextmanager
async def serving(place: str, vitals: Callable[[], Vitals]) -> AsyncIterator[str]:
    """Answer at `place` (`127.0.0.1:11020`; port 0 takes any free one) within the block.

    Gives the address (`http://127.0.0.1:11020/`). Raises NightsideError where nobody can listen there.
    """
    host, _, port = place.rpartition(":")
    with listen(host.strip("[]"), int(port), advice="Set NIGHTSIDE_HEALTH_LISTEN to another.") as listening:
        listening.setblocking(False)
        config = uvicorn.Config(
            app_of(vitals),
            http=_Short,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            backlog=MOST_CONNECTIONS,
            timeout_graceful_shutdown=LAST_WORDS_S,
        )
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield address(listening)
        finally:
            server.should_exit = True
            await running
