"""Tokens as text: `nightside_NAME_SECRET`, the secret 256 bits of chance in the alphabet of RFC 4648, section 5.

The prefix lets programs that look for secrets in the wrong place know one; the name lets its bearer know its own name
before anybody was asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from nightside.model.errors import UsageError
from nightside.model.token import Token

PREFIX = "nightside"
SECRET_BYTES = 32
NAME_CHARS = 63
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9.-]{{0,{NAME_CHARS - 1}}}")
_TOKEN = re.compile(rf"{PREFIX}_({_NAME.pattern})_[A-Za-z0-9_-]{{43}}")


def new_token(name: str) -> str:
    """A token that bears this name. Raises UsageError where it is none that a token can bear."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"not a name for a token: {name[:80]!r}",
            advice=f"Up to {NAME_CHARS} letters, digits, dots and hyphens, beginning with a letter or digit: tokyo-1.",
        )
    return f"{PREFIX}_{name}_{secrets.token_urlsafe(SECRET_BYTES)}"


def name_in(token: str) -> str | None:
    """The name that a token bears; None where the text is no token."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def digest_of(token: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).digest()


def known_as(token: str, kept: Iterable[Token], now: float) -> Token | None:
    """Which of these it is at this instant; what is revoked or has run out is none.

    It is compared with all of them, whole digests in constant time, whatever it is and whichever it is: how long that
    takes says neither how much of it is right, nor whether there is such a name.
    """
    digest = digest_of(token)
    found = None
    for each in kept:
        if hmac.compare_digest(each.digest, digest):
            found = each
    return found if found is not None and found.holds_at(now) else None
