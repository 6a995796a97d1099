"""The services of a country, from the stored results of checks and the stored samples; computed anew for each question.

Nothing of it is kept: what an agent hands in late changes the answer by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Any

from nightside.model.check_settings import CheckSettings
from nightside.model.services import Services
from nightside.model.settings import Settings
from nightside.signals.agreement import Routes, Seen, findings_of, settle_of
from nightside.signals.steps import Steps, add, cropped

if TYPE_CHECKING:
    from nightside.store.protocol import Store

DAY_S = 86_400
LEAD_DAYS = 2
"""So many whole days before are read too: who spoke lately, and what answered before."""

CHECKS, ROUTES = CheckSettings(), Settings()


def services_of(
    store: Store, country: str, begin: int, end: int, settings: CheckSettings = CHECKS
) -> Services | None:
    """What answered in a country within [begin, end), and what that says beside its routes.

    None where nobody checked it. `begin` and `end` are seconds since the epoch; findings that began before `begin`
    are among them where they reach into it.
    """
    import pyarrow.compute as pc

    from nightside.checks.judging import COLUMNS, judge
    from nightside.signals.answers import answers_of, latencies, service_courses

    lead = (begin // DAY_S - LEAD_DAYS) * DAY_S
    checked = store.results(country, lead, end, columns=COLUMNS)
    if not checked.num_rows:
        return None
    judged = judge(store.results("", lead, end, columns=COLUMNS), checked, settings)
    country_of = _registry(begin)
    answers = answers_of(judged, lead, end, country_of, settings)
    seen = Seen(
        country,
        answers,
        _routes(store, country, lead, end),
        lambda first, last: _traced(store, country, first, last, country_of, reached=False),
        lambda first, last: _traced(store, country, first, last, country_of, reached=True),
        settle_of(answers.places, settings),
        settings,
    )
    returns, findings = findings_of(seen)
    courses = service_courses(judged, country, begin, end)
    return Services(
        country=country,
        begin=begin,
        end=end,
        places=[replace(place, steps=cropped(place.steps, begin, end)) for place in answers.places],
        parts=[
            replace(
                part,
                steps=cropped(part.steps, begin, end),
                onsets=[(at, good) for at, good in part.onsets if begin <= at < end],
            )
            for part in answers.parts
        ],
        services=[*courses["country"], *courses["service"]],
        groups=courses["group"],
        targets=courses["target"],
        latencies=latencies(judged, country, begin, end),
        returns=[r for r in returns if r.all is None or r.all >= begin],
        findings=[f for f in findings if f.end is None or f.end >= begin],
        settings=settings.to_json(),
        reconstruction=pc.any(checked["reconstruction"]).as_py() is True,
    )


def _routes(store: Store, country: str, begin: int, end: int) -> Steps[Routes]:
    """The routes in words, from the stored samples."""
    found: Steps[Routes] = [(begin, "unknown")]
    table = store.samples("country", country, begin, end)
    for row in table.to_pylist():
        units, baseline = row["units"], row["baseline"]
        word: Routes = "unknown"
        if units is not None and baseline:
            share = units / baseline
            word = (
                "down" if share < ROUTES.severe_below else "partly" if share < ROUTES.partial_below else "up"
            )
        add(found, int(row["time"].timestamp()), word)
    return found


def _traced(
    store: Store,
    country: str,
    begin: int,
    end: int,
    country_of: Callable[[str], str | None],
    *,
    reached: bool,
) -> bool:
    """Whether a path that reached its target, or did not, was last seen inside the country."""
    import pyarrow.compute as pc

    table = store.results(country, begin, end, columns=("kind", "outcome", "facts"))
    of_kind = (pc.equal if reached else pc.not_equal)(table["outcome"], "ok")
    table = table.filter(pc.and_(pc.equal(table["kind"], "trace"), of_kind))
    ends = {json.loads(facts).get("last_address") for facts in table["facts"].to_pylist()}
    return any(isinstance(last, str) and country_of(last) == country for last in ends)


def _registry(second: int) -> Callable[[str], str | None]:
    """The country of an address, by the registry of that day. Only IPv4 is known."""
    import numpy as np

    from nightside.engine.world_of_day import world_of_day

    @lru_cache(1)
    def table() -> tuple[Any, Any]:
        snapshot = world_of_day(datetime.fromtimestamp(second, UTC).date())
        codes = np.array(snapshot.codes, dtype=object)[snapshot.ipv4_codes]
        return np.cumsum(snapshot.ipv4_lengths.astype(np.int64)), codes

    @lru_cache(4096)
    def country_of(address: str) -> str | None:
        try:
            parsed = ip_address(address)
        except ValueError:
            return None
        if not isinstance(parsed, IPv4Address):
            return None
        ends, codes = table()
        at = int(np.searchsorted(ends, int(parsed) >> 8, "right"))
        return str(codes[at]) or None if at < len(codes) else None

    return country_of
