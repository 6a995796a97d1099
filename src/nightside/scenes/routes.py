"""Who announces what: a table of IPv4 prefixes and their origins, read from a file or made up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RouteTable:
    """IPv4 prefixes and their origin AS, sorted by address and length, each prefix once."""

    hi: NDArray[np.uint64]
    """The address in the top half, host bits zero."""
    length: NDArray[np.uint8]
    origin: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.hi)


def read_routes(path: Path) -> RouteTable:
    """A table in pyasn's format, gzipped or not: `;` comments, then lines of `prefix<TAB>asn`.

    Of a prefix that stands there twice, the first line counts. Raises UnreadableError where the file cannot
    be read, InputError (with the line's number) where it is not of this format.
    """
    raise NotImplementedError


def made_up_routes(seed: int, countries: int = 120) -> RouteTable:
    """A small world: that many countries of the registries' snapshot, from 1 unit to tens of thousands."""
    raise NotImplementedError
