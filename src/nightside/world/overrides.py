"""What a reader knows better than the registries: prefixes and ASes that are another country's, with the reasons.

The file `overrides.json` in the folder of the snapshots (docs/world.md). What holds on a day is part of the
snapshot's name, and so of every result.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from nightside.model.errors import InputError
from nightside.world.names import country_codes
from nightside.world.snapshot import Snapshot

FILE = "overrides.json"
LARGEST_BYTES = 1 << 18
LARGEST_ASN = 2**32 - 1
_COMMON = {"country", "from", "to", "reason", "source"}
_ADVICE = "See docs/world.md, Overrides. Put it right, or move it away."


@dataclass(frozen=True, slots=True)
class Override:
    """One row; `first` and `last` are /24s, or both the AS number."""

    kind: str
    """`prefix` or `asn`."""
    first: int
    last: int
    country: str
    """Empty: nobody's."""
    begin: date
    end: date
    """Inclusive."""
    row: str
    """As it stands in the file, in a fixed order of keys."""


def overridden(snapshot: Snapshot, day: date, folder: Path) -> Snapshot:
    """The snapshot with the overrides of this folder that hold on that day; itself where there are none.

    Raises InputError where the file is there and cannot be used as a whole.
    """
    holding = tuple(o for o in kept_overrides(folder) if o.begin <= day <= o.end)
    return _applied(snapshot, holding) if holding else snapshot


def kept_overrides(folder: Path) -> tuple[Override, ...]:
    """All rows of this folder's file, of whatever day; none where there is no file.

    Raises InputError where the file is there and cannot be used as a whole.
    """
    path = folder / FILE
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), advice=_ADVICE) from error
    return _kept(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=2)
def _kept(path: Path, _mtime_ns: int, size: int) -> tuple[Override, ...]:
    try:
        if size > LARGEST_BYTES:
            raise ValueError(f"larger than {LARGEST_BYTES:,} bytes")
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list):
            raise ValueError("not a list of rows")
        return read_overrides(rows)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), advice=_ADVICE) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot be used: {error}", where=str(path), advice=_ADVICE) from error


def read_overrides(rows: Sequence[Any]) -> tuple[Override, ...]:
    """The rows as overrides. ValueError names the row (from 1) that is not one, or two that overlap on a day."""
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(_override(row))
        except ValueError as error:
            raise ValueError(f"row {number}: {error}") from None
    # The file is small and written by hand: each pair is looked at.
    for (i, a), (k, b) in combinations(enumerate(found, 1), 2):
        same_place = a.kind == b.kind and a.first <= b.last and b.first <= a.last
        if same_place and a.begin <= b.end and b.begin <= a.end:
            raise ValueError(f"rows {i} and {k} overlap")
    return tuple(found)


def _override(row: Any) -> Override:
    if not isinstance(row, dict):
        raise ValueError("no object")
    kind = "asn" if "asn" in row else "prefix"
    if set(row) != _COMMON | {kind}:
        raise ValueError(f"its keys are {sorted(row)}, not {sorted(_COMMON)} and one of asn, prefix")
    for key in ("reason", "source"):
        if not isinstance(row[key], str) or not row[key].strip():
            raise ValueError(f"{key} is no text")
    country = row["country"]
    if country is not None and (not isinstance(country, str) or country not in country_codes()):
        raise ValueError(f"{country!r} is no country's code")
    begin, end = _day(row["from"], date.min), _day(row["to"], date.max)
    if end < begin:
        raise ValueError("to is before from")
    first, last = _asn(row["asn"]) if kind == "asn" else _units(row["prefix"])
    text = json.dumps(row, sort_keys=True)
    return Override(kind, first, last, country or "", begin, end, text)


def _day(value: Any, instead: date) -> date:
    if value is None:
        return instead
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no day")
    return date.fromisoformat(value)


def _asn(value: Any) -> tuple[int, int]:
    if type(value) is not int or not 0 <= value <= LARGEST_ASN:
        raise ValueError(f"{value!r} is no AS number")
    return value, value


def _units(value: Any) -> tuple[int, int]:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no prefix")
    network = ipaddress.IPv4Network(value)
    if not 8 <= network.prefixlen <= 24:
        raise ValueError(f"{value} is no /8 to /24")
    return int(network.network_address) >> 8, int(network.broadcast_address) >> 8


@lru_cache(maxsize=2)
def _applied(snapshot: Snapshot, holding: tuple[Override, ...]) -> Snapshot:
    units = snapshot.ipv4.copy()
    asns = dict(zip(snapshot.asn_numbers.tolist(), snapshot.asn_codes.tolist(), strict=True))
    for override in holding:
        code = snapshot.index_of(override.country) if override.country else 0
        if override.kind == "asn":
            asns[override.first] = code
        else:
            units[override.first : override.last + 1] = code
    starts = np.concatenate([[0], np.flatnonzero(units[1:] != units[:-1]) + 1])
    numbers = sorted(number for number, code in asns.items() if code)
    parts = {
        "ipv4_lengths": np.diff(np.append(starts, len(units))).astype(np.uint32),
        "ipv4_codes": units[starts],
        "asn_numbers": np.array(numbers, np.uint32),
        "asn_codes": np.array([asns[number] for number in numbers], np.uint16),
    }
    for array in parts.values():
        array.flags.writeable = False
    digest = hashlib.sha256("\n".join(sorted(o.row for o in holding)).encode()).hexdigest()[:8]
    said = tuple((o.first, o.last) for o in holding if o.kind == "prefix")
    return replace(snapshot, name=f"{snapshot.name} + overrides {digest}", overridden=said, **parts)
