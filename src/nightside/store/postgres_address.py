"""The address of a catalogue on PostgreSQL, as people give it and as it may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BEGINS = ("postgresql://", "postgres://")
_HOST = r"(?:[\w.%-]*|\[[0-9A-Fa-f:.]+\])(?::\d*)?"
_SHOWN = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>[^:@/?#]*)(?::[^/?#]*)?@)?"
    rf"(?P<place>{_HOST}(?:,{_HOST})*(?:/[^@:/?#]*)?)"
    r"(?:\?.*)?"
)


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database: `postgresql://user@host:port/name`, with what else libpq takes."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Without a password, and without what stands behind a `?`, where there may be one."""
        found = _SHOWN.fullmatch(self.url)
        if found is None:
            # What is no address may have a password in any place.
            return f"{_BEGINS[0]}…"
        return (
            f"{_BEGINS[0]}{found['user']}@{found['place']}" if found["user"] else _BEGINS[0] + found["place"]
        )


def postgres_address(text: str) -> PostgresAddress | None:
    """The address that a text is; None where it is none of a database."""
    return PostgresAddress(text) if text.startswith(_BEGINS) else None
