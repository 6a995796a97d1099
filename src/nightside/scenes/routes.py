"""Who announces what: a table of IPv4 prefixes and their origins, read from a file or made up."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightside.model.errors import InputError, UnreadableError, UsageError
from nightside.scenes.chance import log_uniform, stream
from nightside.world.snapshot import Snapshot, load
from nightside.world.units import units_per_country

_MADE_UP_MOST_UNITS = 30_000
_MADE_UP_LENGTHS = (24, 24, 24, 23, 22, 21, 20, 19, 18, 17, 16)
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class RouteTable:
    """IPv4 prefixes and their origin AS, sorted by address and length, each prefix once."""

    hi: NDArray[np.uint64]
    """The address in the top half, host bits zero."""
    length: NDArray[np.uint8]
    origin: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.hi)

    @classmethod
    def of(cls, hi: NDArray[np.uint64], length: NDArray[np.uint8], origin: NDArray[np.uint32]) -> RouteTable:
        """The table of these rows in any order; of a prefix that is there twice the first row counts."""
        key = hi | length
        _, first = np.unique(key, return_index=True)
        return cls(hi[first], length[first], origin[first])


def read_routes(path: Path) -> RouteTable:
    """A table in pyasn's format, gzipped or not: `;` comments, then lines of `prefix<TAB>asn`.

    Of a prefix that stands there twice, the first line counts. Raises UnreadableError where the file cannot
    be read, InputError (with the line's number) where it is not of this format.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"the routes cannot be read: {said}", where=str(path)) from None
    hi, length, origin = [], [], []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith(b";"):
            continue
        try:
            prefix, asn = line.split(b"\t")
            address, bits = prefix.split(b"/")
            a, b, c, d = address.split(b".")
            octets = (int(a), int(b), int(c), int(d))
            value = octets[0] << 24 | octets[1] << 16 | octets[2] << 8 | octets[3]
            kept = int(bits)
            if not all(0 <= o <= 255 for o in octets) or not 0 <= kept <= 32 or not 0 <= int(asn) < 1 << 32:
                raise ValueError
            if value & (0xFFFFFFFF >> kept):
                raise ValueError
        except ValueError:
            raise InputError(
                f"not an IPv4 prefix and its AS: {line[:60].decode(errors='replace')!r}",
                where=f"{path}, line {number}",
                advice="Each line is prefix, tab, AS number, as pyasn writes it; ';' begins a comment.",
            ) from None
        hi.append(value << 32)
        length.append(kept)
        origin.append(int(asn))
    if not hi:
        raise InputError("no routes", where=str(path), advice="Give a table in the format of pyasn.")
    return RouteTable.of(np.array(hi, np.uint64), np.array(length, np.uint8), np.array(origin, np.uint32))


def made_up_routes(seed: int, countries: int = 120) -> RouteTable:
    """A small world: that many countries of the registries' snapshot, from 1 unit to tens of thousands.

    Raises UsageError where the snapshot has not as many countries.
    """
    snapshot = load()
    available = np.flatnonzero(units_per_country(snapshot)[1:] > 0) + 1
    if not 1 <= countries <= len(available):
        raise UsageError(f"{countries} countries: the snapshot has {len(available)}")
    rng = stream(seed, "routes")
    chosen = np.sort(rng.choice(available, countries, replace=False))
    # A stretch of an even spread on a logarithmic scale for each, so that every world holds all sizes.
    sizes = np.exp(np.linspace(0, np.log(_MADE_UP_MOST_UNITS), countries))
    prefixes: list[tuple[int, int, int]] = []
    for country, size in zip(chosen.tolist(), rng.permutation(sizes).tolist(), strict=True):
        prefixes += _of_country(snapshot, country, max(1, round(size)), rng)
    columns = np.array(prefixes, np.uint64).reshape(-1, 3)
    return RouteTable.of(
        columns[:, 0] << np.uint64(40), columns[:, 1].astype(np.uint8), columns[:, 2].astype(np.uint32)
    )


def _of_country(
    snapshot: Snapshot, country: int, units: int, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """(first /24, length, origin) of prefixes that cover that many of the country's /24s, if it has them."""
    asns = snapshot.asn_numbers[snapshot.asn_codes == country]
    if len(asns) == 0:
        asns = np.array([64496 + country], np.uint32)
    operators = rng.choice(
        asns, min(len(asns), 1 + round(log_uniform(rng, 1, 2 + units**0.5))), replace=False
    )
    owned = np.flatnonzero(snapshot.ipv4 == country)
    found: list[tuple[int, int, int]] = []
    at, left = 0, units
    while left > 0 and at < len(owned):
        first = int(owned[at])
        length = int(rng.choice(_MADE_UP_LENGTHS))
        size = 1 << (24 - length)
        # No longer than what is left, within the country, and on its own boundary.
        while size > left or first % size or owned[min(at + size - 1, len(owned) - 1)] != first + size - 1:
            size //= 2
        found.append((first, 25 - size.bit_length(), int(rng.choice(operators))))
        at, left = at + size, left - size
    return found


def unit_range(routes_hi: NDArray[np.uint64], length: NDArray[np.uint8]) -> tuple[NDArray[np.int64], ...]:
    """First /24 of each prefix, and how many it covers (1 where it is longer than a /24)."""
    first = (routes_hi >> np.uint64(40)).astype(np.int64)
    size = np.left_shift(1, 24 - np.minimum(length, 24).astype(np.int64))
    return first, size


def as_text(hi: int, length: int) -> str:
    """`175.45.176.0/22`."""
    return str(IPv4Network((hi >> 32, length)))
