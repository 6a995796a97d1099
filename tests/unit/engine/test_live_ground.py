"""Which prefixes cover a unit of somebody who is asked about, and which units are whose."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
import pytest

from nightside.engine.live.ground import covers_any, ground_of, stretches
from nightside.engine.subjects import country_subjects
from nightside.routing.prefixes import PrefixIndex
from nightside.world.snapshot import load


def columns(prefixes: list[str]) -> tuple[np.ndarray, ...]:
    networks = [ip_network(p) for p in prefixes]
    hi = [
        int(n.network_address) << (32 if n.version == 4 else 0) >> (0 if n.version == 4 else 64)
        for n in networks
    ]
    return (
        np.array(hi, np.uint64),
        np.array([n.prefixlen for n in networks], np.uint8),
        np.array([n.version for n in networks], np.uint8),
    )


# North Korea is 175.45.176.0/22 in the registry.
@pytest.mark.parametrize(
    ("prefix", "covers"),
    [
        ("175.45.176.0/22", 1),
        ("175.45.179.0/24", 1),
        ("175.45.0.0/16", 1),
        ("175.0.0.0/8", 1),
        ("174.0.0.0/7", 0),
        ("0.0.0.0/0", 0),
        ("175.45.176.0/25", 0),
        ("175.45.180.0/24", 0),
        ("175.45.175.0/24", 0),
        ("175.45.172.0/22", 0),
        ("af2d:b000::/20", 0),
    ],
)
def test_what_covers_north_korea(prefix: str, covers: int) -> None:
    subjects = country_subjects(load(), ["KP"])
    assert covers_any(*stretches(subjects), *columns([prefix]), 8).tolist() == [covers]


def test_it_is_what_counting_every_unit_gives() -> None:
    random = np.random.default_rng(5)
    subjects = country_subjects(load(), ["KP", "SY", "DE"])
    count = 20_000
    length = random.integers(0, 33, count).astype(np.uint8)
    host = (np.uint64(1) << (32 - length.astype(np.uint64))) - np.uint64(1)
    hi = (random.integers(0, 2**32, count, dtype=np.uint64) & ~host) << np.uint64(32)
    family = random.choice(np.array([4, 4, 4, 6], np.uint8), count)
    before = np.concatenate([[0], np.cumsum(subjects.entity_of_unit > 0)])
    expected = []
    for address, bits, version in zip(hi.tolist(), length.tolist(), family.tolist(), strict=True):
        first = address >> 40
        fits = version == 4 and 8 <= bits <= 24
        expected.append(int(fits and before[first + (1 << (24 - bits))] > before[first]))
    assert sum(expected) > 100
    assert covers_any(*stretches(subjects), hi, length, family, 8).tolist() == expected


@pytest.mark.parametrize("codes", [[], ["KP"], ["US", "KP", "XK"]])
def test_units_are_those_of_the_registry(codes: list[str]) -> None:
    snapshot = load()
    subjects = country_subjects(snapshot, codes)
    wanted = [snapshot.index_of(c) for c in codes] or list(range(1, len(snapshot.codes)))
    expected = np.where(np.isin(snapshot.ipv4, wanted), snapshot.ipv4, 0)
    assert np.array_equal(subjects.entity_of_unit, expected)


def test_nearby_the_map_has_the_countries_of_the_subjects_own_units_alone() -> None:
    snapshot = load()
    subjects = country_subjects(snapshot, ["KP"])
    near, far = (ground_of(snapshot, subjects, 8, near=near) for near in (True, False))
    mine = subjects.entity_of_unit > 0
    assert np.array_equal(near.unit_country[mine], far.unit_country[mine])
    assert int(np.count_nonzero(near.unit_country)) == int(mine.sum()) == 4
    index = PrefixIndex()
    hi, length, family = columns(["175.45.176.0/24", "8.8.8.0/24"])
    ids = np.zeros(2, np.uint32)
    index.intern_batch(hi, np.zeros(2, np.uint64), length, family, 2, ids)
    assert near.subject(index, 0).tolist() == far.subject(index, 0).tolist() == [1, 0]
    assert near.prefix_country(index, 0).tolist() == far.prefix_country(index, 0).tolist()
