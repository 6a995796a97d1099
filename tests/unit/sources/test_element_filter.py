"""Filters on columns, against the same question asked of Python's own address blocks."""

from __future__ import annotations

import ipaddress
import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nightside.model.elements import Kind, Peer
from nightside.model.errors import UsageError
from nightside.sources.element_filter import Block, Chosen, ElementFilter, chosen

PEERS = [Peer("192.0.2.1", 65001), Peer("2001:db8::1", 65002)]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def some_network(chance: random.Random) -> Network:
    """Few addresses and all lengths, so that many lie inside of each other."""
    if chance.random() < 0.5:
        address = chance.choice([0, 0x0A000000, 0x0A0000FF, 0xFFFFFFFF, 0xAF2DB000])
        return ipaddress.ip_network((address, chance.randrange(33)), strict=False)
    address = chance.choice([0, 0x20010DB8 << 96, (0x20010DB8 << 96) + 1, 2**128 - 1, 0xFFFF << 32])
    length = chance.choice([0, 1, 32, 48, 63, 64, 65, 96, 127, 128])
    return ipaddress.ip_network((address, length), strict=False)


def columns_of(networks: list[Network], chance: random.Random) -> Any:
    blocks = [Block.of(str(network)) for network in networks]
    n = len(blocks)
    return SimpleNamespace(
        count=n,
        time_us=np.array([chance.randrange(100) for _ in range(n)], np.int64),
        kind=np.array([chance.randrange(1, 6) for _ in range(n)], np.uint8),
        peer=np.array([chance.randrange(2) for _ in range(n)], np.uint32),
        origin=np.array([chance.choice([0, 1, 4294967295]) for _ in range(n)], np.uint32),
        prefix_hi=np.array([b.high for b in blocks], np.uint64),
        prefix_lo=np.array([b.low for b in blocks], np.uint64),
        prefix_len=np.array([b.length for b in blocks], np.uint8),
        family=np.array([b.family for b in blocks], np.uint8),
        paths=np.zeros(0, np.uint32),
    )


def picked(columns: Any, wanted: ElementFilter) -> list[int]:
    rows = wanted.rows(columns, PEERS)
    return list(range(columns.count)) if rows is None else rows.tolist()


@pytest.mark.parametrize("match", ["exact", "more", "less"])
@pytest.mark.parametrize("seed", range(5))
def test_prefixes_as_python_compares_them(match: str, seed: int) -> None:
    chance = random.Random(seed)
    networks = [some_network(chance) for _ in range(300)]
    columns = columns_of(networks, chance)
    columns.kind[:] = Kind.ANNOUNCE
    asked = [some_network(chance) for _ in range(3)]

    def is_wanted(network: Network) -> bool:
        same = [one for one in asked if one.version == network.version]
        if match == "exact":
            return network in same
        if match == "more":
            return any(network.subnet_of(one) for one in same)  # type: ignore[arg-type]
        return any(network.supernet_of(one) for one in same)  # type: ignore[arg-type]

    expected = [i for i, network in enumerate(networks) if is_wanted(network)]
    assert picked(columns, ElementFilter.of(prefixes=[str(a) for a in asked], match=match)) == expected


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ({"kinds": ["withdraw", "state"]}, lambda c, i: c.kind[i] in (2, 3)),
        ({"begin_us": 20, "end_us": 60}, lambda c, i: 20 <= c.time_us[i] < 60),
        ({"peer_asns": [65002, 7]}, lambda c, i: c.peer[i] == 1),
        ({"origins": [0, 4294967295]}, lambda c, i: c.kind[i] in (1, 4) and c.origin[i] != 1),
        ({"prefixes": ["0.0.0.0/0", "::/0"], "match": "more"}, lambda c, i: c.kind[i] in (1, 2, 4)),
        ({}, lambda _c, _i: True),
    ],
)
def test_each_word_alone_and_with_another(words: Any, holds: Any) -> None:
    chance = random.Random(7)
    columns = columns_of([some_network(chance) for _ in range(400)], chance)
    assert picked(columns, ElementFilter.of(**words)) == [i for i in range(400) if holds(columns, i)]
    both = ElementFilter.of(**({"peer_asns": [65001]} | words))
    if "peer_asns" not in words:
        expected = [i for i in range(400) if holds(columns, i) and columns.peer[i] == 0]
        assert picked(columns, both) == expected


def test_what_is_chosen_is_a_batch_of_its_own() -> None:
    chance = random.Random(1)
    columns = columns_of([some_network(chance) for _ in range(50)], chance)
    some = chosen(columns, PEERS, ElementFilter.of(peer_asns=[65001]))
    assert isinstance(some, Chosen)
    rows = np.flatnonzero(columns.peer == 0)
    assert some.count == len(rows)
    assert np.array_equal(some.prefix_hi, columns.prefix_hi[rows])
    assert some.paths is columns.paths
    assert chosen(columns, PEERS, ElementFilter()) is columns


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"prefixes": ["10.0.0.1/8"]}, "not a prefix: '10.0.0.1/8'"),
        ({"prefixes": ["everything"]}, "not a prefix"),
        ({"prefixes": "10.0.0.0/8"}, "prefixes is one word"),
        ({"match": "longer"}, "no such match: 'longer'"),
        ({"kinds": ["update"]}, "no such kind: 'update'"),
        ({"collectors": "rrc00"}, "collectors is one word"),
        ({"begin_us": 2, "end_us": 2}, "begin is not before end"),
    ],
)
def test_words_that_are_not_understood(words: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ElementFilter.of(**words)


def test_an_address_is_a_block_of_one() -> None:
    assert Block.of(" 192.0.2.1 ") == Block(0xC0000201 << 32, 0, 32, 4)
    assert Block.of("2001:db8::1") == Block(0x20010DB8 << 32, 1, 128, 6)
