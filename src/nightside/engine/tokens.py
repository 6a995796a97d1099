"""Who may write to the store through a server: tokens made, revoked, listed, and when each was last used."""

from __future__ import annotations

import time
from typing import Any

from nightside.model.errors import UsageError
from nightside.model.instants import iso, iso_or_none
from nightside.model.token import HERE, Scope, Token
from nightside.store.location import StoreLocation, open_store
from nightside.store.protocol import Store
from nightside.store.token_form import digest_of, new_token

SCHEMA = "nightside.token/1"
HEARD_EVERY_S = 60
"""Its last use is known to the minute, so that not every request writes."""


def allow(store_folder: StoreLocation, name: str, scope: Scope, *, expires: int | None = None) -> str:
    """A new token of this name and scope; it is kept nowhere, only its hash. `expires`: seconds since the epoch.

    Raises UsageError where the name is none, or has a token of this scope that holds, or the end lies in the past.
    """
    if name == HERE:
        raise UsageError(f"{HERE} is whoever has the store itself", advice="Give the token another name.")
    token, now = new_token(name), int(time.time())
    if expires is not None and expires <= now:
        raise UsageError(
            f"it would have run out already: {iso(expires)}", advice="Give --expires a time to come."
        )
    with open_store(store_folder) as store:
        store.put_token(Token(scope, name, digest_of(token), now, expires=expires))
    return token


def revoke(store_folder: StoreLocation, name: str, scope: Scope) -> None:
    """Take nothing more by the token of this name and scope. Raises UsageError where there is none."""
    with open_store(store_folder) as store:
        if not store.revoke_token(scope, name, int(time.time())):
            raise UsageError(
                f"{name[:80]} has no token for {scope} that could be revoked",
                advice="`nightside tokens` lists all.",
            )


def listed(store_folder: StoreLocation, scope: Scope | None) -> list[Token]:
    """All tokens of this scope (None: of any) that were ever made. Raises NightsideError where there is no store."""
    with open_store(store_folder, read_only=True) as store:
        return store.tokens(scope)


def token_json(token: Token) -> dict[str, Any]:
    """The shape `nightside.token/1`."""
    return {
        "schema": SCHEMA,
        "name": token.name,
        "scope": token.scope,
        "made": iso(token.made),
        "expires": iso_or_none(token.expires),
        "heard": iso_or_none(token.heard),
        "revoked": iso_or_none(token.revoked),
    }


class LastUse:
    """Has the store note when a token was used, at most once a minute each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: dict[bytes, float] = {}

    def note(self, digest: bytes, now: float) -> None:
        """The token with this digest, which the store knows, was used at this instant."""
        if not 0 <= now - self._noted.get(digest, 0) < HEARD_EVERY_S:
            self._store.note_heard(digest, int(now))
            self._noted[digest] = now
