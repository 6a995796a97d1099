"""Who may hand something in, results of checks as a place or reports of others: let in, shut out, listed."""

from __future__ import annotations

import time
from pathlib import Path

from nightside.model.errors import UsageError
from nightside.model.token import Scope, Token
from nightside.store.location import open_store
from nightside.store.token_form import digest_of, new_token


def allow(store_folder: Path, name: str, scope: Scope = "checks") -> str:
    """A new token for the place, or whoever else, of this name; it is kept nowhere, only its hash.

    Raises UsageError where the name is none, or has a token that is not revoked.
    """
    token = new_token(name)
    with open_store(store_folder) as store:
        store.put_token(Token(scope, name, digest_of(token), int(time.time())))
    return token


def revoke(store_folder: Path, name: str, scope: Scope = "checks") -> None:
    """Take nothing more by the token of this name. Raises UsageError where it has none."""
    with open_store(store_folder) as store:
        if not store.revoke_token(scope, name, int(time.time())):
            raise UsageError(
                f"{name} has no token that could be revoked",
                advice=f"`nightside check --places{' --for-reports' if scope == 'reports' else ''}` lists all.",
            )


def listed(store_folder: Path, scope: Scope = "checks") -> list[Token]:
    """All tokens of this scope that were ever made, by name. Raises NightsideError where there is no store."""
    with open_store(store_folder, read_only=True) as store:
        return store.tokens(scope)
