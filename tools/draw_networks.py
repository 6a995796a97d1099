"""Draw networks of a country for a scene: rows of a script's `operators`, ready to paste.

    tools/draw_networks.py SY 29256:70:9121,3491 6453@29256:5/24:1299 --seed 2012

Each word is ORIGIN:HOW_MANY:CHAIN,CHAIN (a chain as in a script's `via`, with "." for the space). The networks are
cut by chance, in lengths as tables have them, from addresses that both shipped maps give to the origin: the
registries put them into the country (`registry.npz`), and the AS announces them (`address_asn.npz`). With
ORIGIN@OWNER they are the addresses of the one, announced by the other; with HOW_MANY/LENGTH all are of one length.
"""

from __future__ import annotations

import argparse
import json
import sys
from ipaddress import IPv4Address, ip_network
from random import Random

import numpy as np
from numpy.typing import NDArray

from nightside.world.address_asn import asn_of_address
from nightside.world.snapshot import load

UNITS = 1 << 24
LENGTHS, WEIGHTS = (24, 23, 22, 21, 20), (50, 15, 15, 10, 10)


def announced_by(free: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(2**24,): for each /24 that is free the AS that announces it; 0 for nobody, -1 for several and elsewhere."""
    found = np.full(UNITS, -1, np.int64)
    for unit in np.flatnonzero(free).tolist():
        first, last = (asn_of_address(str(IPv4Address((unit << 8) + host))) or 0 for host in (0, 255))
        found[unit] = first if first == last else -1
    return found


def draw(free: NDArray[np.bool_], how_many: int, only: int | None, rng: Random) -> list[str]:
    """That many prefixes from the /24s that are free, which are taken from it."""
    prefixes: list[tuple[int, int]] = []
    while len(prefixes) < how_many:
        length = only or rng.choices(LENGTHS, WEIGHTS)[0]
        size = 1 << (24 - length)
        starts = np.flatnonzero(free.reshape(-1, size).all(axis=1))
        if len(starts) == 0:
            if length in (only, LENGTHS[0]):
                sys.exit(f"only {len(prefixes)} of {how_many} networks found")
            continue
        at = int(rng.choice(starts)) * size
        free[at : at + size] = False
        prefixes.append((at, length))
    return [f"{at >> 16}.{at >> 8 & 255}.{at & 255}.0/{length}" for at, length in sorted(prefixes)]


def rows(country: str, words: list[str], seed: int) -> list[dict[str, object]]:
    """The rows of `operators`."""
    snapshot = load()
    free = snapshot.ipv4 == snapshot.index_of(country)
    by = announced_by(free)
    found: list[dict[str, object]] = []
    for word in words:
        origin, how_many, chains = word.split(":")
        asn, _, owner = origin.partition("@")
        number, _, only = how_many.partition("/")
        own = free & (by == int(owner or asn))
        prefixes = draw(own, int(number), int(only) if only else None, Random(f"{seed}/{word}"))
        for prefix in prefixes:
            net = ip_network(prefix)
            first = int(net.network_address) >> 8
            free[first : first + (net.num_addresses >> 8)] = False
        via = [chain.replace(".", " ") for chain in chains.split(",")]
        found.append({"country": country, "origin": int(asn), "via": via, "prefixes": prefixes})
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("country")
    parser.add_argument("operators", nargs="+", metavar="ORIGIN:HOW_MANY:CHAINS")
    parser.add_argument("--seed", type=int, required=True)
    asked = parser.parse_args()
    found = rows(asked.country, asked.operators, asked.seed)
    print(",\n".join("    " + json.dumps(row) for row in found))


if __name__ == "__main__":
    main()
