"""What the registries say as of one day: the country of each /24, of IPv6 and of AS numbers.

The shipped data and where they come from: `data/README.md`; why: docs/decisions/0002. Snapshots of other days:
`nightside.world.snapshots`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One day's delegations. Index 0 of `codes` is "", nobody; what has no country there is not guessed."""

    name: str
    """For people: `registry-2026-10 (iptocc 3.3.170)`."""
    date: str
    """ISO date of the youngest registry data in it; other parts may be older, never younger."""
    codes: tuple[str, ...]
    """ISO 3166-1 alpha-2 and XK, sorted, after "" for nobody."""
    ipv4_lengths: NDArray[np.uint32]
    """How many /24s each stretch of one country has; together they are all of IPv4, from 0.0.0.0 on."""
    ipv4_codes: NDArray[np.uint8]
    """Of each stretch the index into `codes`."""
    asn_numbers: NDArray[np.uint32]
    """Sorted; the ASes that have a country."""
    asn_codes: NDArray[np.uint16]
    ipv6_first: NDArray[np.uint64]
    """High 64 bits of the first address of each range, sorted; ranges do not overlap."""
    ipv6_last: NDArray[np.uint64]
    """High 64 bits of the last address, inclusive."""
    ipv6_codes: NDArray[np.uint16]
    overridden: tuple[tuple[int, int], ...] = ()
    """(first, last) /24s of which a reader has said whose they are (`world.overrides`)."""

    @cached_property
    def _index(self) -> dict[str, int]:
        return {code: i for i, code in enumerate(self.codes)}

    def index_of(self, code: str) -> int:
        """The index of a country's code in `codes`; KeyError where it is not a country's."""
        if not code:
            raise KeyError(code)
        return self._index[code]

    def country_of_asn(self, asn: int) -> str | None:
        """The country of an AS, None where that is not known.

        In the shipped snapshot the one in which most of its addresses are registered; else the registry's own word.
        """
        at = int(np.searchsorted(self.asn_numbers, asn))
        if at == len(self.asn_numbers) or int(self.asn_numbers[at]) != asn:
            return None
        return self.codes[int(self.asn_codes[at])] or None

    def country_of_ipv4(self, slash24: int) -> str | None:
        """The country of a /24, given by the upper 24 bits of its address; None where it is nobody's."""
        starts, codes = self.ipv4_runs
        return self.codes[int(codes[np.searchsorted(starts, slash24, "right") - 1])] or None

    @cached_property
    def ipv4(self) -> NDArray[np.uint8]:
        """(2**24,), read-only: for each /24 the index into `codes`. 16 MiB, made when first asked for."""
        each = np.repeat(self.ipv4_codes, self.ipv4_lengths)
        each.flags.writeable = False
        return each

    @cached_property
    def ipv4_indices(self) -> NDArray[np.uint16]:
        """`ipv4` as wide as the numbers of entities are, read-only: 32 MiB that all who need them share."""
        each = np.repeat(self.ipv4_codes.astype(np.uint16), self.ipv4_lengths)
        each.flags.writeable = False
        return each

    @cached_property
    def ipv4_runs(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
        """(first /24, country index) of each stretch of one country; together they cover all of IPv4."""
        ends = np.cumsum(self.ipv4_lengths, dtype=np.uint64)
        return ends - self.ipv4_lengths, self.ipv4_codes.astype(np.uint16)

    @cached_property
    def ipv6_runs(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16]]:
        """(first address's high 64 bits, country index) of each stretch; together they cover all of IPv6."""
        # After each range comes nobody's stretch, unless the next range begins right there.
        after = self.ipv6_last + np.uint64(1)
        gaps = np.setdiff1d(np.concatenate([np.zeros(1, np.uint64), after]), self.ipv6_first)
        starts = np.concatenate([gaps, self.ipv6_first])
        codes = np.concatenate([np.zeros(len(gaps), np.uint16), self.ipv6_codes])
        order = np.argsort(starts, kind="stable")
        return starts[order], codes[order]


def _text(array: NDArray[np.uint8]) -> str:
    return array.tobytes().decode()


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def read(file: IO[bytes]) -> Snapshot:
    """A snapshot as `write` writes it. Its arrays are read-only, since callers share them."""
    with np.load(file) as data:
        about: dict[str, Any] = json.loads(_text(data["about"]))
        snapshot = Snapshot(
            name=about["name"],
            date=about["date"],
            codes=tuple(_text(data["codes"]).split(",")),
            ipv4_lengths=data["ipv4_lengths"],
            ipv4_codes=data["ipv4_codes"],
            asn_numbers=data["asn_numbers"],
            asn_codes=data["asn_codes"].astype(np.uint16),
            ipv6_first=data["ipv6_first"],
            ipv6_last=data["ipv6_last"],
            ipv6_codes=data["ipv6_codes"].astype(np.uint16),
        )
    for array in (
        snapshot.ipv4_lengths,
        snapshot.ipv4_codes,
        snapshot.asn_numbers,
        snapshot.asn_codes,
        snapshot.ipv6_first,
        snapshot.ipv6_last,
        snapshot.ipv6_codes,
    ):
        array.flags.writeable = False
    return snapshot


def read_about(file: IO[bytes]) -> dict[str, Any]:
    """What a snapshot says of itself: at least `name` and `date`; the countries are not read."""
    with np.load(file) as data:
        about: dict[str, Any] = json.loads(_text(data["about"]))
        return about


def write(file: IO[bytes], snapshot: Snapshot, about: Mapping[str, Any]) -> None:
    """Write a snapshot in the format of the shipped one; `about` is kept with its name and date."""
    np.savez_compressed(
        file,
        about=_bytes(json.dumps({**about, "name": snapshot.name, "date": snapshot.date})),
        codes=_bytes(",".join(snapshot.codes)),
        ipv4_lengths=snapshot.ipv4_lengths,
        ipv4_codes=snapshot.ipv4_codes,
        ipv6_first=snapshot.ipv6_first,
        ipv6_last=snapshot.ipv6_last,
        ipv6_codes=snapshot.ipv6_codes.astype(np.uint8),
        asn_numbers=snapshot.asn_numbers,
        asn_codes=snapshot.asn_codes.astype(np.uint8),
    )


@lru_cache(maxsize=1)
def load() -> Snapshot:
    """The shipped snapshot; read once."""
    with shipped() as file:
        return read(file)


def shipped() -> IO[bytes]:
    """The file of the shipped snapshot, opened."""
    return (files("nightside.world") / "data" / "registry.npz").open("rb")


def label(snapshot: Snapshot, first_day: date) -> str:
    """The snapshot as it stands in a result: `NAME, DATE`, and whether it is younger than the first day."""
    later = ", later_than_input" if date.fromisoformat(snapshot.date) > first_day else ""
    return f"{snapshot.name}, {snapshot.date}{later}"
