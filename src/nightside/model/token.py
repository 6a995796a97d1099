"""What is kept of a token: whose it is and what it allows, never the token itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["checks", "reports", "acknowledgements"]
"""`checks`: hands in results of checks, as the place whose name it bears. `reports`: attaches reports to incidents.
`acknowledgements`: says that somebody has seen an incident."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

HERE = "here"
"""In place of a token's name: whoever has the store itself needs none."""


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
    expires: int | None = None
    """From when on it is taken no more; None: it does not run out."""

    def holds_at(self, now: float) -> bool:
        """Whether it is taken at this instant."""
        return self.revoked is None and (self.expires is None or now < self.expires)
