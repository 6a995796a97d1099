"""The rows of `shares_nightside.py`, on standard input, to the digest that `bench.flips` tells of the same shares."""

from __future__ import annotations

import hashlib
import sys

import numpy as np


def main() -> None:
    by_country: dict[str, list[float]] = {}
    for line in sys.stdin:
        _second, country, units, baseline = line.split()
        by_country.setdefault(country, []).append(int(units) / max(int(baseline), 1))
    digest = hashlib.sha256()
    for country, shares in by_country.items():
        digest.update(country.encode())
        digest.update(np.round(np.array(shares), 9).tobytes())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
