"""Results as the store gives them, judged: the health of the places, and the verdict on every part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nightside.checks.place import Places, health
from nightside.checks.quorum import spoken, verdicts
from nightside.checks.rounds import Series, series_of
from nightside.checks.spans import Bool, Int64, Spans
from nightside.checks.wholes import of_each_part
from nightside.model.check import SERVICE_OF, SOMEBODY_ANSWERED, TELLS_NOTHING, Family, Kind, Service
from nightside.model.check_settings import CheckSettings
from nightside.model.services import OVER_IPV6

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "at",
    "place",
    "target",
    "group",
    "kind",
    "part",
    "family",
    "address",
    "outcome",
    "total_ms",
    "reconstruction",
)
"""What is needed of results."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a verdict is of."""

    target: str
    kind: Kind
    part: str
    family: Family
    group: str
    """As of its last result."""
    address: str | None
    """The last that was spoken to."""

    @property
    def service(self) -> Service:
        """What people would call it."""
        return SERVICE_OF[self.kind]


@dataclass(frozen=True, slots=True)
class Told:
    """The results that tell something, as columns; numbers of places, and of series and parts in stated orders."""

    at: Int64
    place: Int64
    part: Int64
    parts: list[Part]
    ok: Bool
    answered: Bool
    total_ms: npt.NDArray[np.float64]
    """NaN where it is not known."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that the results of a country say, by number of place and part."""

    places: list[str]
    """As `line_of` calls them."""
    parts: list[Part]
    """In the order of target, kind, part, family."""
    told: Told
    part_of: Int64
    """The part of each series."""
    health: Places
    rows: Series
    """Those that count."""
    rounds: Int64
    """By place: the middle of the rounds of its last day, in milliseconds."""
    verdict: Spans
    """By part: is it as it should be."""
    alive: Spans
    """By part: does anything answer, if only to refuse."""


def judge(canaries: pa.Table, checked: pa.Table, settings: CheckSettings) -> Judged:
    """The judgement on results of a country beside those of canaries (`Store.results` with COLUMNS), in any order."""
    places = sorted({line for table in (canaries, checked) for line in _lines(table)})
    watched = told_of(canaries, places)
    told = of_each_part(told_of(checked, places), settings.spoke_lately_s * 1000)
    network = {name: n for n, name in enumerate(sorted({part.target for part in watched.parts}))}
    canary_rows, canary_part = _series(watched, settings)
    rows, part_of = _series(told, settings)
    network_of_part = np.array([network[p.target] for p in watched.parts], np.int64)
    found = health(
        canary_rows, network_of_part[canary_part] if len(canary_part) else canary_part, rows, settings
    )
    counting = spoken(rows, found.speaking)
    return Judged(
        places,
        told.parts,
        told,
        part_of,
        found,
        counting,
        _rounds(rows, len(places)),
        verdicts(counting, counting.ok, part_of, found.speaking, settings),
        verdicts(counting, counting.answered, part_of, found.speaking, settings),
    )


def _lines(table: pa.Table) -> set[str]:
    """The places of a table, each family on its own: a line may fail for one of them alone."""
    pairs = table.group_by(["place", "family"]).aggregate([]).to_pylist()
    return {line_of(pair["place"], pair["family"]) for pair in pairs}


def line_of(place: str, family: int) -> str:
    """What a place is called as far as it checks over one family: its own name, or `berlin (IPv6)`."""
    return place if family == 4 else f"{place}{OVER_IPV6}"


def _series(told: Told, settings: CheckSettings) -> tuple[Series, Int64]:
    """The rows by series, and the part of each series."""
    many = max(len(told.parts), 1)
    pairs, series = np.unique(told.place * many + told.part, return_inverse=True)
    return (
        series_of(series.astype(np.int64), told.at, told.ok, told.answered, pairs // many, settings),
        pairs % many,
    )


def _rounds(rows: Series, places: int) -> Int64:
    found = np.zeros(places, np.int64)
    for place in range(places):
        mine = np.flatnonzero(rows.place == place)
        if len(mine):
            lately = mine[rows.at[mine] > rows.at[mine].max() - 86_400_000]
            found[place] = int(np.median(rows.round[lately]))
    return found


def told_of(table: pa.Table, places: list[str]) -> Told:
    """The columns of a table of results, without what tells nothing."""
    outcome, words = codes_of(table["outcome"])
    tells = _among(outcome, [w not in TELLS_NOTHING for w in words])
    table = table.filter(tells)
    outcome = outcome[tells]
    at = _milliseconds(table["at"])
    columns = [codes_of(table[name]) for name in ("target", "kind", "part")]
    family = table["family"].to_numpy().astype(np.int64)
    place, names = codes_of(table["place"])
    number = {name: n for n, name in enumerate(places)}
    # Of a family that nobody has there is no number, and no row asks for it.
    by_family = [[number.get(line_of(name, version), -1) for name in names] for version in (4, 6)]
    place = np.array(by_family, np.int64)[(family == 6).astype(np.int64), place]
    code = np.zeros(len(at), np.int64)
    for numbers, values in columns:
        code = code * max(len(values), 1) + numbers
    code = code * 8 + family
    known, part = np.unique(code, return_inverse=True)
    part = part.astype(np.int64)
    last = np.zeros(len(known), np.int64)
    order = np.argsort(at, kind="stable")
    last[part[order]] = order
    rows = table.take(last).to_pylist() if len(last) else []
    addresses = _last_addresses(table, part, order, len(known))
    parts = [
        Part(r["target"], r["kind"], r["part"], r["family"], r["group"], a)
        for r, a in zip(rows, addresses, strict=True)
    ]
    ranks = sorted(
        range(len(parts)), key=lambda i: (parts[i].target, parts[i].kind, parts[i].part, parts[i].family)
    )
    place_of = np.zeros(len(parts), np.int64)
    place_of[ranks] = np.arange(len(parts))
    ok = _among(outcome, [w == "ok" for w in words])
    answered = _among(outcome, [w in SOMEBODY_ANSWERED for w in words])
    total_ms = table["total_ms"].cast("float64").fill_null(float("nan")).to_numpy()
    return Told(at, place, place_of[part], [parts[i] for i in ranks], ok, answered, total_ms)


def _among(numbers: Int64, chosen: list[bool]) -> Bool:
    return np.array(chosen, bool)[numbers] if len(numbers) else np.zeros(0, bool)


def _last_addresses(table: pa.Table, part: Int64, order: Int64, parts: int) -> list[str | None]:
    known = np.asarray(table["address"].is_valid())[order]
    last = np.full(parts, -1, np.int64)
    last[part[order][known]] = order[known]
    column = table["address"]
    return [None if i < 0 else column[i].as_py() for i in last.tolist()]


def codes_of(column: Any) -> tuple[Int64, list[str]]:
    """A column of words as numbers, and the word of each number."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    if not column.num_chunks:
        return np.zeros(0, np.int64), []
    numbers = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in column.chunks])
    return numbers.astype(np.int64), column.chunk(0).dictionary.to_pylist()


def _milliseconds(column: Any) -> Int64:
    import pyarrow as pa

    return np.asarray(column.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy(), np.int64)
