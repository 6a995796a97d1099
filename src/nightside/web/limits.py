"""How much one client may ask for: a bucket of requests for each address, or token, that fills up again."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from nightside.web.errors import error_answer


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one server."""

    requests_per_s: float = 50.0
    """Of one client, for long."""
    burst: int = 200
    """Of one client, at once."""
    clients: int = 10_000
    """Addresses that are remembered; beyond that the one that has asked least recently starts afresh."""
    streams: int = 1_000
    """Open event streams of all clients."""
    streams_per_client: int = 10


class Buckets:
    """Token buckets by client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now_s: float, cost: float = 1.0) -> bool:
        """Whether the client may ask for so much more at this instant of a monotonic clock."""
        full = float(self._limits.burst)
        tokens, since = self._buckets.pop(client, (full, now_s))
        tokens = min(full, tokens + (now_s - since) * self._limits.requests_per_s)
        allowed = tokens >= cost
        self._buckets[client] = (tokens - cost if allowed else tokens, now_s)
        if len(self._buckets) > self._limits.clients:
            self._buckets.popitem(last=False)
        return allowed

    def wait_s(self, client: str, now_s: float, cost: float = 1.0) -> float:
        """How long until `take` allows it; 0.0 where it does now."""
        tokens, since = self._buckets.get(client, (float(self._limits.burst), now_s))
        missing = cost - tokens
        if missing <= 0 or not self._limits.requests_per_s:
            return 0.0
        return max(0.0, missing / self._limits.requests_per_s - (now_s - since))


def client_of(scope: Scope) -> str:
    """Who asks: an IPv4 address, or the /64 of an IPv6 address, since one client has all of it."""
    host = str((scope.get("client") or ("unknown", 0))[0])
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Network((int(address) >> 64 << 64, 64)))
    return host


class RateLimit:
    """ASGI middleware that answers 429 where a client asks too often."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self._buckets = Buckets(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed."""
        if scope["type"] == "http" and not self._buckets.take(client_of(scope), time.monotonic()):
            path = str(scope["path"])
            answer = error_answer(
                429, "too many requests", path, "Ask less often.", {"Retry-After": "1"}, path=path
            )
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)
