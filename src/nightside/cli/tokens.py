"""`nightside tokens`: who may write to the store through `nightside serve --agents`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from nightside.cli.store_place import StorePlace
from nightside.model.errors import UsageError
from nightside.model.instants import iso, parse
from nightside.model.token import Token


class TokenScope(StrEnum):
    """What a token allows (`model.token.Scope`)."""

    checks = "checks"
    reports = "reports"
    acknowledgements = "acknowledgements"


def command(
    allow: Annotated[
        str | None, typer.Option(metavar="NAME", help="Make a token of this name: printed this once.")
    ] = None,
    revoke: Annotated[
        str | None, typer.Option(metavar="NAME", help="Take nothing more by the token of this name.")
    ] = None,
    scope: Annotated[
        TokenScope | None, typer.Option(help="What the token allows; of the list, only these.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="T", help="With --allow: until when it is taken; else until revoked."),
    ] = None,
    store: StorePlace = None,
    json: Annotated[
        bool, typer.Option("--json", help="Each token as nightside.token/1, one a line.")
    ] = False,
) -> None:
    """List who may write through a server, and when each last did; let somebody in, or shut somebody out.

    \b
    Examples:
      nightside tokens
      nightside tokens --allow tokyo-1 --scope checks
      nightside tokens --allow newsroom --scope reports --expires 2027-01-01
      nightside tokens --allow on-call --scope acknowledgements
      nightside tokens --revoke tokyo-1 --scope checks
    """
    from nightside.cli.terminal import say
    from nightside.engine import tokens
    from nightside.store.location import default_store

    if allow is not None and revoke is not None:
        raise UsageError("--allow and --revoke exclude each other", advice="Do one after the other.")
    if expires is not None and allow is None:
        raise UsageError("--expires is for --allow", advice="Give both.")
    if json and (allow is not None or revoke is not None):
        raise UsageError("--json is for the list", advice="Leave it out, or leave out --allow and --revoke.")
    where = default_store() if store is None else store
    if allow is None and revoke is None:
        _list(tokens.listed(where, None if scope is None else scope.value), json=json)
        return
    if scope is None:
        raise UsageError(
            "no scope is named",
            advice=f"Give --scope with one of {', '.join(each.value for each in TokenScope)}.",
        )
    if allow is not None:
        until = None if expires is None else parse(expires)
        print(tokens.allow(where, allow, scope.value, expires=until))
        say(
            f"the token of {allow} for {scope.value}; it is shown this once, and only its hash is kept in {where}"
            + ("" if until is None else f"; it is taken until {iso(until)}")
        )
    elif revoke is not None:
        tokens.revoke(where, revoke, scope.value)
        say(f"nothing more is taken by the token of {revoke} for {scope.value}")


def _list(found: Sequence[Token], *, json: bool) -> None:
    if json:
        from nightside.engine.tokens import token_json
        from nightside.model.ndjson import dumps

        for token in found:
            print(dumps(token_json(token)))
        return
    if not found:
        print("nightside: nobody was ever let in", file=sys.stderr)
        return
    now, wide = time.time(), max(4, *(len(token.name) for token in found))
    print(f"{'name'.ljust(wide)}  {'scope':16}  {'made':20}  {'last used':20}  taken")
    for token in found:
        heard = "never" if token.heard is None else iso(token.heard)
        print(
            f"{token.name.ljust(wide)}  {token.scope:16}  {iso(token.made)}  {heard:20}  {_taken(token, now)}"
        )


def _taken(token: Token, now: float) -> str:
    if token.revoked is not None:
        return f"revoked {iso(token.revoked)}"
    if token.expires is None:
        return "yes"
    return f"{'until' if token.holds_at(now) else 'ran out'} {iso(token.expires)}"
