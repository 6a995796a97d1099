"""What a replay found, printed: lines of JSON for programs; for people sentences and the way to more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nightside.store.location import StoreLocation


def print_findings(
    incidents: Sequence[dict[str, Any]],
    *,
    json: bool,
    observed: str,
    store: StoreLocation,
    zone: str | None = None,
    language: str = "en",
    blank: bool = False,
) -> None:
    """The incidents to standard output, in words with times in the zone; what was looked at to standard error.

    `blank`: the input has no network of any that was asked for. That is not to be told as no outage.
    """
    if json:
        from nightside.engine.shown import shown_whole
        from nightside.model.ndjson import dumps
        from nightside.store.location import open_store

        with open_store(store, read_only=True) as opened:
            for incident in shown_whole(opened, incidents):
                print(dumps(incident))
        return
    from nightside.cli.incidents import print_incidents
    from nightside.publish.named import named_in
    from nightside.publish.words import sentence

    if not incidents:
        print("Nothing is known: no network was seen." if blank else "No outage and no instability.")
    for incident in incidents:
        print(sentence(named_in(incident, language), zone))
        print()
    if incidents:
        print_incidents(incidents, zone, language)
    print(f"\nnightside: {observed} Kept in {store}: `nightside show ID` tells more.", file=sys.stderr)
