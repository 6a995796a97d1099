"""Why: what the store holds of one incident and around it, put before the rules, whenever the incident is shown.

It depends on what else is stored (results of checks that come late, other countries, the history), which an incident
may not: so it is filled in when somebody looks, like the history, and never kept.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightside.diagnosis.rules import evidence_of
from nightside.diagnosis.scores import diagnosis_of
from nightside.diagnosis.stored import Beside, Other, Stored, Stranger
from nightside.diagnosis.weights import weights_of
from nightside.model.diagnosis import Diagnosis
from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries

if TYPE_CHECKING:
    from nightside.store.protocol import Store

AROUND_S = 600
"""Who fell so long before or after fell at that time."""
DAYS = 10
DAY_S = 86_400
HALF_A_DAY_S = 43_200
SAMPLED = 24
"""Of other countries, those that fell and so many more are looked at, evenly taken from all that are stored."""
BEFORE_S = 3600
"""A stranger that announced its space so long before the loss belongs to it."""

Json = dict[str, Any]


def own_weights() -> Path | None:
    """The table that NIGHTSIDE_WEIGHTS names in place of the shipped one."""
    named = os.environ.get("NIGHTSIDE_WEIGHTS")
    return Path(named) if named else None


def diagnosed(store: Store, incident: Json, series: IncidentSeries) -> Json:
    """The incident with its `causes`, its `diagnosis` and the version of the rules.

    `incident` is best told with its history first, and `series` with its services: what is lacking there is unknown
    to the rules. Raises InputError where a table of one's own does not fit the rules.
    """
    found = diagnose(store, incident, series, own_weights())
    return {
        **incident,
        "causes": [cause.to_json() for cause in found.causes],
        "diagnosis": found.to_json(),
        "rules_version": found.rules_version,
    }


def diagnose(store: Store, incident: Json, series: IncidentSeries, weights: Path | None = None) -> Diagnosis:
    """The evidence, and what it speaks for: a pure function of what is stored and of the weights."""
    return diagnosis_of(evidence_of(stored_of(store, incident, series)), weights_of(weights))


def stored_of(store: Store, incident: Json, series: IncidentSeries) -> Stored:
    """All that the rules may look at."""
    onset = parse_iso(incident["onset"])
    beside = _beside(store, incident, onset)
    return Stored(
        incident=incident,
        series=series,
        others=_others(store, incident, onset),
        beside=beside,
        days=_days(store, incident, onset),
        strangers=_strangers(store, incident, onset),
    )


def _beside(store: Store, incident: Json, onset: int) -> list[Beside]:
    found = []
    for other in store.incidents(begin=onset - AROUND_S, end=onset + AROUND_S, summaries=True):
        if other["entity"] == incident["entity"] or other["closed_as"] == "withdrawn":
            continue
        fell = [parse_iso(e["onset"]) for e in other["episodes"]]
        near = [at for at in fell if abs(at - onset) <= AROUND_S]
        if near and not _same_networks(other, incident):
            asns = tuple(u["asn"] for u in other["upstreams"] if (u["before"] or 0) > 0)
            found.append(Beside(other["id"], min(near), asns))
    return found


def _same_networks(other: Json, incident: Json) -> bool:
    """Whether one of the two is an operator of the other: then it is the same outage told twice."""
    first, second = other["entity"], incident["entity"]
    if "asn" not in (first["type"], second["type"]):
        return False
    own = {str(asn) for n in incident["networks"] for asn in n["origin_asns"]}
    return first["code"] in own if first["type"] == "asn" else True


def _others(store: Store, incident: Json, onset: int) -> list[Other]:
    entity = incident["entity"]
    carriers = {str(u["asn"]) for u in incident["upstreams"] if u["before"]}
    begin, end = onset - AROUND_S, onset + AROUND_S
    watched = [
        state
        for state in store.entities()
        if state.first_s <= begin
        and state.last_s >= end
        and (state.type, state.code) != (entity["type"], entity["code"])
    ]
    countries = [state.code for state in watched if state.type == "country"]
    fell = {
        i["entity"]["code"] for i in store.incidents(type="country", begin=begin, end=end, summaries=True)
    }
    step = max(1, len(countries) // SAMPLED)
    asked = [code for i, code in enumerate(countries) if code in fell or i % step == 0]
    asns = [state.code for state in watched if state.type == "asn" and state.code in carriers]
    return [
        _other(store, type_, code, begin, end, onset)
        for type_, codes in (("country", asked), ("asn", asns))
        for code in codes
    ]


def _other(store: Store, type_: str, code: str, begin: int, end: int, onset: int) -> Other:
    rows = store.samples(type_, code, begin, end).to_pylist()
    if not rows or any(r["quality"] != "known" or not r["baseline"] for r in rows):
        return Other(type_, code, None, onset)
    shares = [(r["units"] / r["baseline"], int(r["time"].timestamp())) for r in rows]
    lowest, at = min(shares)
    return Other(type_, code, lowest, at if lowest < shares[0][0] else onset)


def _days(store: Store, incident: Json, onset: int) -> int:
    """On how many days but its own most was seen of it."""
    entity = incident["entity"]
    known: dict[int, int] = {}
    first, last = onset - DAYS * DAY_S, onset + DAYS * DAY_S
    for row in store.rollup(entity["type"], entity["code"], first, last).to_pylist():
        day = (int(row["time"].timestamp()) - onset + HALF_A_DAY_S) // DAY_S
        known[day] = known.get(day, 0) + 3600 - row["unknown_s"]
    return sum(1 for day, seen in known.items() if day != 0 and seen >= HALF_A_DAY_S)


def _strangers(store: Store, incident: Json, onset: int) -> list[Stranger] | None:
    """Origins in the flips that were none of its own, and how many peer ASes followed them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    flips = store.flips(incident["id"])
    own = {asn for network in incident["networks"] for asn in network["origin_asns"]}
    if flips is None or not own:
        return None
    last = None if incident["end"] is None else parse_iso(incident["end"]) + AROUND_S
    followed: dict[tuple[int, str], tuple[int, set[int]]] = {}
    for batch in flips:
        strange = pc.and_(
            pc.is_in(batch["kind"].cast(pa.string()), pa.array(["gained", "rerouted"])),
            pc.invert(pc.is_in(batch["origin"], pa.array(sorted(own), pa.uint32()))),
        )
        for row in batch.filter(strange).to_pylist():
            at = int(row["time"].timestamp())
            if row["origin"] is None or at < onset - BEFORE_S or (last is not None and at > last):
                continue
            first, peers = followed.get((row["origin"], row["prefix"]), (at, set()))
            followed[row["origin"], row["prefix"]] = min(first, at), peers | {row["peer_asn"]}
    return [
        Stranger(asn, prefix, at, len(peers))
        for (asn, prefix), (at, peers) in sorted(followed.items(), key=lambda i: (i[1][0], i[0]))
    ]
