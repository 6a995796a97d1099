"""`nightside check --allow, --revoke, --places`: who may hand in results of checks, or reports."""

from __future__ import annotations

import sys
from pathlib import Path

from nightside.model.errors import UsageError
from nightside.model.instants import iso, iso_or_none
from nightside.model.token import Scope, Token


def look_after_places(
    folder: Path | None, allow: str | None, revoke: str | None, listed: bool, scope: Scope, *, json: bool
) -> None:
    """Do the one thing that was asked for. Raises UsageError where it was more than one."""
    from nightside.cli.terminal import say
    from nightside.engine.checks import places
    from nightside.store.location import default_folder

    if (allow is not None) + (revoke is not None) + listed > 1:
        raise UsageError(
            "--allow, --revoke and --places exclude each other", advice="Do one after the other."
        )
    if json and not listed:
        raise UsageError("--json lists places, or results", advice="Leave it out, or ask for --places.")
    where = default_folder() if folder is None else folder
    if allow is not None:
        print(places.allow(where, allow, scope))
        say(f"the token of {allow}; it is shown this once, and only its hash is kept in {where}")
    elif revoke is not None:
        places.revoke(where, revoke, scope)
        say(f"nothing more is taken by the token of {revoke}")
    else:
        _list(places.listed(where, scope), json=json)


def _list(tokens: list[Token], *, json: bool) -> None:
    if json:
        from nightside.model.ndjson import dumps

        for token in tokens:
            told = {
                "schema": "nightside.place/1",
                "name": token.name,
                "made": iso(token.made),
                "heard": iso_or_none(token.heard),
                "revoked": iso_or_none(token.revoked),
            }
            print(dumps(told))
        return
    if not tokens:
        print("nobody was ever let in", file=sys.stderr)
        return
    wide = max(len(token.name) for token in tokens)
    print(f"{'place'.ljust(wide)}  {'made':20}  {'last heard':20}  revoked")
    for token in tokens:
        heard = "never" if token.heard is None else iso(token.heard)
        print(f"{token.name.ljust(wide)}  {iso(token.made)}  {heard:20}  {iso_or_none(token.revoked) or '-'}")
