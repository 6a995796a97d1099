"""Web addresses: those of target files, and those that a server redirects to, which may be anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

MOST_CHARS = 2_048
DEFAULT_PORTS = {"http": 80, "https": 443}
WEB_PORTS = frozenset({80, 443, 8080, 8443})
"""Where a redirect may lead, besides the target's own port: nobody makes us knock at other services' doors."""

_KEPT = "!$%&'()*+,/:;=?@[]~"  # reserved characters, and what is quoted already


class NotWebError(ValueError):
    """Not an address of http or https."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """One page, in ASCII: what stands in a request."""

    scheme: Literal["http", "https"]
    host: str
    """A name in its ASCII form (IDNA), or an address; an IPv6 address without brackets."""
    port: int
    path: str
    """With the query; at least `/`."""

    @property
    def authority(self) -> str:
        """The `Host` of a request (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def redirected(self, location: str) -> WebAddress:
        """Where `Location` leads from here (RFC 9110, section 10.2.2)."""
        try:
            return web_address(urljoin(str(self), location.strip()))
        except ValueError as error:
            raise NotWebError(str(error)) from error


def web_address(text: str) -> WebAddress:
    """Takes an address apart. A name and a password in it are dropped: we sign in nowhere.

    Raises NotWebError, in a few words.
    """
    if len(text) > MOST_CHARS:
        raise NotWebError(f"longer than {MOST_CHARS} characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotWebError(str(error)) from error
    if parts.scheme not in ("http", "https"):
        raise NotWebError(f"not http or https: {parts.scheme or text}"[:100])
    if port == 0:
        raise NotWebError("port 0")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    query = f"?{parts.query}" if parts.query else ""
    return WebAddress(
        scheme=scheme,
        host=_ascii(host),
        port=DEFAULT_PORTS[scheme] if port is None else port,
        path=quote((parts.path or "/") + query, safe=_KEPT),
    )


def _ascii(host: str) -> str:
    # The bound first: to encode a name takes time that grows with the square of its length.
    if not host or len(host) > 253:
        raise NotWebError("no host" if not host else "a host's name longer than 253 characters")
    try:
        encoded = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise NotWebError(f"not a host's name: {host[:64]!r}") from error
    if not all(c.isalnum() or c in "-._:" for c in encoded) or not encoded.isascii():
        raise NotWebError(f"not a host's name: {host[:64]!r}")
    return encoded.rstrip(".").lower()
