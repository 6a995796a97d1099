"""Places that may hand in what they found: let in, shut out, listed."""

from __future__ import annotations

import time
from pathlib import Path

from nightside.model.errors import UsageError
from nightside.model.token import Scope, Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token

SCOPE: Scope = "checks"


def allow(store_folder: Path, name: str) -> str:
    """A new token for the place of this name; it is kept nowhere, only its hash.

    Raises UsageError where the name is none, or has a token that is not revoked.
    """
    token = new_token(name)
    with open_store(store_folder) as store:
        store.put_token(Token(SCOPE, name, digest_of(token), int(time.time())))
    return token


def revoke(store_folder: Path, name: str) -> None:
    """Take nothing more by the token of this place. Raises UsageError where it has none."""
    with open_store(store_folder) as store:
        if not store.revoke_token(SCOPE, name, int(time.time())):
            raise UsageError(
                f"{name} has no token that could be revoked", advice="`nightside check --places` lists all."
            )


def listed(store_folder: Path) -> list[Token]:
    """All tokens of places that were ever made, by name. Raises NightsideError where there is no store."""
    with open_store(store_folder, read_only=True) as store:
        return store.tokens(SCOPE)
