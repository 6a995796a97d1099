"""What is kept of a token: whose it is and what it allows, never the token itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["checks", "reports"]
"""`checks`: hands in results of checks, as the place whose name it bears. `reports`: attaches reports to incidents."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token that was given out. Instants are seconds since the epoch."""

    scope: Scope
    name: str
    """Whose it is; of scope `checks` the place."""
    digest: bytes
    """SHA-256 of the token. That is enough for 256 bits of chance: there is nothing to guess at."""
    made: int
    heard: int | None = None
    """When it was last used, to the minute; None: never."""
    revoked: int | None = None
