"""The address of a catalogue on PostgreSQL, as people give it and as it may be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

_BEGINS = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database: `postgresql://user@host:port/name`, with what else libpq takes."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Without a password, and without what stands behind a `?`, where there may be one."""
        try:
            parts = urlsplit(self.url)
        except ValueError:
            return f"{_BEGINS[0]}…"
        user, _, host = parts.netloc.rpartition("@")
        user = user.partition(":")[0]
        return f"{_BEGINS[0]}{user}@{host}{parts.path}" if user else f"{_BEGINS[0]}{host}{parts.path}"


def postgres_address(text: str) -> PostgresAddress | None:
    """The address that a text is; None where it is none of a database."""
    return PostgresAddress(text) if text.startswith(_BEGINS) else None
