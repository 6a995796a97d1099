"""A small scene that the tests of this room bend to their needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nightside.scenes.benchmark import Block, plan
from nightside.scenes.routes import RouteTable, made_up_routes
from nightside.scenes.territory import Territory


@pytest.fixture
def script() -> dict[str, Any]:
    """Six hours of two made-up countries, seen by five full-feed ASes, one of them with two sessions."""
    made_up = {"assumed": True, "reason": "a test"}
    return {
        "title": "A small world",
        "note": "Made up for a test.",
        "seed": 7,
        "from": "2014-12-22T00:00Z",
        "to": "2014-12-22T06:00Z",
        "table_every_s": 7200,
        "transit": [3356, 1299, 174],
        "collectors": [
            {
                "name": "rrc00",
                "local_ipv4": "192.0.2.1",
                "local_ipv6": "2001:db8::1",
                "sessions": [
                    {"address": "192.0.2.11", "asn": 64501},
                    {"address": "192.0.2.12", "asn": 64502},
                    {"address": "192.0.2.13", "asn": 64503},
                    {"address": "192.0.2.14", "asn": 64510, "feed": 0.3},
                    {"address": "2001:db8::11", "asn": 64501},
                ],
            },
            {
                "name": "rrc01",
                "local_ipv4": "198.51.100.1",
                "local_ipv6": "2001:db8:1::1",
                "sessions": [
                    {"address": "198.51.100.11", "asn": 64501},
                    {"address": "198.51.100.12", "asn": 64504},
                    {"address": "198.51.100.13", "asn": 64505},
                    {"address": "2001:db8:1::11", "asn": 64504},
                ],
            },
        ],
        "operators": [
            {
                "country": "KP",
                "origin": 131279,
                "via": ["4837"],
                "prefixes": ["175.45.176.0/24", "175.45.177.0/24", "175.45.178.0/24", "175.45.179.0/24"],
            },
            {
                "country": "ZZ",
                "origin": 64600,
                "via": ["64599", "1299 64598"],
                "prefixes": ["10.0.0.0/20", "10.0.4.0/24", "10.1.0.0/22", "2001:db8:f000::/44"],
            },
        ],
        "happenings": [
            {
                "kind": "loss",
                "networks": "KP",
                "from": "2014-12-22T02:15:00Z",
                "to": "2014-12-22T03:46:00Z",
                "stagger_s": 5,
                **made_up,
            },
            {
                "kind": "churn",
                "from": "2014-12-22T00:00Z",
                "to": "2014-12-22T06:00Z",
                "events_per_hour": 60,
                **made_up,
            },
        ],
    }


@pytest.fixture(scope="session")
def little_routes() -> RouteTable:
    """A made-up world of the countries that have at most 64 units."""
    routes = made_up_routes(3, countries=90)
    territory = Territory(routes, 3)
    small = np.flatnonzero((territory.units > 0) & (territory.units <= 64))
    chosen = np.isin(territory.country, small[small > 0])
    return RouteTable(routes.hi[chosen], routes.length[chosen], routes.origin[chosen])


@pytest.fixture(scope="session")
def little_block(little_routes: RouteTable) -> Block:
    """Six days of the little world with outages and all noise, seen by six ASes."""
    return plan(little_routes, outages=24, quiet_days=0, seed=5, peers=6)[1]
