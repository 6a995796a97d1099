"""What is to be done with a batch after what the server answered, and where a server may be at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from nightside.model.errors import UsageError
from nightside.model.handed_in import SCHEMA

ROUTE = "/api/1/checks"
LONGEST_WAIT_S = 3_600.0
"""Of what a server may ask for in Retry-After."""
WHY_CHARS = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a batch's answer means."""

    then: Literal["taken", "refused", "smaller", "again"]
    """taken: all was looked at; refused: for good; smaller: fewer at a time; again: later, the same."""
    why: str = ""
    """In words, of what was not taken."""
    at_s: float | None = None
    """The server's clock, where it says."""
    is_usual: bool = False
    """Put off as whoever has much to hand in is put off: nothing to be told of unless it lasts."""
    wait_s: float = 0.0
    """At least so long until the next attempt."""


def address_of(url: str) -> str:
    """Where results go for this server: https, or http to this machine. Raises UsageError where it may not be."""
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))
    if not host or not secure or parts.username is not None or parts.query or parts.fragment:
        raise UsageError(
            f"not an address that results may go to: {url[:200]!r}",
            advice="Give one such as https://nightside.example; http is for this machine alone.",
        )
    return url.strip().rstrip("/") + ROUTE


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def verdict(status: int, headers: Mapping[str, str], content: bytes, count: int) -> Verdict:
    """Of an answer to so many lines. What does not answer like our server has taken nothing."""
    said = _object(content)
    if status == 200:
        return _of_taken(said, count)
    wait_s = retry_after(headers.get("retry-after"))
    error = said.get("error")
    ours = isinstance(error, dict)
    words = f"answers {status}" + (f": {_words(error.get('what'))}" if isinstance(error, dict) else "")
    if status == 401:
        return Verdict(
            "again", f"{words}: the token is wrong or revoked; results are kept here", wait_s=wait_s
        )
    if status == 413 and (ours or count > 1):
        return Verdict("smaller", words)
    if status == 422 and ours:
        return Verdict(
            "refused", f"{words} ({_words(error.get('where'))})" if isinstance(error, dict) else words
        )
    if status in (404, 405):
        words += ": nobody takes results there (it needs `nightside serve --agents`)"
    elif 300 <= status < 400:
        words += ": redirects are not followed"
    return Verdict("again", words, wait_s=wait_s, is_usual=status == 429)


def _of_taken(said: Mapping[str, Any], count: int) -> Verdict:
    numbers = [said.get(key) for key in ("taken", "known", "refused_count")]
    if said.get("schema") != SCHEMA or not all(isinstance(n, int) for n in numbers):
        return Verdict("again", "answers 200, but is no Nightside: is there a portal or a proxy in between?")
    if sum(n for n in numbers if n is not None) != count:
        return Verdict("again", "answers for another number of results than it was sent")
    at = said.get("at")
    why = ""
    if numbers[2]:
        refused = said.get("refused")
        first = refused[0] if isinstance(refused, list) and refused and isinstance(refused[0], dict) else {}
        why = f"{numbers[2]:,} results refused for good: {_words(first.get('why'))}"
    return Verdict("taken", why, _instant(at))


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(said: object) -> str:
    """A server's words on one line, bounded."""
    return "".join(c if c.isprintable() else " " for c in str(said))[:WHY_CHARS]


def _instant(said: object) -> float | None:
    try:
        return datetime.fromisoformat(str(said)).timestamp()
    except ValueError:
        return None


def retry_after(said: str | None) -> float:
    """Seconds of a Retry-After (RFC 9110, 10.2.3), at most `LONGEST_WAIT_S`; 0 where it says nothing."""
    if not said:
        return 0.0
    try:
        seconds = float(said) if said.strip().isdigit() else _until(parsedate_to_datetime(said))
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def _until(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - datetime.now(
        UTC
    ).timestamp()
