"""`nightside check CC --show`: what is known of a country's services, of stored results alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nightside.cli.zone import reader_zone, told_time
from nightside.model.errors import InputError, UsageError

if TYPE_CHECKING:
    from nightside.model.services import PartCourse, Services
    from nightside.store.location import StoreLocation

USUAL_S = 86400
"""So much of the time up to now is shown unless --from says otherwise."""
WIDE = 48


def show_services(
    code: str, begin: str | None, end: str | None, folder: StoreLocation | None, tz: str | None, *, json: bool
) -> None:
    """Print what answered in a country. Raises InputError where nobody checked it then."""
    from nightside.engine.services import services_of
    from nightside.model.instants import iso, parse
    from nightside.model.ndjson import dumps
    from nightside.store.location import default_store, open_store
    from nightside.world.names import country_name, require_country

    country, zone = require_country(code), reader_zone(tz)
    until = int(time.time()) if end is None else parse(end)
    since = until - USUAL_S if begin is None else parse(begin)
    if since >= until:
        raise UsageError(f"--from {iso(since)} is not before --to {iso(until)}", advice="Swap them.")
    where = default_store() if folder is None else folder
    with open_store(where) as store:
        found = services_of(store, country, since, until)
    if found is None:
        raise InputError(
            f"nobody checked {country_name(country)} from {iso(since)} to {iso(until)}",
            where=str(where),
            advice=f"`nightside check {country}` does; --from and --to look at another time.",
        )
    print(dumps(found.to_json()) if json else "\n".join(_lines(found, country_name(country), zone)))


def _lines(found: Services, name: str, zone: str | None) -> list[str]:
    from nightside.cli.incidents import aligned
    from nightside.model.instants import iso
    from nightside.publish.moments import Clock
    from nightside.publish.services_shown import ORDER
    from nightside.publish.services_words import caveats, finding
    from nightside.world.clocks import zone_of

    clock = Clock.of({"local_time": {"zone": zone_of(found.country)}}, zone)
    span = " to ".join(told_time(iso(second), zone) for second in (found.begin, found.end))
    rows = [["SERVICE", "TARGET", "PART", "KIND", "IP", "IS", f"SINCE ({clock.reads})", "LAST ANSWER BEFORE"]]
    rows += [
        _row(part, zone)
        for part in sorted(
            found.parts, key=lambda p: (ORDER.index(p.service), p.target.casefold(), p.part, p.family)
        )
    ]
    told = [finding(clock, found, one) for one in found.findings]
    return [
        f"{name}: what answered from {span} ({clock.reads})",
        *aligned(rows),
        "",
        *(told or ["Nothing stands out beside the routes."]),
        *caveats(found),
    ]


def _row(part: PartCourse, zone: str | None) -> list[str]:
    from nightside.model.instants import iso
    from nightside.publish.literal import one_line

    since, verdict = part.steps[-1] if part.steps else (None, "unknown")
    # Only of a step to down it is told when it last answered.
    good = dict(part.onsets).get(since) if since is not None else None
    return [
        part.service,
        one_line(part.target, WIDE),
        one_line(part.part, WIDE) or "-",
        part.kind,
        str(part.family),
        verdict,
        "-" if since is None else told_time(iso(since), zone),
        "-" if good is None else told_time(iso(good), zone),
    ]
