"""Tokens put, found and revoked. All functions run within the caller's transaction."""

from __future__ import annotations

from nightside.model.errors import UsageError
from nightside.model.token import Scope, Token
from nightside.store.catalogue import Connection

_COLUMNS = "scope, name, digest, made_s, heard_s, revoked_s, expires_s"


def put(connection: Connection, token: Token) -> None:
    """See `Store.put_token`."""
    # What ran out makes room for what comes after it, and is on record as over since then.
    connection.execute(
        "UPDATE token SET revoked_s = expires_s "
        "WHERE scope = ? AND name = ? AND revoked_s IS NULL AND expires_s <= ?",
        (token.scope, token.name, token.made),
    )
    taken = connection.execute(
        "SELECT 1 FROM token WHERE scope = ? AND name = ? AND revoked_s IS NULL", (token.scope, token.name)
    ).fetchone()
    if taken:
        raise UsageError(
            f"{token.name} has a token for {token.scope} already",
            advice="Revoke it first; nobody can read it out again.",
        )
    connection.execute(
        f"INSERT INTO token ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            token.scope,
            token.name,
            token.digest,
            token.made,
            token.heard,
            token.revoked,
            token.expires,
        ),
    )


def revoke(connection: Connection, scope: Scope, name: str, at: int) -> bool:
    """See `Store.revoke_token`."""
    done = connection.execute(
        "UPDATE token SET revoked_s = ? WHERE scope = ? AND name = ? AND revoked_s IS NULL", (at, scope, name)
    )
    return done.rowcount > 0


def heard(connection: Connection, digest: bytes, at: int) -> None:
    """See `Store.note_heard`."""
    connection.execute(
        "UPDATE token SET heard_s = ? WHERE digest = ? AND (heard_s IS NULL OR heard_s < ?)", (at, digest, at)
    )


def every(connection: Connection, scope: Scope | None) -> list[Token]:
    """See `Store.tokens`."""
    where, values = ("", ()) if scope is None else ("WHERE scope = ? ", (scope,))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM token {where}ORDER BY scope, name, made_s, digest", values
    )
    return [Token(*row) for row in rows]
